package io.coatcheck.test.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * Starts servers that must be given their port. Between the moment when a port is found free and
 * the moment when the server listens on it, another process may take it.
 */
public final class FreePort {

  private static final int ATTEMPTS = 3;

  private FreePort() {}

  /** A start of a server on a port, which leaves nothing behind if it fails. */
  @FunctionalInterface
  public interface Start<T, E extends Exception> {
    T on(int port) throws E;
  }

  /**
   * Starts a server on a free port of the loopback interface. If it fails, this tries again on
   * another port, three times in all.
   */
  public static <T, E extends Exception> T start(Start<T, E> server) throws E {
    for (int attempt = 1; ; attempt++) {
      try {
        return server.on(any());
      } catch (Exception taken) {
        if (attempt == ATTEMPTS) {
          throw taken;
        }
      }
    }
  }

  private static int any() {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
