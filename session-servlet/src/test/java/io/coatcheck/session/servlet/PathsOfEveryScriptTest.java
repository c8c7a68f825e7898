package io.coatcheck.session.servlet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("B44: paths in the letters of every script")
class PathsOfEveryScriptTest {

  private static final PathPatterns SHOP = PathPatterns.of("publicPaths", List.of("/shop/*"));
  private static final PathPatterns ADMIN = PathPatterns.of("protectedPaths", List.of("/admin/*"));

  private static final HexFormat UPPER_CASE = HexFormat.of().withUpperCase();

  /** What no server may take for a character, each as bytes. */
  private static final List<String> MALFORMED =
      List.of(
          "%80", // a continuation without a beginning
          "%bf",
          "%c3", // cut off
          "%e2%82",
          "%f0%9f%98",
          "%c3a", // cut off by a letter
          "%c3/a",
          "%c3%28",
          "%e2%28%a1",
          "%c0%80", // longer than need be: NUL
          "%c0%ae", // a dot
          "%c0%ae%c0%ae",
          "%c0%af", // a slash
          "%c1%9c", // a backslash
          "%c1%bf",
          "%e0%80%af",
          "%e0%9f%bf",
          "%f0%80%80%af",
          "%f0%8f%bf%bf",
          "%ed%a0%80", // halves of surrogate pairs
          "%ed%bf%bf",
          "%ed%a0%bd%ed%b8%80",
          "%f4%90%80%80", // beyond the last code point
          "%f5%80%80%80",
          "%f8%88%80%80%80",
          "%fe",
          "%ff",
          "%e4", // Latin 1
          "gr%f6%dfe");

  private static String encoded(String text) {
    StringBuilder encoded = new StringBuilder();
    for (byte octet : text.getBytes(UTF_8)) {
      encoded.append('%');
      UPPER_CASE.toHexDigits(encoded, octet);
    }
    return encoded.toString();
  }

  private static boolean isScalar(int codePoint) {
    return codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE;
  }

  /** Returns the first, the last and one between of each general category and length in UTF-8. */
  static List<Integer> oneOfEachKind() {
    Map<String, List<Integer>> byKind = new LinkedHashMap<>();
    for (int codePoint = 0xA0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      if (isScalar(codePoint)) {
        int length = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
        String kind = Character.getType(codePoint) + "/" + length;
        byKind.computeIfAbsent(kind, key -> new ArrayList<>()).add(codePoint);
      }
    }
    return byKind.values().stream()
        .flatMap(all -> Stream.of(all.get(0), all.get(all.size() / 2), all.get(all.size() - 1)))
        .distinct()
        .toList();
  }

  private static HttpServletRequest request(String uri, String path) {
    HttpServletRequest request = mock(HttpServletRequest.class);
    when(request.getRequestURI()).thenReturn(uri);
    when(request.getServletPath()).thenReturn(path);
    return request;
  }

  @Nested
  class Patterns {

    @Test
    @DisplayName("no code point but the controls makes a path ambiguous")
    void everyCodePoint_isWhatItIs() {
      List<String> wrong =
          IntStream.rangeClosed(0x80, Character.MAX_CODE_POINT)
              .filter(PathsOfEveryScriptTest::isScalar)
              .filter(
                  codePoint ->
                      PathPatterns.isAmbiguous("/" + encoded(Character.toString(codePoint)))
                          != Character.isISOControl(codePoint))
              .mapToObj(codePoint -> String.format(Locale.ROOT, "U+%04X", codePoint))
              .toList();

      assertThat(wrong).isEmpty();
    }

    @Test
    void eachCase_ofTheDigits() {
      for (int codePoint : oneOfEachKind()) {
        String text = "/shop/" + Character.toString(codePoint);
        String uri = "/shop/" + encoded(Character.toString(codePoint));
        for (String spelling : List.of(uri, uri.toLowerCase(Locale.ROOT))) {
          assertThat(SHOP.matches(request(spelling, text))).as(spelling).isTrue();
          assertThat(ADMIN.mayMatch(request(spelling, text))).as(spelling).isFalse();
        }
      }
    }

