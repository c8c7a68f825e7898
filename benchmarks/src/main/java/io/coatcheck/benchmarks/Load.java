package io.coatcheck.benchmarks;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/**
 * Browsers on loopback: a few connections that stay open, each with one request at a time. Every
 * answer is looked at: it must name the principal of the cookie that was sent.
 */
final class Load {

  private static final int CONNECTIONS = 4;

  private final List<Integer> ports;
  private final String[] cookies;
  private final boolean areAnonymous;
  private final Workload workload;
  private long visits;

  /** Prepares requests that go to the ports in turn. */
  Load(List<Integer> ports, String[] cookies, boolean areAnonymous, Workload workload) {
    this.ports = List.copyOf(ports);
    this.cookies = cookies;
    this.areAnonymous = areAnonymous;
    this.workload = workload;
  }

  /** The result of a run. */
  record Outcome(long requests, double perSecond, Histogram microseconds) {}

  /**
   * Sends requests for a while.
   *
   * @param perSecond how many at most, in all
   */
  Outcome run(Duration time, double perSecond) throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
    try {
      long begin = System.nanoTime();
      long end = begin + time.toNanos();
      long interval = (long) (1e9 * CONNECTIONS / perSecond);
      List<Callable<Histogram>> tasks = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        long first = visits + i;
        tasks.add(() -> send(first, end, interval));
      }
      Histogram all = new Histogram(3);
      for (Future<Histogram> one : threads.invokeAll(tasks)) {
        all.add(one.get());
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      visits += all.getTotalCount();
      return new Outcome(all.getTotalCount(), all.getTotalCount() / seconds, all);
    } finally {
      threads.shutdown();
    }
  }

  private Histogram send(long first, long end, long interval) {
    Histogram histogram = new Histogram(3);
    List<Connection> connections = new ArrayList<>();
    try {
      for (int port : ports) {
        connections.add(new Connection(port));
      }
      long next = System.nanoTime();
      for (long n = first; System.nanoTime() < end; n += CONNECTIONS) {
        long wait = next - System.nanoTime();
        if (wait > 0) {
          Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
        }
        next += interval;
        int visitor = workload.visitor(n);
        Connection connection = connections.get((int) (n / CONNECTIONS % connections.size()));
        long begin = System.nanoTime();
        String principal = connection.get(cookies[visitor]);
        histogram.recordValue((System.nanoTime() - begin) / 1_000);
        if (!areAnonymous && !principal.equals(Workload.principal(visitor))) {
          throw new IllegalStateException("visitor " + visitor + " was taken for " + principal);
        }
      }
      return histogram;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      connections.forEach(Connection::close);
    }
  }

  /** One connection that is kept alive. */
  private static final class Connection implements AutoCloseable {

    private static final byte[] END = "\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    Connection(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setTcpNoDelay(true);
      in = new BufferedInputStream(socket.getInputStream());
      out = new BufferedOutputStream(socket.getOutputStream());
    }

    String get(String cookie) throws IOException {
      out.write(
          ("GET /cart HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n")
              .getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      StringBuilder head = new StringBuilder();
      int matched = 0;
      while (matched < END.length) {
        int read = in.read();
        if (read < 0) {
          throw new IOException("the server closed the connection");
        }
        matched = read == END[matched] ? matched + 1 : read == END[0] ? 1 : 0;
        head.append((char) read);
      }
      int length = contentLength(head.toString());
      return new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    private static int contentLength(String head) throws IOException {
      if (!head.startsWith("HTTP/1.1 200")) {
        throw new IOException("the server answered " + head);
      }
      int start = head.indexOf("Content-Length: ") + "Content-Length: ".length();
      return Integer.parseInt(head.substring(start, head.indexOf('\r', start)));
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
