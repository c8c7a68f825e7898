package io.coatcheck.examples.quickstart;

import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Set;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.ErrorReportValve;

/** An embedded Tomcat with one application at the root. The other examples use it too. */
public final class WebServer implements AutoCloseable {

  /** Kept in a field, so that its level is not lost. */
  private static final Logger TOMCAT_LOG = Logger.getLogger("org.apache");

  private final Tomcat tomcat = new Tomcat();
  private final InetAddress address;
  private final Path directory;
  private boolean isClosed;

  /**
   * Prepares a server.
   *
   * @param port 0 for any that is free
   * @param application adds the filters and servlets
   */
  public WebServer(InetAddress address, int port, Consumer<ServletContext> application)
      throws IOException {
    this.address = address;
    TOMCAT_LOG.setLevel(Level.SEVERE);
    directory = Files.createTempDirectory("quickstart");
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(port);
    // By default Tomcat would listen on all addresses of the machine.
    tomcat.getConnector().setProperty("address", address.getHostAddress());
    tomcat.getConnector().setThrowOnFailure(true);
    tomcat
        .addContext("", null)
        .addServletContainerInitializer(
            (classes, context) -> application.accept(context), Set.of());

    // Error pages that show the status and nothing about the server.
    ErrorReportValve errorPages = new ErrorReportValve();
    errorPages.setShowReport(false);
    errorPages.setShowServerInfo(false);
    tomcat.getHost().getPipeline().addValve(errorPages);
  }

  /**
   * Starts the server.
   *
   * @throws IOException if it cannot listen there
   */
  public void start() throws IOException {
    try {
      tomcat.start();
    } catch (LifecycleException e) {
      throw new IOException(
          "Cannot listen on port "
              + tomcat.getConnector().getPort()
              + " of "
              + address.getHostAddress(),
          e);
    }
  }

  /** Returns where it listens. */
  public int port() {
    return tomcat.getConnector().getLocalPort();
  }

  /** Waits until the server is closed. */
  public void await() {
    tomcat.getServer().await();
  }

  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    try {
      tomcat.stop();
      tomcat.destroy();
      deleteDirectory();
    } catch (LifecycleException e) {
      throw new IllegalStateException("Tomcat did not stop", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void deleteDirectory() throws IOException {
    // Tomcat remembers the first directory in it, and would make that again for another server.
    System.clearProperty("catalina.home");
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