    @Test
    void controls_asBytesAndAsCharacters_areAmbiguous() {
      IntStream.concat(IntStream.range(0, 0x20), IntStream.rangeClosed(0x7F, 0x9F))
          .forEach(
              control -> {
                String uri = "/shop/a" + encoded(Character.toString(control)) + "b";
                assertThat(SHOP.matches(request(uri, "/shop/ab"))).as(uri).isFalse();
                assertThat(ADMIN.mayMatch(request(uri, "/shop/ab"))).as(uri).isTrue();
                String decoded = "/shop/a" + (char) control + "b";
                assertThat(SHOP.matches(request("/shop/ab", decoded))).as(uri).isFalse();
              });
    }

    @Test
    void malformedUtf8_isAmbiguous() {
      for (String malformed : MALFORMED) {
        for (String uri :
            List.of("/shop/" + malformed, "/shop/" + malformed.toUpperCase(Locale.ROOT) + "/x")) {
          assertThat(SHOP.matches(request(uri, "/shop/x"))).as(uri).isFalse();
          assertThat(ADMIN.mayMatch(request(uri, "/shop/x"))).as(uri).isTrue();
          assertThat(ReturnPath.isSafe(uri)).as(uri).isFalse();
        }
      }
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/shop/\uD83D",
          "/shop/\uDE00\uD83D",
          "/shop/\uFFFD",
          "/shop/%\uFF12\uFF10",
          "/shop/%25\uFF12\uFF45",
          "/shop/%25%EF%BC%92%EF%BD%85",
          "/shop/%25%32%EF%BD%85",
        })
    @DisplayName("halves of characters, and digits of other scripts as those of an escape")
    void whatIsNoCharacter_isAmbiguous(String uri) {
      assertThat(SHOP.matches(request(uri, "/shop/x"))).isFalse();
      assertThat(ADMIN.mayMatch(request(uri, "/shop/x"))).isTrue();
    }

