package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.history.HistoryNode;
import io.coatcheck.session.store.SessionStoreException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A node of a history that is a {@link NodeProcess}, which can be stopped for a while, or killed
 * and replaced by another one. Its clients present their tokens in cookies, and no version hints.
 */
final class ProcessNode implements HistoryNode, AutoCloseable {

  private static final String COOKIE = "__Host-session=";

  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(60))
          .build();

  private final String table;
  private final Path directory;
  private final String[] options;
  private final AtomicLong answers = new AtomicLong();
  private volatile NodeProcess process;

  /**
   * Starts the first process.
   *
   * @param directory for temporary files
   * @param options of {@link AppNode#main}
   */
  ProcessNode(String table, Path directory, String... options) throws IOException {
    this.table = table;
    this.directory = directory;
    this.options = options;
    process = start();
  }

  private NodeProcess start() throws IOException {
    return new NodeProcess(table, directory, options);
  }

  /** Stops the process with SIGSTOP. */
  void stop() throws Exception {
    process.signal("STOP");
  }

  /** Lets the process that was stopped go on. */
  void goOn() throws Exception {
    process.signal("CONT");
  }

  /** Kills the process with SIGKILL. */
  void kill() {
    process.close();
  }

  /** Starts a process in place of the one that was killed. */
  void startAgain() throws IOException {
    process = start();
  }

  /** Returns how many requests were answered, by all processes. */
  long answers() {
    return answers.get();
  }

  @Override
  public OptionalInt read(String token) {
    String number = get("/read?name=number", token).body();
    return switch (number) {
      case "none" -> OptionalInt.empty();
      case "null" -> OptionalInt.of(0);
      default -> OptionalInt.of(Integer.parseInt(number));
    };
  }

  @Override
  public String login(String user, @Nullable String token) {
    return newToken(get("/login?value=" + user, token)).orElseThrow();
  }

  @Override
  public void write(String token, int number) {
    HttpResponse<String> answer = get("/set?name=number&value=" + number, token);
    assertThat(newToken(answer)).as("the token of another session: this one is live").isEmpty();
  }

  @Override
  public void end(String token) {
    get("/logout", token);
  }

  @Override
  public OptionalInt endAllOf(String user, String token) {
    get("/logout-everywhere", token);
    return OptionalInt.empty();
  }

  private HttpResponse<String> get(String path, @Nullable String token) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + process.port() + path))
            .timeout(Duration.ofSeconds(60));
    if (token != null) {
      request.header("Cookie", COOKIE + token);
    }
    HttpResponse<String> response;
    try {
      response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new SessionStoreException("the node does not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the history is over", e);
    }
    if (response.statusCode() == 503) {
      throw new SessionStoreException("the node answers 503");
    }
    assertThat(response.statusCode()).as(path).isEqualTo(200);
    answers.incrementAndGet();
    return response;
  }

  private static Optional<String> newToken(HttpResponse<String> response) {
    return response.headers().allValues("Set-Cookie").stream()
        .filter(cookie -> cookie.startsWith(COOKIE))
        .map(cookie -> cookie.substring(COOKIE.length()).split(";", 2)[0])
        .findFirst();
  }

  @Override
  public void close() {
    process.close();
  }
}
