package io.coatcheck.test.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/** A client that keeps its cookies, as a browser does, and follows redirects only when told to. */
public final class Visitor {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final URI home;
  private final Map<String, String> cookies = new LinkedHashMap<>();
  private final Map<String, String> headers = new LinkedHashMap<>();

  public Visitor(String url) {
    home = URI.create(url);
  }

  /** Returns one with the same cookies at another address of the site. */
  public Visitor at(String url) {
    Visitor same = new Visitor(url);
    same.cookies.putAll(cookies);
    return same;
  }

  /** Sends a header with each request from now on. */
  public Visitor with(String name, String value) {
    headers.put(name, value);
    return this;
  }

  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).GET().build());
  }

  /** Sends a form with the CSRF token that the site has for this visitor. */
  public HttpResponse<String> post(String path, String... fields)
      throws IOException, InterruptedException {
    return postWithToken(get("/token").body(), path, fields);
  }

  public HttpResponse<String> postWithToken(String token, String path, String... fields)
      throws IOException, InterruptedException {
    StringJoiner form = new StringJoiner("&");
    form.add("_csrf=" + URLEncoder.encode(token, UTF_8));
    for (int i = 0; i < fields.length; i += 2) {
      form.add(fields[i] + "=" + URLEncoder.encode(fields[i + 1], UTF_8));
    }
    return postBody(path, "application/x-www-form-urlencoded", form.toString());
  }

  /** Sends a body of any type, without a CSRF token of its own. */
  public HttpResponse<String> postBody(String path, String type, String body)
      throws IOException, InterruptedException {
    return send(
        request(path).header("Content-Type", type).POST(BodyPublishers.ofString(body)).build());
  }

  /** Sends JSON, as the script of a page does. */
  public HttpResponse<String> postJson(String path, String json)
      throws IOException, InterruptedException {
    String token = get("/token").body();
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .header("X-CSRF-TOKEN", token)
            .POST(BodyPublishers.ofString(json))
            .build());
  }

  /** Goes where an answer redirects to, and so on until a page comes. */
  public HttpResponse<String> follow(HttpResponse<String> answer)
      throws IOException, InterruptedException {
    HttpResponse<String> next = answer;
    for (int i = 0; next.statusCode() / 100 == 3; i++) {
      if (i == 10) {
        throw new IllegalStateException("more than 10 redirects, the last to " + location(next));
      }
      next = get(location(next));
    }
    return next;
  }

  public HttpResponse<String> logIn(String user) throws IOException, InterruptedException {
    return post("/login", "username", user, "password", "ticket");
  }

  public static String location(HttpResponse<String> answer) {
    return answer.headers().firstValue("Location").orElseThrow();
  }

  /** Gives it a cookie of another part of the site. */
  public void take(String name, String value) {
    cookies.put(name, value);
  }

  /** Returns the value of a cookie, empty if there is none. */
  public String cookie(String name) {
    return cookies.getOrDefault(name, "");
  }

  public boolean hasCookie(String name) {
    return cookies.containsKey(name);
  }

  /** Forgets a cookie, as at the end of a browser's session. */
  public void forget(String name) {
    cookies.remove(name);
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(home.resolve(path));
    request.header("Accept", "text/html,*/*").header("Accept-Language", "en, de-CH");
    headers.forEach(request::setHeader);
    if (!cookies.isEmpty() && home.resolve(path).getAuthority().equals(home.getAuthority())) {
      request.header(
          "Cookie",
          cookies.entrySet().stream()
              .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
              .collect(Collectors.joining("; ")));
    }
    return request;
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> answer = CLIENT.send(request, BodyHandlers.ofString(UTF_8));
    for (String header : answer.headers().allValues("Set-Cookie")) {
      String[] pair = header.split(";", 2)[0].split("=", 2);
      if (pair[1].isEmpty() || header.contains("Max-Age=0")) {
        cookies.remove(pair[0]);
      } else {
        cookies.put(pair[0], pair[1]);
      }
    }
    return answer;
  }
}
