package io.coatcheck.session.servlet;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The client side of a WebSocket. */
final class SocketClient implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
  private final WebSocket socket;

  private SocketClient(int port, String... headers) {
    WebSocket.Builder builder =
        HttpClient.newHttpClient().newWebSocketBuilder().connectTimeout(PATIENCE);
    for (int i = 0; i < headers.length; i += 2) {
      builder.header(headers[i], headers[i + 1]);
    }
    socket =
        builder
            .buildAsync(URI.create("ws://localhost:" + port + SocketEndpoint.PATH), new Receiving())
            .join();
  }

  /** Opens a socket; fails if the handshake is refused. */
  static SocketClient open(int port, String... headers) {
    return new SocketClient(port, headers);
  }

  /** Returns the status of a handshake that is refused; fails if it is not. */
  static int refusal(int port, String... headers) {
    try {
      new SocketClient(port, headers).close();
      throw new AssertionError("the handshake was accepted");
    } catch (CompletionException e) {
      if (e.getCause() instanceof WebSocketHandshakeException refused) {
        return refused.getResponse().statusCode();
      }
      throw e;
    }
  }

  /** Sends a message, and returns the answer. */
  String ask(String message) throws InterruptedException {
    socket.sendText(message, true).join();
    return next();
  }

  /** Returns what comes next: a message, or {@code closed} and the code. */
  String next() throws InterruptedException {
    String next = received.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing came in " + PATIENCE);
    }
    return next;
  }

  @Override
  public void close() {
    socket.abort();
  }

  private final class Receiving implements WebSocket.Listener {

    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean isLast) {
      message.append(data);
      if (isLast) {
        received.add(message.toString());
        message.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
      received.add("closed " + code + " " + reason);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      received.add("failed " + error);
    }
  }
}
