package io.coatcheck.session.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands between a store and a server. Passes everything on, until its mode changes: then commands
 * still reach the server, and the connection is cut when the next answer comes, once, or all
 * answers are held back, for good or for a time.
 */
final class CuttingProxy implements AutoCloseable {

  enum Mode {
    PASSING,
    CUTTING,
    HOLDING
  }

  volatile Mode mode = Mode.PASSING;

  /** How long each answer is held back before it is passed on. */
  volatile Duration delay = Duration.ZERO;

  private final AtomicInteger answersBeforeCut = new AtomicInteger();
  private final ServerSocket entry;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  CuttingProxy(int target) {
    this.target = target;
    try {
      entry = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException("the proxy does not start", e);
    }
    start(this::accept);
  }

  int port() {
    return entry.getLocalPort();
  }

  /** Cuts the connection when an answer comes after so many that are passed on. */
  void cutAfter(int answers) {
    answersBeforeCut.set(answers);
    mode = Mode.CUTTING;
  }

  /** Returns whether all answers have come that are passed on before the cut. */
  boolean isNextCut() {
    return mode == Mode.CUTTING && answersBeforeCut.get() <= 0;
  }

  private void accept() {
    while (!entry.isClosed()) {
      try {
        Socket client = entry.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        open.add(client);
        open.add(server);
        start(() -> pass(client, server, false));
        start(() -> pass(server, client, true));
      } catch (IOException closed) {
        // The proxy was closed, or the server is unreachable: the client sees a lost connection.
      }
    }
  }

  private void pass(Socket from, Socket to, boolean areAnswers) {
    byte[] buffer = new byte[64 * 1024];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        if (areAnswers && mode == Mode.CUTTING && answersBeforeCut.getAndDecrement() <= 0) {
          mode = Mode.PASSING;
          return;
        }
        if (areAnswers) {
          LockSupport.parkNanos(delay.toNanos());
        }
        if (!areAnswers || mode != Mode.HOLDING) {
          out.write(buffer, 0, length);
        }
      }
    } catch (IOException closed) {
      // One side has gone, so the other one goes too.
    }
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "proxy");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    entry.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
