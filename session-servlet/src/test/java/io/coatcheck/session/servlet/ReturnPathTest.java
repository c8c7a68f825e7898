package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import jakarta.servlet.http.HttpServletRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReturnPathTest {

  private static final String OTHERWISE = "/home";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/account",
        "/shop/account/",
        "/search?q=a%20b&u=https://x.example//y",
        "/search?q=%0d%0a%2f%2e%5c",
        "/items?filter[a]={1|2}",
        "/sm%C3%B6rg%C3%A5s",
        "/100%25",
        "/javascript:alert(1)",
        "/user@host",
      })
  void pathOfThisOrigin_isGivenBack(String target) {
    assertThat(RequireLogin.next(request(target), OTHERWISE)).isEqualTo(target);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "account",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/%09/evil.example",
        "/%2f/evil.example",
        "/%2Fevil.example",
        "/%5cevil.example",
        "/%255cevil.example",
        "/%252fevil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/../evil",
        "/%2e%2e//evil.example",
        "/..;/evil",
        "/a;b",
        "https://evil.example",
        "https:/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        ":80@evil.example",
        "?next=//evil.example",
        "#//evil.example",
        "/a#b",
        "/a\r\nSet-Cookie: session=1",
        "/a?b\r\nSet-Cookie: session=1",
        "/a\0",
        "/a?\0",
        "/a?\u007f",
        "/a?b\"><script>",
        "/a\u00e9",
        "/a\u2028b",
        "/\uff0fevil.example",
        "/a?\ud800",
        "/a%",
      })
  void anythingElse_isNot(String target) {
    assertThat(RequireLogin.next(request(target), OTHERWISE)).isEqualTo(OTHERWISE);
  }

  @Test
  void noneAtAll_orSeveral_isNot() {
    HttpServletRequest request = mock(HttpServletRequest.class);
    assertThat(RequireLogin.next(request, OTHERWISE)).isEqualTo(OTHERWISE);
    assertThat(RequireLogin.next(request("/a", "/a"), OTHERWISE)).isEqualTo(OTHERWISE);
  }

  @Test
  void length_isBounded() {
    String longest = "/" + "a".repeat(ReturnPath.MAX_LENGTH - 1);
    assertThat(RequireLogin.next(request(longest), OTHERWISE)).isEqualTo(longest);
    assertThat(RequireLogin.next(request(longest + "a"), OTHERWISE)).isEqualTo(OTHERWISE);
  }

  @Test
  void queryFor_comesBackAsItWent() {
    HttpServletRequest request = mock(HttpServletRequest.class);
    when(request.getRequestURI()).thenReturn("/shop/a%20b");
    when(request.getQueryString()).thenReturn("x=1&next=%2F&y=+&z=%");
    String query = ReturnPath.queryFor(request);
    assertThat(query).startsWith("?next=").doesNotContain("&");
    String decoded = URLDecoder.decode(query.substring("?next=".length()), StandardCharsets.UTF_8);
    assertThat(RequireLogin.next(request(decoded), OTHERWISE))
        .isEqualTo("/shop/a%20b?x=1&next=%2F&y=+&z=%");
  }

  @ParameterizedTest
  @ValueSource(strings = {"//evil.example/a", "/a/..;/b", "/a%2fb"})
  void queryFor_whatCannotComeBack_isEmpty(String uri) {
    HttpServletRequest request = mock(HttpServletRequest.class);
    when(request.getRequestURI()).thenReturn(uri);
    assertThat(ReturnPath.queryFor(request)).isEmpty();
  }

  private static HttpServletRequest request(String... next) {
    HttpServletRequest request = mock(HttpServletRequest.class);
    when(request.getParameterValues("next")).thenReturn(next);
    return request;
  }
}
