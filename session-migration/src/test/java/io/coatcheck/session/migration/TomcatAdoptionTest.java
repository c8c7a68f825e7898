package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.Filter;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.catalina.Context;
import org.apache.catalina.session.StandardManager;
import org.apache.catalina.session.StandardSession;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.Test;

class TomcatAdoptionTest extends ContainerAdoptionContract {

  private final Tomcat tomcat = new Tomcat();
  private volatile boolean fails;
  private volatile boolean isDown;

  /** What the container does before it ends a session. */
  private final AtomicReference<Runnable> ends = new AtomicReference<>(() -> {});

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

          @Override
          protected StandardSession getNewSession() {
            return new StandardSession(this) {
              private static final long serialVersionUID = 1L;

              @Override
              public void invalidate() {
                ends.get().run();
                super.invalidate();
              }
            };
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

  /** The record of the adoption is made by then, so it cannot be undone. */
  @Test
  void oldSessionThatCannotBeEnded_costsNoLogin_andIsRetried() throws Exception {
    List<RuntimeException> failures =
        List.of(
            new UncheckedIOException(new IOException("the container's store is down")),
            new IllegalStateException("from a listener of the application"));
    for (RuntimeException failure : failures) {
      String old = oldLogin("alice");
      fail(failure);
      ContainerSite.Answer first = get("/", old);
      assertThat(first.body()).isEqualTo("alice");
      String both = first.cookie(OURS) + "; " + old;
      clock.advance(Duration.ofSeconds(10));
      assertThat(get("/", both).body()).as("beside ours").isEqualTo("alice");
      assertThat(get("/old/user", old).body()).as("the old session is left").isEqualTo("alice");
      ends.set(() -> {});
      assertThat(get("/", both).body()).isEqualTo("alice");
      assertThat(get("/old/user", old).body()).as("retried too soon").isEqualTo("alice");
      clock.advance(Duration.ofSeconds(10));
      assertThat(get("/", both).body()).isEqualTo("alice");
      assertThat(get("/old/user", old).body()).as("the old session has ended").isEqualTo("null");
    }
    assertThat(bridge.counts().accepted()).isEqualTo(2);
    assertThat(bridge.counts().failed()).isZero();
  }

  @Test
  void oldSessionThatCannotBeEnded_opensNothing_afterTheLogout() throws Exception {
    String old = oldLogin("alice");
    fail(new UncheckedIOException(new IOException("the container's store is down")));
    get("/logout", get("/", old).cookie(OURS) + "; " + old);
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    ends.set(() -> {});
    clock.advance(Duration.ofSeconds(10));
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    assertThat(get("/old/user", old).body()).as("the old session has ended").isEqualTo("null");
  }

  private void fail(RuntimeException failure) {
    ends.set(
        () -> {
          throw failure;
        });
  }
}
