package io.coatcheck.session.servlet;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A client that keeps cookies as browsers do, as far as ours goes, and follows no redirect. */
final class Browser {

  static final String SESSION = "__Host-session";

  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  private final String origin;
  private volatile HttpClient client = CLIENT;
  private final Map<String, String> jar = new TreeMap<>();

  Browser(int port) {
    this("http://localhost:" + port);
  }

  Browser(String origin) {
    this.origin = origin;
  }

  /** Sets what the next requests are sent with, and so the certificate that is shown. */
  Browser with(HttpClient next) {
    client = next;
    return this;
  }

  /** What came back. */
  record Answer(int status, String body, HttpResponse<String> response) {

    List<String> setCookies() {
      return response.headers().allValues("Set-Cookie");
    }

    /** Returns the one cookie that the response sets; fails if there is another number of them. */
    String setCookie() {
      if (setCookies().size() != 1) {
        throw new AssertionError("one Set-Cookie expected: " + setCookies());
      }
      return setCookies().get(0);
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse(null);
    }
  }

  /** Returns the token that it keeps; null if it has none. */
  synchronized String token() {
    return jar.get(SESSION);
  }

  /** Returns the value of a cookie that it keeps; null if it has none. */
  synchronized String cookie(String name) {
    return jar.get(name);
  }

  synchronized Browser cookie(String name, String value) {
    jar.put(name, value);
    return this;
  }

  synchronized Browser token(String token) {
    return cookie(SESSION, token);
  }

  Answer get(String path) {
    return send("GET", path);
  }

  Answer post(String path) {
    return send("POST", path);
  }

  Answer send(String method, String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(origin + path))
            .timeout(Duration.ofSeconds(60))
            .method(method, HttpRequest.BodyPublishers.noBody());
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    synchronized (this) {
      if (!jar.isEmpty()) {
        StringBuilder cookies = new StringBuilder();
        jar.forEach(
            (name, value) ->
                cookies
                    .append(cookies.length() == 0 ? "" : "; ")
                    .append(name)
                    .append('=')
                    .append(value));
        request.header("Cookie", cookies.toString());
      }
    }
    try {
      HttpResponse<String> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      response.headers().allValues("Set-Cookie").forEach(this::keep);
      return new Answer(response.statusCode(), response.body(), response);
    } catch (IOException e) {
      throw new AssertionError(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private synchronized void keep(String header) {
    int equals = header.indexOf('=');
    int end = (header + ';').indexOf(';');
    String name = header.substring(0, equals);
    if (header.contains("; Max-Age=0;")) {
      jar.remove(name);
    } else {
      jar.put(name, header.substring(equals + 1, end));
    }
  }
}
