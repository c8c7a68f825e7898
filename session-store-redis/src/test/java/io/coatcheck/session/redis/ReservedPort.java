package io.coatcheck.session.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * A port of the loopback interface on which nothing listens. The system gives it to no other
 * process, so a server that is stopped for a while finds it free when it is started again.
 */
final class ReservedPort implements AutoCloseable {

  final int number;
  private Socket holder;

  /** Reserves any port that is free. */
  ReservedPort() {
    this(0);
  }

  /** Reserves a port, which must be free. */
  ReservedPort(int number) {
    holder = bound(number);
    this.number = holder.getLocalPort();
  }

  private static Socket bound(int number) {
    Socket socket = new Socket();
    try {
      // As servers do: connections of the one before may be on their way.
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), number));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException("the port is not free: " + number, e);
    }
  }

  /** Frees the port for a server. */
  void free() {
    try {
      holder.close();
    } catch (IOException e) {
      throw new UncheckedIOException("the port stays reserved: " + number, e);
    }
  }

  /** Reserves the port again when its server has ended. */
  void reserve() {
    holder = bound(number);
  }

  @Override
  public void close() {
    free();
  }
}
