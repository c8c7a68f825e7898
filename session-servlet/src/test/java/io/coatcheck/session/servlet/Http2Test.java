package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("HTTP/2, where clients send each cookie in its own field (RFC 9113, 8.2.3)")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class Http2Test {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on(
                "/who",
                (request, response) ->
                    response
                        .getWriter()
                        .print(WebSession.of(request).principal().orElse("nobody")));
  }

  private HttpResponse<String> get(String path, String... cookies)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + site.port() + path))
            .timeout(Duration.ofSeconds(60));
    for (String cookie : cookies) {
      request.header("Cookie", cookie);
    }
    HttpResponse<String> response =
        CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
    return response;
  }

  @Test
  void session_isRecognisedAmongSplitCookies() throws Exception {
    List<String> set = get("/login").headers().allValues("set-cookie");
    assertThat(set).hasSize(1);
    String cookie = set.get(0).substring(0, set.get(0).indexOf(';'));

    assertThat(get("/who", "a=1", cookie, "b=2").body()).isEqualTo("alice");
    assertThat(get("/who", "a=1; " + cookie, "b=2").body()).isEqualTo("alice");
    assertThat(get("/who", cookie, cookie).body()).isEqualTo("alice");
    assertThat(get("/who", "a=1").body()).isEqualTo("nobody");

    HttpResponse<String> logout = get("/logout", "a=1", cookie);
    assertThat(logout.headers().allValues("set-cookie").get(0)).contains("Max-Age=0");
    assertThat(get("/who", "a=1", cookie).body()).isEqualTo("nobody");
  }
}
