package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.Filter;
import java.io.File;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

class TomcatAdoptionTest extends ContainerAdoptionContract {

  private final Tomcat tomcat = new Tomcat();

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
        (classes, servletContext) -> ContainerSite.install(servletContext, sessions, adoption),
        null);
    tomcat.start();
    return tomcat.getConnector().getLocalPort();
  }

  @Override
  void stopServers() throws Exception {
    tomcat.stop();
    tomcat.destroy();
  }
}
