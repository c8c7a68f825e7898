package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.io.IOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("B01: cookies with an age, as the JDK's cookie manager keeps them")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class JdkCookieManagerTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private final CookieManager cookies = new CookieManager();
  private final HttpClient client = HttpClient.newBuilder().cookieHandler(cookies).build();

  @BeforeEach
  void start() {
    site =
        new Site(
                container,
                false,
                manager ->
                    manager.policy(
                        SessionPolicy.builder()
                            .rememberedAbsoluteTimeout(Duration.ofDays(30))
                            .build()),
                // The JDK sends no Secure cookie by plain HTTP.
                filter -> filter.cookie(SessionCookie.insecureForLocalDevelopment()))
            .on(
                "/login",
                (request, response) -> {
                  // Time goes on between the login and its cookie.
                  WebSession.of(request).login("alice", LoginOptions.remember());
                })
            .on("/me", (request, response) -> response.getWriter().print(request.getRemoteUser()))
            .on(
                "/header",
                (request, response) -> response.getWriter().print(request.getHeader("Cookie")));
  }

  private String get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + site.port() + path);
    return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
  }

  private List<HttpCookie> kept() {
    return cookies.getCookieStore().getCookies();
  }

  @Test
  void rememberedLogin_isRecognised_andEnds() throws Exception {
    get("/login");

    assertThat(kept()).hasSize(1);
    assertThat(kept().get(0).getVersion()).isZero();
    assertThat(kept().get(0).getMaxAge()).isEqualTo(Duration.ofDays(30).toSeconds());
    assertThat(get("/me")).isEqualTo("alice");

    get("/logout");

    assertThat(kept()).isEmpty();
    assertThat(get("/me")).isEqualTo("null");
  }

  @Test
  @DisplayName("with the hint of the near cache beside it, which has an age too")
  void hint_doesNotSpoilTheHeader() throws Exception {
    try (var manager =
        io.coatcheck.session.SessionManager.builder(
                NearCacheSessionStore.builder(
                        InMemorySessionStore.builder().copyOnRead(true).build())
                    .build())
            .clock(site.clock)
            .cleanUpInterval(Duration.ZERO)
            .build()) {
      site.filters(
          SessionFilter.builder(manager)
              .cookie(SessionCookie.insecureForLocalDevelopment())
              .build());
      site.on("/note", (request, response) -> request.getSession().setAttribute("note", "a note"));

      get("/login");
      get("/note");

      assertThat(kept())
          .extracting(HttpCookie::getName)
          .containsExactlyInAnyOrder("session-insecure", "session-insecure-seen");
      assertThat(kept()).allMatch(cookie -> cookie.getVersion() == 0);
      assertThat(get("/me")).isEqualTo("alice");
    }
  }

  @Test
  @DisplayName("a hint that comes back in quotation marks is understood")
  void quotedHint_counts() {
    PresentedValues found = new PresentedValues();
    CookieHeader.read(
        java.util.Collections.enumeration(List.of("s-seen=\"a~1~2\"; s=\"token\"; s-seen=\"")),
        "s",
        "s-seen",
        found);

    assertThat(found.hints()).containsExactly("a~1~2", "\"");
    assertThat(found.texts()).as("a token counts as it stands").containsExactly("\"token\"");
  }
}
