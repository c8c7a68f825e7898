package io.coatcheck.examples.quickstart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A client that keeps the session cookie and follows no redirects. Whatever any of them receives is
 * searched for the secrets that any of them was ever sent in a cookie: rule I1.
 */
final class Browser {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final Set<String> SECRETS = ConcurrentHashMap.newKeySet();

  private final String url;
  private final Map<String, String> headers = new HashMap<>();
  private String cookie = "";

  Browser(String url) {
    this.url = url;
  }

  /** Sends a header with each request from now on. */
  Browser with(String name, String value) {
    headers.put(name, value);
    return this;
  }

  /** Returns another one with the same cookie, as a thief has it. */
  Browser copy() {
    return at(url);
  }

  /** Returns another one with the same cookie that asks another server. */
  Browser at(String otherUrl) {
    Browser copy = new Browser(otherUrl);
    copy.cookie = cookie;
    return copy;
  }

  boolean hasCookie() {
    return !cookie.isEmpty();
  }

  HttpResponse<String> logIn(String name, String password)
      throws IOException, InterruptedException {
    return post("/login", "username", name, "password", password);
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send("GET", path);
  }

  HttpResponse<String> post(String path, String... fields)
      throws IOException, InterruptedException {
    return send("POST", path, fields);
  }

  HttpResponse<String> send(String method, String path, String... fields)
      throws IOException, InterruptedException {
    StringJoiner form = new StringJoiner("&");
    for (int i = 0; i < fields.length; i += 2) {
      form.add(fields[i] + "=" + URLEncoder.encode(fields[i + 1], UTF_8));
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path))
            .method(
                method,
                method.equals("GET")
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(form.toString()));
    if (fields.length > 0) {
      request.header("Content-Type", "application/x-www-form-urlencoded");
    }
    if (hasCookie()) {
      request.header("Cookie", cookie);
    }
    headers.forEach(request::header);
    HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8));
    response.headers().allValues("Set-Cookie").forEach(this::keep);
    assertThat(SECRETS).noneMatch(response.body()::contains);
    assertThat(response.headers().allValues("Set-Cookie")).hasSizeLessThan(2);
    return response;
  }

  private void keep(String setCookie) {
    String pair = setCookie.substring(0, setCookie.indexOf(';'));
    boolean isDeletion = pair.endsWith("=");
    cookie = isDeletion ? "" : pair;
    if (!isDeletion) {
      SECRETS.add(pair.substring(pair.indexOf('.') + 1));
    }
  }
}
