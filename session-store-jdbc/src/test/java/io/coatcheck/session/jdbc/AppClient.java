package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A browser as far as it matters here: it keeps one cookie and sends it to whatever node. */
final class AppClient {

  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();

  private String cookie = "";

  /** What came back; a node that died in between answers nothing. */
  record Answer(int status, String body, Optional<String> setCookie, Optional<String> retryAfter) {}

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  String cookie() {
    return cookie;
  }

  /** Sends this cookie from now on, as a thief of it would. */
  void present(String stolen) {
    cookie = stolen;
  }

  /**
   * Returns the first answer that is not 503: a node whose timeouts are short may miss them on a
   * busy machine before the database is made to fail.
   */
  Answer getPatiently(int port, String path) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    Answer answer = get(port, path);
    while (answer.status() == 503) {
      assertThat(System.nanoTime() - deadline).as(path).isNegative();
      LockSupport.parkNanos(10_000_000);
      answer = get(port, path);
    }
    return answer;
  }

  Answer get(int port, String path) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(60));
    if (!cookie.isEmpty()) {
      request.header("Cookie", cookie);
    }
    HttpResponse<String> response;
    try {
      response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    Optional<String> setCookie = response.headers().firstValue("Set-Cookie");
    setCookie.ifPresent(
        header -> cookie = header.contains("Max-Age=0") ? "" : header.replaceAll(";.*", ""));
    return new Answer(
        response.statusCode(),
        response.body(),
        setCookie,
        response.headers().firstValue("Retry-After"));
  }
}
