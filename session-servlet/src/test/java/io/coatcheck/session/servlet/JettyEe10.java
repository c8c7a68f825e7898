package io.coatcheck.session.servlet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletContextListener;
import java.nio.file.Path;
import java.util.EnumSet;
import org.eclipse.jetty.ee10.servlet.DefaultServlet;
import org.eclipse.jetty.ee10.servlet.ErrorPageErrorHandler;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.ee10.websocket.servlet.WebSocketUpgradeFilter;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Jetty with its ee10; the same as {@link JettyEe11}, whose classes have other names. */
final class JettyEe10 {

  private JettyEe10() {}

  static int start(SiteRouter switchboard) throws Exception {
    Server server = new Server();
    HttpConfiguration http = new HttpConfiguration();
    ServerConnector connector =
        new ServerConnector(
            server, new HttpConnectionFactory(http), new HTTP2CServerConnectionFactory(http));
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/", true, false);
    context.addServletContainerInitializer(
        (classes, servletContext) -> servletContext.addListener(switchboard.listener()));
    ServletHolder holder = new ServletHolder(switchboard.servlet());
    holder.setAsyncSupported(true);
    context.addServlet(holder, "/*");
    ServletHolder files = new ServletHolder(new DefaultServlet());
    files.setInitParameter("pathInfoOnly", "true");
    files.setInitParameter("baseResource", Container.files().toUri().toString());
    context.addServlet(files, "/files/*");
    JakartaWebSocketServletContainerInitializer.configure(
        context, (servletContext, container) -> SocketEndpoint.add(container, switchboard));
    FilterHolder filter = new FilterHolder(switchboard.filter());
    filter.setAsyncSupported(true);
    context.addFilter(filter, "/*", EnumSet.allOf(DispatcherType.class));
    // By itself, Jetty would put it before all others, where a handshake passes the sessions by.
    FilterHolder upgrade = new FilterHolder(WebSocketUpgradeFilter.class);
    upgrade.setName(WebSocketUpgradeFilter.class.getName());
    context.addFilter(upgrade, "/*", EnumSet.of(DispatcherType.REQUEST));
    ErrorPageErrorHandler errors = new ErrorPageErrorHandler();
    errors.addErrorPage(ErrorPageErrorHandler.GLOBAL_ERROR_PAGE, Site.ERROR_PAGE);
    context.setErrorHandler(errors);
    server.setHandler(context);
    server.start();
    return connector.getLocalPort();
  }

  /** Starts one that serves a directory by its own servlet, behind these filters. */
  static Server serveFiles(Path directory, String welcomeFile, Filter... filters) throws Exception {
    Server server = new Server(0);
    ServletContextHandler context = new ServletContextHandler("/", true, false);
    context.setBaseResourceAsPath(directory);
    context.setWelcomeFiles(new String[] {welcomeFile});
    context.addServlet(new ServletHolder(new DefaultServlet()), "/");
    for (Filter filter : filters) {
      EnumSet<DispatcherType> types =
          filter instanceof SessionFilter
              ? EnumSet.of(DispatcherType.REQUEST, DispatcherType.FORWARD)
              : EnumSet.of(DispatcherType.REQUEST);
      context.addFilter(new FilterHolder(filter), "/*", types);
    }
    server.setHandler(context);
    server.start();
    return server;
  }

  /** Starts one whose filters and servlets are added by a listener. */
  static Server start(ServletContextListener listener) throws Exception {
    Server server = new Server(0);
    ServletContextHandler context = new ServletContextHandler("/", true, false);
    context.addEventListener(listener);
    server.setHandler(context);
    server.start();
    return server;
  }
}
