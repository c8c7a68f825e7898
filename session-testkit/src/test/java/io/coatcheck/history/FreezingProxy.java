package io.coatcheck.history;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Stands between a store and its server. Frozen, it keeps all connections open, accepts new ones,
 * and passes nothing on in either direction. Slowed down, it passes everything on, but only a
 * hundred bytes of an answer a second.
 */
public final class FreezingProxy implements AutoCloseable {

  private final ServerSocket server;
  private volatile int target;
  private final Collection<Socket> sockets = new ConcurrentLinkedQueue<>();
  private final Object thawed = new Object();
  private boolean frozen;
  private volatile boolean slow;

  public FreezingProxy(int target) throws IOException {
    this.target = target;
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("proxy-accept", this::accept);
  }

  public int port() {
    return server.getLocalPort();
  }

  public void freeze() {
    synchronized (thawed) {
      frozen = true;
    }
  }

  public void thaw() {
    synchronized (thawed) {
      frozen = false;
      thawed.notifyAll();
    }
  }

  /** Passes on answers in small parts until it is closed. */
  public void slowDown() {
    slow = true;
  }

  /** Leads to another server from now on, and ends the connections to the one before. */
  public void moveTo(int port) {
    target = port;
    sockets.removeIf(
        socket -> {
          close(socket);
          return true;
        });
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        sockets.add(client);
        start(
            "proxy-connect",
            () -> {
              try {
                awaitThaw();
                Socket database = new Socket(InetAddress.getLoopbackAddress(), target);
                sockets.add(database);
                start("proxy-up", () -> pump(client, database, false));
                start("proxy-down", () -> pump(database, client, true));
              } catch (IOException e) {
                close(client);
              }
            });
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void pump(Socket from, Socket to, boolean answers) {
    byte[] buffer = new byte[8192];
    try (InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        awaitThaw();
        int passed = 0;
        for (; answers && slow && passed < read; passed++) {
          Thread.sleep(10);
          out.write(buffer[passed]);
          out.flush();
        }
        out.write(buffer, passed, read - passed);
        out.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // One of them is gone, and so is the other now.
    }
  }

  private void awaitThaw() throws IOException {
    synchronized (thawed) {
      while (frozen) {
        try {
          thawed.wait();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
    }
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone then.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    thaw();
    sockets.forEach(FreezingProxy::close);
  }
}
