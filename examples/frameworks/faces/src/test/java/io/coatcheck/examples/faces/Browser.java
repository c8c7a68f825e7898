package io.coatcheck.examples.faces;

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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A client that keeps cookies, follows redirects, and writes down all that it was answered. */
final class Browser {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final String url;
  private final Store store;
  private final Map<String, String> headers = new TreeMap<>();
  private final Map<String, String> cookies = new TreeMap<>();
  private final List<String> transcript = new ArrayList<>();

  Browser(String url, Store store) {
    this.url = url;
    this.store = store;
  }

  /** Sends a header with each request from now on. */
  Browser with(String name, String value) {
    headers.put(name, value);
    return this;
  }

  Set<String> cookieNames() {
    return cookies.keySet();
  }

  /** Returns everything that was answered, without what differs from run to run. */
  List<String> transcript() {
    return transcript;
  }

  Page get(String path) {
    return page(path, send(path, null, Map.of()));
  }

  /** Sends a form by a button, with other values in some of its fields. */
  Page click(Page page, String button, String... fields) {
    Map<String, String> form = page.form(button);
    form.put(button, button);
    put(form, fields);
    return page(page.action(button), send(page.action(button), form, Map.of()));
  }

  /** Sends a form as Faces' own script does, and puts the answer into the page. */
  void ajax(Page page, String source, String render, String... fields) {
    Map<String, String> form = page.form(source);
    form.put(source, source);
    form.put("jakarta.faces.source", source);
    form.put("jakarta.faces.partial.ajax", "true");
    form.put("jakarta.faces.partial.execute", source + " " + page.formId(source));
    form.put("jakarta.faces.partial.render", render);
    put(form, fields);
    HttpResponse<String> response =
        send(page.action(source), form, Map.of("Faces-Request", "partial/ajax"));
    page.update(response.body());
    transcript.add(Page.normal(response.body()));
  }

  private static void put(Map<String, String> form, String... fields) {
    for (int i = 0; i < fields.length; i += 2) {
      form.put(fields[i], fields[i + 1]);
    }
  }

  private Page page(String path, HttpResponse<String> first) {
    HttpResponse<String> response = first;
    String at = path;
    for (int i = 0; i < 10 && response.statusCode() / 100 == 3; i++) {
      String location = response.headers().firstValue("Location").orElseThrow();
      at = location.startsWith(url) ? location.substring(url.length()) : location;
      transcript.add("redirect to " + Page.normal(at));
      response = send(at, null, Map.of());
    }
    transcript.add(Page.normal(response.body()));
    return new Page(at, response.statusCode(), response.body());
  }

  private HttpResponse<String> send(
      String path, Map<String, String> form, Map<String, String> more) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path)).header(StoreFilter.HEADER, store.name());
    headers.forEach(request::header);
    more.forEach(request::header);
    if (!cookies.isEmpty()) {
      request.header(
          "Cookie",
          cookies.entrySet().stream()
              .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
              .collect(Collectors.joining("; ")));
    }
    if (form != null) {
      request
          .header("Content-Type", "application/x-www-form-urlencoded")
          .POST(
              BodyPublishers.ofString(
                  form.entrySet().stream()
                      .map(
                          field ->
                              URLEncoder.encode(field.getKey(), UTF_8)
                                  + "="
                                  + URLEncoder.encode(field.getValue(), UTF_8))
                      .collect(Collectors.joining("&"))));
    }
    try {
      HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8));
      transcript.add((form == null ? "GET " : "POST ") + Page.normal(path));
      transcript.add(String.valueOf(response.statusCode()));
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
    String[] parts = setCookie.split(";", 2);
    int equals = parts[0].indexOf('=');
    String name = parts[0].substring(0, equals);
    String value = parts[0].substring(equals + 1);
    if (value.isEmpty() || parts[1].matches("(?i).*max-age=0\\b.*")) {
      cookies.remove(name);
    } else {
      cookies.put(name, value);
    }
  }
}
