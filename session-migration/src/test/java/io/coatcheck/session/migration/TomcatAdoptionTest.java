package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.Filter;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.catalina.Context;
import org.apache.catalina.session.StandardManager;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.Test;

class TomcatAdoptionTest extends ContainerAdoptionContract {

  private final Tomcat tomcat = new Tomcat();
  private volatile boolean fails;
  private volatile boolean isDown;

  @Override
  SessionStore store() {
    return InMemorySessionStore.builder().build();
  }

  @Override
  int startServer(SessionManager sessions, Filter adoption) throws Exception {
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) ->
            ContainerSite.install(servletContext, sessions, failing(adoption)),
        null);
    context.setManager(
        new StandardManager() {
          @Override
          public org.apache.catalina.Session findSession(String id) throws IOException {
            if (isDown) {
              throw new UncheckedIOException(new IOException("the container's store is down"));
            }
            return super.findSession(id);
          }
        });
    tomcat.start();
    return tomcat.getConnector().getLocalPort();
  }

  /** The container's store fails from the bridge on: Tomcat itself asks it before all filters. */
  private Filter failing(Filter adoption) {
    return (request, response, chain) -> {
      isDown = fails;
      try {
        adoption.doFilter(request, response, chain);
      } finally {
        isDown = false;
      }
    };
  }

  @Override
  void stopServers() throws Exception {
    tomcat.stop();
    tomcat.destroy();
  }

  @Test
  void failingStoreOfTheContainer_is503_andTheOldSessionStaysGood() throws Exception {
    String old = oldLogin("alice");
    fails = true;
    ContainerSite.Answer failed = get("/", old);
    assertThat(failed.status()).isEqualTo(503);
    assertThat(failed.cookies()).isEmpty();
    assertThat(bridge.counts().failed()).isEqualTo(1);
    fails = false;
    assertThat(get("/", old).body()).isEqualTo("alice");
  }
}
