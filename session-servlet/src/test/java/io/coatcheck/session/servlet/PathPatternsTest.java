package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathPatternsTest {

  private static final PathPatterns PATTERNS =
      PathPatterns.of("exclude", List.of("/health", "/assets/*", "/"));

  @Nested
  class Matching {

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/assets", "/assets/", "/assets/a/b.css", "/"})
    void matches_whatIsListed(String path) {
      assertThat(PATTERNS.matches(request(path, path))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"/health/", "/healthy", "/HEALTH", "/Assets/a", "/assetsx", "/x/health", "/x"})
    void matches_whatIsNotListed_isFalse(String path) {
      assertThat(PATTERNS.matches(request(path, path))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
      "/assets/sm%C3%B6rg%C3%A5s, /assets/smörgås",
      "/assets/100%25.png, /assets/100%.png"
    })
    void matches_encodedAsUsual(String uri, String path) {
      assertThat(PATTERNS.matches(request(uri, path))).isTrue();
    }

    @Test
    void matches_rootOfContext() {
      HttpServletRequest request = request("/shop", "");
      assertThat(PATTERNS.matches(request)).isTrue();
    }

    @Test
    void matches_servletMappedToPrefix_joinsServletPathAndPathInfo() {
      HttpServletRequest request = request("/shop/assets/a.css", "/assets");
      when(request.getPathInfo()).thenReturn("/a.css");
      assertThat(PATTERNS.matches(request)).isTrue();
    }

    @Test
    void matches_everything() {
      PathPatterns everything = PathPatterns.of("exclude", List.of("/*"));
      assertThat(everything.matches(request("/", "/"))).isTrue();
      assertThat(everything.matches(request("/a/b", "/a/b"))).isTrue();
    }

    @Test
    void none_matchesNothing() {
      assertThat(PathPatterns.none().matches(request("/", "/"))).isFalse();
      assertThat(PathPatterns.none().mayMatch(request("/..;/", "/"))).isFalse();
    }
  }

  /** Each is decoded and normalized to something below /assets by one server or another. */
  @Nested
  class AmbiguousUris {

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/assets/..;/admin",
          "/assets/;/a",
          "/assets/a;jsessionid=1",
          "/assets/%2e%2e/admin",
          "/assets/%2E./admin",
          "/assets/a%2ecss",
          "/assets/..%2fadmin",
          "/assets/..%2Fadmin",
          "/assets%2fa",
          "/assets/a%3fb",
          "/admin%3fx",
          "/admin%3Fx",
          "/admin%23x",
          "/admin%253fx",
          "/assets/%5c..%5cadmin",
          "/assets/..\\admin",
          "/assets/%252e%252e/admin",
          "/assets/%25252e/admin",
          "/assets/..%252fadmin",
          "/assets/%255cadmin",
          "/assets/%252%66admin",
          "/assets/%25%32%66admin",
          "/%2561dmin",
          "/%25%36%31dmin",
          "/%25%361dmin",
          "/assets/%3bx/a",
          "/assets/%253b/a",
          "/assets/../admin",
          "/assets/./a",
          "/assets/..",
          "/assets/.",
          "/../assets/a",
          "//assets/a",
          "/assets//a",
          "/assets//",
          "/assets/\ta",
          "/assets/%09a",
          "/assets/%00",
          "/assets/%0d%0aa",
          "/assets/%7f",
          "/assets/%",
          "/assets/%2",
          "/assets/%zz",
          "/assets/%u002e%u002e/admin",
        })
    void matchNoExclusion_andMayMatchAnyDemand(String uri) {
      HttpServletRequest request = request(uri, "/assets/a");
      assertThat(PATTERNS.matches(request)).as("let off").isFalse();
      PathPatterns elsewhere = PathPatterns.of("protectedPaths", List.of("/admin/*"));
      assertThat(elsewhere.mayMatch(request)).as("demanded").isTrue();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/assets/a%20b",
          "/assets/100%25",
          "/assets/%25z",
          "/assets/%25%32",
          "/assets/%c3%a9"
        })
    void otherEscapes_areWhatTheyAre(String uri) {
      assertThat(PATTERNS.matches(request(uri, "/assets/a"))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/assets/../admin", "/assets//a", "/assets/a;b", "/assets/\\a"})
    void decodedPathIsLookedAtToo(String path) {
      assertThat(PATTERNS.matches(request("/assets/a", path))).isFalse();
      PathPatterns elsewhere = PathPatterns.of("protectedPaths", List.of("/admin"));
      assertThat(elsewhere.mayMatch(request("/assets/a", path))).isTrue();
    }

    @Test
    void containerThatRefusesToDecode_isNotAsked() {
      HttpServletRequest request = mock(HttpServletRequest.class);
      when(request.getRequestURI()).thenReturn("/assets/..%2fadmin");
      when(request.getServletPath()).thenThrow(new IllegalArgumentException("ambiguous"));
      assertThat(PATTERNS.matches(request)).isFalse();
      assertThat(PATTERNS.mayMatch(request)).isTrue();
    }
  }

  @Nested
  class Demanding {

    private final PathPatterns demanded =
        PathPatterns.of("protectedPaths", List.of("/account", "/admin/*"));

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/account",
          "/account/",
          "/ACCOUNT",
          "/admin",
          "/Admin/",
          "/admin/x/y",
          "/aDMIN/x"
        })
    void mayMatch_whatSomeFrameworkTakesForIt(String path) {
      assertThat(demanded.mayMatch(request(path, path))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/accounts", "/account/x", "/administration", "/x/admin"})
    void mayMatch_anotherPath_isFalse(String path) {
      assertThat(demanded.mayMatch(request(path, path))).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "health",
        "*.css",
        "*",
        "/*.css",
        "/a*",
        "/*/b",
        "/a/**",
        "//",
        "//*",
        "/a//b",
        "/a/../b",
        "/a/.",
        "/a;b",
        "/a\\b",
        "/a%20b",
        "/a?b",
        "/a#b",
        "/a\n",
        "https://shop.example/a"
      })
  void of_whatIsNoPattern_isRefusedWithSettingRuleAndValue(String pattern) {
    assertThatThrownBy(() -> PathPatterns.of("exclude", List.of(pattern)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("exclude must be a path such as /health")
        .hasMessageEndingWith(": " + pattern);
  }

  private static HttpServletRequest request(String uri, String servletPath) {
    HttpServletRequest request = mock(HttpServletRequest.class);
    when(request.getRequestURI()).thenReturn(uri);
    when(request.getServletPath()).thenReturn(servletPath);
    return request;
  }
}
