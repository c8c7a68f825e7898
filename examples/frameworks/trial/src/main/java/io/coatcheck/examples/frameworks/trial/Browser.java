package io.coatcheck.examples.frameworks.trial;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A client that keeps cookies, follows redirects, and remembers what it was answered. */
public final class Browser {

  /** What came at the end of all redirects. */
  public record Page(String path, int status, String body) {}

  private static final int REDIRECTS = 10;
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private String url;
  private final Map<String, String> cookies = new TreeMap<>();
  private final Map<String, String> headers = new HashMap<>();
  private final List<String> transcript = new ArrayList<>();

  Browser(String url) {
    this.url = url;
  }

  /** Sends a header with each request from now on. */
  public Browser with(String name, String value) {
    headers.put(name, value);
    return this;
  }

  /** Goes to another site from now on, with the same cookies, such as after a restart. */
  public void visit(Site site) {
    url = site.url();
  }

  /** Asks for a page, and follows redirects. */
  public Page get(String path) {
    return follow(send(HttpRequest.newBuilder(at(path)).GET()), path);
  }

  /** Sends a form, with names and values in turn, and follows redirects. */
  public Page post(String path, String... fields) {
    StringJoiner form = new StringJoiner("&");
    for (int i = 0; i < fields.length; i += 2) {
      form.add(encoded(fields[i]) + "=" + encoded(fields[i + 1]));
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(at(path))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form.toString()));
    return follow(send(request), path);
  }

  /** Returns each status, target and body so far, without what is another one in each session. */
  public List<String> transcript() {
    return Collections.unmodifiableList(transcript);
  }

  /** Returns the value of a cookie; null if there is none. */
  public @Nullable String cookie(String name) {
    return cookies.get(name);
  }

  /** Forgets the cookie of the session, as at the end of a browser, and keeps all others. */
  public void restart() {
    cookies.remove("JSESSIONID");
    cookies.keySet().removeIf(name -> name.startsWith("__Host-"));
  }

  private URI at(String path) {
    return URI.create(url).resolve(path);
  }

  private Page follow(HttpResponse<String> first, String path) {
    HttpResponse<String> response = first;
    String at = path;
    for (int i = 0; response.statusCode() / 100 == 3; i++) {
      if (i == REDIRECTS) {
        throw new IllegalStateException("more than " + REDIRECTS + " redirects, the last to " + at);
      }
      String location = response.headers().firstValue("Location").orElseThrow();
      URI target = response.uri().resolve(location);
      at = target.getRawPath() + (target.getRawQuery() == null ? "" : "?" + target.getRawQuery());
      note(response.statusCode() + " to " + at);
      response = send(HttpRequest.newBuilder(target).GET());
    }
    note(response.statusCode() + " " + response.body());
    return new Page(at, response.statusCode(), response.body());
  }

  private void note(String answer) {
    transcript.add(answer.replaceAll(";jsessionid=\\w+", "").strip());
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    headers.forEach(request::header);
    if (!cookies.isEmpty()) {
      StringJoiner header = new StringJoiner("; ");
      cookies.forEach((name, value) -> header.add(name + "=" + value));
      request.header("Cookie", header.toString());
    }
    try {
      HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8));
      response.headers().allValues("Set-Cookie").forEach(this::keep);
      return response;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void keep(String setCookie) {
    String[] pair = setCookie.split(";", 2)[0].split("=", 2);
    if (pair[1].isEmpty() || setCookie.matches("(?i).*;\\s*max-age=0\\b.*")) {
      cookies.remove(pair[0]);
    } else {
      cookies.put(pair[0], pair[1]);
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8);
  }
}
