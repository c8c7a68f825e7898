package io.coatcheck.examples.frameworks.trial;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.SessionTrackingMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.jspecify.annotations.Nullable;

/** An application on an embedded Tomcat, with its sessions. */
public final class Site implements AutoCloseable {

  /** What an application registers: its listeners, filters and servlets. */
  @FunctionalInterface
  public interface Application {
    void register(ServletContext context) throws ServletException;
  }

  /** Held on to, so that its level is not forgotten. */
  private static final Logger TOMCAT_LOG = Logger.getLogger("org.apache");

  private final Tomcat tomcat = new Tomcat();
  private final Path directory;
  private final @Nullable SessionManager manager;

  private Site(@Nullable SessionManager manager, Application application) {
    this.manager = manager;
    TOMCAT_LOG.setLevel(Level.SEVERE);
    try {
      directory = Files.createTempDirectory("trial");
      tomcat.setBaseDir(directory.toString());
      tomcat.setPort(0);
      tomcat.getConnector().setProperty("address", "127.0.0.1");
      Context context = tomcat.addContext("", directory.toString());
      context.addServletContainerInitializer(
          (classes, servletContext) -> {
            // Else Tomcat writes its session into the first redirect, which Shiro refuses.
            servletContext.setSessionTrackingModes(EnumSet.of(SessionTrackingMode.COOKIE));
            if (manager != null) {
              SessionFilter.builder(manager).build().register(servletContext);
            }
            application.register(servletContext);
          },
          Set.of());
      Tomcat.addServlet(context, "default", new DefaultServlet());
      context.addServletMapping("/", "default");
      tomcat.start();
      if (!context.getState().isAvailable()) {
        throw new IllegalStateException("the application did not start");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (LifecycleException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts an application with the sessions of a new store, or of the container. */
  public static Site start(Store store, AttributeCodec codec, Application application) {
    return store == Store.CONTAINER
        ? new Site(null, application)
        : start(store.create(), codec, application);
  }

  /** Starts an application with the sessions of a store, which is closed with the site. */
  public static Site start(SessionStore store, AttributeCodec codec, Application application) {
    return new Site(SessionManager.builder(store).codec(codec).build(), application);
  }

  /** Returns the manager of the sessions; not for sessions of the container. */
  public SessionManager manager() {
    return Objects.requireNonNull(manager, "these are the container's sessions");
  }

  /** Returns a client without cookies. */
  public Browser browser() {
    return new Browser(url());
  }

  /** Returns the address, without a slash at the end. */
  public String url() {
    return "http://localhost:" + tomcat.getConnector().getLocalPort();
  }

  @Override
  public void close() {
    try {
      tomcat.stop();
      tomcat.destroy();
      if (manager != null) {
        manager.close();
      }
      // Tomcat remembers the first directory in it, and would make that again for another server.
      System.clearProperty("catalina.home");
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    } catch (LifecycleException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
