package io.coatcheck.session.jdbc;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** A browser as far as it matters here: it keeps one cookie and sends it to whatever node. */
final class AppClient {

  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

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
