package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import jakarta.servlet.Filter;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

class JwtCookieTomcatTest extends JwtCookieContract {

  private final List<Tomcat> servers = new ArrayList<>();

  @Override
  int startServer(SessionManager sessions, Filter exchange) throws Exception {
    Tomcat tomcat = new Tomcat();
    servers.add(tomcat);
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) -> ContainerSite.install(servletContext, sessions, exchange),
        null);
    tomcat.start();
    return tomcat.getConnector().getLocalPort();
  }

  @Override
  void stopServers() throws Exception {
    for (Tomcat tomcat : servers) {
      tomcat.stop();
      tomcat.destroy();
    }
  }
}
