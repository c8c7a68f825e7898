package io.coatcheck.session.servlet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpSession;
import jakarta.websocket.server.ServerContainer;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.apache.tomcat.websocket.server.WsSci;
import org.jspecify.annotations.Nullable;

/**
 * The containers that every test runs in: Tomcat 11 and Jetty's ee11, or, where the class path has
 * Servlet 6.0, Tomcat 10.1 and Jetty's ee10. Each is started once and serves one {@link Site} after
 * the other.
 */
enum Container {
  TOMCAT {
    @Override
    int start(SiteRouter switchboard) throws Exception {
      Logger.getLogger("org.apache").setLevel(Level.OFF);
      Tomcat tomcat = new Tomcat();
      tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
      tomcat.setPort(0);
      tomcat.getConnector().setProperty("maxKeepAliveRequests", "-1");
      connector = tomcat.getConnector();
      tomcat.getConnector().addUpgradeProtocol(new Http2Protocol());
      Context context = tomcat.addContext("", files().toString());
      context.addServletContainerInitializer(
          (classes, servletContext) -> servletContext.addListener(switchboard.listener()), null);
      context.addServletContainerInitializer(new WsSci(), null);
      context.addServletContainerInitializer(
          (classes, servletContext) ->
              SocketEndpoint.add(
                  (ServerContainer) servletContext.getAttribute(ServerContainer.class.getName()),
                  switchboard),
          null);
      Wrapper servlet = Tomcat.addServlet(context, "app", switchboard.servlet());
      servlet.setAsyncSupported(true);
      servlet.addMapping("/*");
      Tomcat.addServlet(context, "files", new DefaultServlet()).addMapping("/files/*");
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
    int start(SiteRouter switchboard) throws Exception {
      return isServlet61() ? JettyEe11.start(switchboard) : JettyEe10.start(switchboard);
    }
  };

  /** A container that runs, and what it serves. */
  record Running(int port, SiteRouter switchboard) {}

  /** The length of the file that the containers serve as {@code /files/file.bin}. */
  static final int FILE_LENGTH = 300_000;

  private static volatile @Nullable Connector connector;

  private static final Map<Container, Running> RUNNING = new EnumMap<>(Container.class);

  /**
   * Sets whether Tomcat, if it runs, makes what is kept of a request unusable when the request has
   * ended, as it does by default. If not, it shows the next request of the connection.
   */
  static void discardFacades(boolean discards) {
    TOMCAT.running();
    if (connector != null) {
      connector.setDiscardFacades(discards);
    }
  }

  /** Returns whether the containers on the class path have Servlet 6.1, or else 6.0. */
  static boolean isServlet61() {
    return Arrays.stream(HttpSession.class.getDeclaredClasses())
        .anyMatch(nested -> nested.getSimpleName().equals("Accessor"));
  }

  /** Returns a directory with one file, from which a container's own servlet serves. */
  static Path files() {
    try {
      // Another JVM of the tests may write its own at the same time.
      Path directory =
          Files.createTempDirectory(Files.createDirectories(Path.of("target")), "files-")
              .toAbsolutePath();
      // Tomcat looks under the whole path of the URL, Jetty under the rest of it.
      Files.createDirectories(directory.resolve("files"));
      byte[] content = new byte[FILE_LENGTH];
      Arrays.fill(content, (byte) 'x');
      Files.write(directory.resolve("file.bin"), content);
      Files.write(directory.resolve("files/file.bin"), content);
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  abstract int start(SiteRouter switchboard) throws Exception;

  Running running() {
    synchronized (RUNNING) {
      return RUNNING.computeIfAbsent(
          this,
          container -> {
            SiteRouter switchboard = new SiteRouter();
            try {
              return new Running(container.start(switchboard), switchboard);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }
}