    @Test
    void patterns_mayHaveThemToo() {
      PathPatterns patterns = PathPatterns.of("exclude", List.of("/größe/*", "/中文/😀"));

      assertThat(patterns.matches(request("/gr%C3%B6%C3%9Fe/x", "/größe/x"))).isTrue();
      assertThat(patterns.matches(request("/%e4%b8%ad%e6%96%87/%F0%9F%98%80", "/中文/😀"))).isTrue();
    }
  }

  /** Everything that goes by paths, in a container, which decodes in its own way. */
  @Nested
  @ParameterizedClass(name = "{0}")
  @EnumSource(Container.class)
  class InContainers {

    private static final List<String> WORDS =
        List.of(
            "cafe", "café", "Größe", "Äpfel", "русский", "Привет", "中文", "日本語", "Ελλάδα", "20€");

    private static final List<String> MORE = List.of("a–b", "😀", "عربي", "हिन्दी", "한국어");

    @Parameter Container container;

    private Site site;
    private RawClient client;

    @BeforeEach
    void start() throws IOException {
      site = new Site(container).on("/login", (request, response) -> logIn(request));
      client = new RawClient(site.port());
    }

    private static void logIn(HttpServletRequest request) {
      WebSession.of(request).login("alice");
    }

    @AfterEach
    void stop() throws IOException {
      client.close();
      site.close();
    }

    private void filters(RequireLogin.Builder requireLogin, CrossOriginPolicy policy) {
      site.filters(
          SessionFilter.builder(site.manager).crossOrigin(policy).exclude("/shop/*").build(),
          requireLogin.build(),
          (request, response, chain) -> {
            if (!((HttpServletRequest) request).getServletPath().startsWith("/login")) {
              response.getWriter().print("answered");
            } else {
              chain.doFilter(request, response);
            }
          });
    }

    /** Returns each path twice, in both cases of its digits. */
    private static List<String> paths(String folder) {
      List<String> texts = new ArrayList<>(WORDS);
      texts.addAll(MORE);
      oneOfEachKind().forEach(codePoint -> texts.add(Character.toString(codePoint)));
      return texts.stream()
          .map(PathsOfEveryScriptTest::encoded)
          .flatMap(text -> Stream.of(text, text.toLowerCase(Locale.ROOT)))
          .map(text -> folder + text)
          .toList();
    }

    @Test
    void publicPaths_andExclusions() throws IOException {
      filters(RequireLogin.builder().publicPaths("/shop/*"), CrossOriginPolicy.defaults());
      Browser alice = site.browser();
      alice.get("/login");
      String cookie = "Cookie: __Host-session=" + alice.token();
      site.store.forgetCalls();

      for (String path : paths("/shop/")) {
        assertThat(client.get(path, cookie)).as(path).startsWith("HTTP/1.1 200");
      }
      assertThat(site.store.calls()).isEmpty();
    }

    @Test
    void protectedPaths_apiPaths_andTheWayBack() throws IOException {
      filters(
          RequireLogin.builder()
              .protectedPaths("/account/*", "/api/*")
              .apiPaths("/api/*")
              .loginPage("/login"),
          CrossOriginPolicy.defaults());

      for (String path : paths("/shop/")) {
        assertThat(client.get(path, "Accept: text/html")).as(path).startsWith("HTTP/1.1 200");
      }
      for (String path : paths("/api/")) {
        assertThat(client.get(path, "Accept: text/html")).as(path).startsWith("HTTP/1.1 401");
      }
      for (String path : paths("/account/")) {
        assertThat(client.get(path, "Accept: text/html"))
            .as(path)
            .startsWith("HTTP/1.1 303")
            .contains("?next=%2Faccount%2F" + path.substring(9).replace("%", "%25") + "\r\n");
        assertThat(ReturnPath.isSafe(path)).as(path).isTrue();
      }
    }

    @Test
    void exemptPaths_admitCrossSiteRequests() throws IOException {
      filters(
          RequireLogin.builder().publicPaths("/*"),
          CrossOriginPolicy.builder().exempt("/shop/*").build());

      for (String path : paths("/shop/")) {
        assertThat(client.send("POST", path, "Sec-Fetch-Site: cross-site"))
            .as(path)
            .startsWith("HTTP/1.1 200");
      }
    }

    @Test
    void malformedUtf8_isExemptFromNothing() {
      filters(
          RequireLogin.builder().publicPaths("/shop/*"),
          CrossOriginPolicy.builder().exempt("/shop/*").build());

      for (String malformed : MALFORMED) {
        for (String text : List.of(malformed, malformed.toUpperCase(Locale.ROOT))) {
          assertThat(once("GET", "/shop/" + text)).as(text).startsWith("HTTP/1.1 4");
          assertThat(once("POST", "/shop/" + text)).as(text).startsWith("HTTP/1.1 4");
        }
      }
      for (String control : List.of("%c2%80", "%C2%85", "%c2%9f", "%7f", "%00")) {
        assertThat(once("GET", "/shop/a" + control)).as(control).startsWith("HTTP/1.1 4");
      }
    }

    @Test
    @DisplayName(
        "bytes that are sent as they are, and are no UTF-8, are exempt from nothing either")
    void rawBytes_areExemptFromNothing() {
      filters(
          RequireLogin.builder().publicPaths("/shop/*"),
          CrossOriginPolicy.builder().exempt("/shop/*").build());

      for (String malformed : MALFORMED) {
        String raw = URLDecoder.decode(malformed, ISO_8859_1);
        for (String path : List.of("/shop/" + raw, "/shop/" + raw + "/x", "/shop/\u0085")) {
          assertThat(once("GET", path)).as(malformed).doesNotStartWith("HTTP/1.1 2");
          assertThat(once("POST", path)).as(malformed).doesNotStartWith("HTTP/1.1 2");
        }
      }
    }

    /** Containers close the connection behind some of these. */
    private String once(String method, String path) {
      try (RawClient own = new RawClient(site.port())) {
        return own.send(method, path, "Sec-Fetch-Site: cross-site", "Connection: close");
      } catch (IOException e) {
        throw new AssertionError(path, e);
      }
    }
  }
}
