package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import jakarta.servlet.Filter;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

class JwtCookieJettyTest extends JwtCookieContract {

  private final List<Server> servers = new ArrayList<>();

  @Override
  int startServer(SessionManager sessions, Filter exchange) throws Exception {
    Server server = new Server(0);
    servers.add(server);
    ServletContextHandler context = new ServletContextHandler("/", true, false);
    context.addServletContainerInitializer(
        (classes, servletContext) -> ContainerSite.install(servletContext, sessions, exchange));
    server.setHandler(context);
    server.start();
    return ((ServerConnector) server.getConnectors()[0]).getLocalPort();
  }

  @Override
  void stopServers() throws Exception {
    for (Server server : servers) {
      server.stop();
    }
  }
}
