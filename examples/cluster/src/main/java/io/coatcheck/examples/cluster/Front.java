package io.coatcheck.examples.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Passes each request on to the next node. If that node is down, the next one gets the request,
 * unless it may have been carried out already and must not be repeated. The {@code Host} is passed
 * on too, so that the nodes know which origin is theirs; the JDK's client allows it only if the
 * system property {@code jdk.httpclient.allowRestrictedHeaders} does.
 */
final class Front implements AutoCloseable {

  private static final int MAX_BODY = 1 << 20;
  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");

  /** Headers that belong to one connection and are not passed on; the client writes its own. */
  private static final Set<String> OF_THE_CONNECTION =
      Set.of(
          "connection",
          "content-length",
          "date",
          "expect",
          "keep-alive",
          "transfer-encoding",
          "upgrade",
          "http2-settings");

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(1))
          .build();
  private final AtomicInteger turn = new AtomicInteger();
  private final ExecutorService threads = Executors.newFixedThreadPool(16);
  private final HttpServer server;
  private volatile List<URI> nodes = List.of();

  /**
   * Listens on the loopback interface.
   *
   * @param port 0 for any that is free
   */
  Front(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
  }

  String url() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  /** Begins to pass requests on. */
  void start(List<URI> to) {
    nodes = List.copyOf(to);
    server.start();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY + 1);
      if (body.length > MAX_BODY) {
        answer(exchange, 413, "The request is too long.");
        return;
      }
      passOn(exchange, body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void passOn(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
    int first = turn.getAndIncrement();
    for (int i = 0; i < nodes.size(); i++) {
      URI node = nodes.get(Math.floorMod(first + i, nodes.size()));
      HttpResponse<byte[]> response;
      try {
        response = client.send(request(exchange, node, body), BodyHandlers.ofByteArray());
      } catch (IOException e) {
        if (mayAskAgain(exchange.getRequestMethod(), e)) {
          continue;
        }
        answer(exchange, 502, "The node died. Whether it did what was asked is not known.");
        return;
      }
      send(exchange, response);
      return;
    }
    answer(exchange, 503, "No node is left.");
  }

  private static boolean mayAskAgain(String method, IOException failure) {
    boolean neverConnected =
        failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException;
    return neverConnected || SAFE_METHODS.contains(method);
  }

  private static HttpRequest request(HttpExchange exchange, URI node, byte[] body) {
    URI asked = exchange.getRequestURI();
    String query = asked.getRawQuery() == null ? "" : "?" + asked.getRawQuery();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(node + asked.getRawPath() + query))
            .timeout(Duration.ofSeconds(30))
            .method(
                exchange.getRequestMethod(),
                body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) -> {
              if (isPassedOn(name)) {
                values.forEach(value -> request.header(name, value));
              }
            });
    return request.build();
  }

  private static void send(HttpExchange exchange, HttpResponse<byte[]> response)
      throws IOException {
    response
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (isPassedOn(name)) {
                values.forEach(value -> exchange.getResponseHeaders().add(name, value));
              }
            });
    byte[] body = response.body();
    exchange.sendResponseHeaders(response.statusCode(), body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  private static boolean isPassedOn(String header) {
    return !OF_THE_CONNECTION.contains(header.toLowerCase(Locale.ROOT));
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = (text + "\n").getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain;charset=UTF-8");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
