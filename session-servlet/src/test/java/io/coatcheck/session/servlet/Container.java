package io.coatcheck.session.servlet;

import jakarta.servlet.DispatcherType;
import java.io.File;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.eclipse.jetty.ee11.servlet.ErrorPageErrorHandler;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * The containers that every test runs in. Each is started once and serves one {@link Site} after
 * the other.
 */
enum Container {
  TOMCAT {
    @Override
    int start(Switchboard switchboard) throws Exception {
      Logger.getLogger("org.apache").setLevel(Level.OFF);
      Tomcat tomcat = new Tomcat();
      tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
      tomcat.setPort(0);
      tomcat.getConnector().setProperty("maxKeepAliveRequests", "-1");
      Context context = tomcat.addContext("", null);
      context.addServletContainerInitializer(
          (classes, servletContext) -> servletContext.addListener(switchboard.listener()), null);
      Wrapper servlet = Tomcat.addServlet(context, "app", switchboard.servlet());
      servlet.setAsyncSupported(true);
      servlet.addMapping("/*");
      FilterDef definition = new FilterDef();
      definition.setFilterName("sessions");
      definition.setFilter(switchboard.filter());
      definition.setAsyncSupported("true");
      context.addFilterDef(definition);
      FilterMap mapping = new FilterMap();
      mapping.setFilterName("sessions");
      mapping.addURLPattern("/*");
      for (DispatcherType type : DispatcherType.values()) {
        mapping.setDispatcher(type.name());
      }
      context.addFilterMap(mapping);
      ErrorPage page = new ErrorPage();
      page.setLocation(Site.ERROR_PAGE);
      context.addErrorPage(page);
      tomcat.start();
      return tomcat.getConnector().getLocalPort();
    }
  },

  JETTY {
    @Override
    int start(Switchboard switchboard) throws Exception {
      Server server = new Server();
      ServerConnector connector = new ServerConnector(server);
      server.addConnector(connector);
      ServletContextHandler context = new ServletContextHandler("/");
      context.addServletContainerInitializer(
          (classes, servletContext) -> servletContext.addListener(switchboard.listener()));
      ServletHolder holder = new ServletHolder(switchboard.servlet());
      holder.setAsyncSupported(true);
      context.addServlet(holder, "/*");
      FilterHolder filter = new FilterHolder(switchboard.filter());
      filter.setAsyncSupported(true);
      context.addFilter(filter, "/*", EnumSet.allOf(DispatcherType.class));
      ErrorPageErrorHandler errors = new ErrorPageErrorHandler();
      errors.addErrorPage(ErrorPageErrorHandler.GLOBAL_ERROR_PAGE, Site.ERROR_PAGE);
      context.setErrorHandler(errors);
      server.setHandler(context);
      server.start();
      return connector.getLocalPort();
    }
  };

  /** A container that runs, and what it serves. */
  record Running(int port, Switchboard switchboard) {}

  private static final Map<Container, Running> RUNNING = new EnumMap<>(Container.class);

  abstract int start(Switchboard switchboard) throws Exception;

  Running running() {
    synchronized (RUNNING) {
      return RUNNING.computeIfAbsent(
          this,
          container -> {
            Switchboard switchboard = new Switchboard();
            try {
              return new Running(container.start(switchboard), switchboard);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }
}
