package io.coatcheck.session.servlet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpSession;
import java.io.File;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;

/**
 * The containers that every test runs in: Tomcat 11 and Jetty's ee11, or, where the class path has
 * Servlet 6.0, Tomcat 10.1 and Jetty's ee10. Each is started once and serves one {@link Site} after
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
      tomcat.getConnector().addUpgradeProtocol(new Http2Protocol());
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
      return isServlet61() ? JettyEe11.start(switchboard) : JettyEe10.start(switchboard);
    }
  };

  /** A container that runs, and what it serves. */
  record Running(int port, Switchboard switchboard) {}

  private static final Map<Container, Running> RUNNING = new EnumMap<>(Container.class);

  /** Tells whether the containers on the class path have Servlet 6.1, or 6.0. */
  static boolean isServlet61() {
    return Arrays.stream(HttpSession.class.getDeclaredClasses())
        .anyMatch(nested -> nested.getSimpleName().equals("Accessor"));
  }

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
