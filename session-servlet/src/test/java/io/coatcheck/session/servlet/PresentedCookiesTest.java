package io.coatcheck.session.servlet;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.event.SessionEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Cookies as clients present them, byte by byte")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class PresentedCookiesTest {

  @Parameter Container container;

  private Site site;
  private RawClient client;
  private String token;

  @BeforeEach
  void start() throws IOException {
    site =
        new Site(container)
            .on(
                "/ask",
                (request, response) ->
                    response
                        .getWriter()
                        .print(request.getSession(false) == null ? "[none]" : "[session]"));
    client = new RawClient(site.port());
    Browser browser = site.browser();
    browser.get("/begin");
    token = browser.token();
    site.store.forgetCalls();
    site.events.clear();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    site.close();
  }

  private static String unknownToken() {
    return UUID.randomUUID() + "." + "A".repeat(43);
  }

  @Test
  @DisplayName("F49: several header lines are all read")
  void twoLines_areRead() throws IOException {
    assertThat(client.get("/ask", "Cookie: a=1", "Cookie: __Host-session=" + token))
        .contains("[session]");
  }

  @ParameterizedTest
  @DisplayName(
      "I14, F4, F21, F49: anything but exactly a Coatcheck token opens no session, and costs no look-up")
  @ValueSource(
      strings = {
        "=__Host-session=%s",
        "__Host-session=\"%s\"",
        "$Version=1; __Host-session=%s",
        "__Host-session =%s",
        "__Host-session= %s",
        "__host-session=%s",
        "__Host.session=%s",
        "__Host-session=%s%%20",
        "__Host-session=%s,",
        "__Host-session=",
        "__Host-session",
        "__Host-session='; DROP TABLE http_session; --",
        "__Host-session=\u00e9\u00ff",
        "__Host-session=\t\t",
        "__Host-session%%00=%s",
      })
  void malformed_isNoSession(String pattern) throws IOException {
    String answer = client.get("/ask", "Cookie: " + String.format(pattern, token));

    assertThat(answer).contains("200").contains("[none]").doesNotContain("Set-Cookie");
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("I14: the longest header that the container accepts opens no session")
  void longValue_isNoSession() throws IOException {
    assertThat(client.get("/ask", "Cookie: __Host-session=" + "A".repeat(7000))).contains("[none]");
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("F47: a live cookie among refused ones of the same name counts, in any order")
  void oneLiveAmongMany_counts() throws IOException {
    String ours = "__Host-session=" + token;
    String stale = "__Host-session=" + unknownToken();
    String garbage = "__Host-session=garbage";

    assertThat(client.get("/ask", "Cookie: " + ours + "; " + stale)).contains("[session]");
    assertThat(client.get("/ask", "Cookie: " + stale + "; " + ours)).contains("[session]");
    assertThat(client.get("/ask", "Cookie: " + garbage + "; " + ours)).contains("[session]");
    assertThat(client.get("/ask", "Cookie: " + ours + "; " + ours)).contains("[session]");
  }

  @Test
  @DisplayName("F47: two live cookies count as none, and the listeners are notified")
  void twoLive_areNone() throws IOException {
    Browser other = site.browser();
    other.get("/begin");

    assertThat(
            client.get(
                "/ask", "Cookie: __Host-session=" + token + "; __Host-session=" + other.token()))
        .contains("[none]")
        .doesNotContain("Set-Cookie");
    assertThat(site.events)
        .anyMatch(
            event ->
                event instanceof SessionEvent.TokenRefused refused
                    && refused.reason() == RefusalReason.AMBIGUOUS);
  }

  @Test
  @DisplayName("F48, attack 7: more than four cookies of the name are none, and none is looked up")
  void manyCookies_costNoLookUp() throws IOException {
    StringBuilder cookies = new StringBuilder("a=1");
    for (int i = 0; i < 60; i++) {
      cookies.append("; __Host-session=").append(unknownToken());
    }

    assertThat(client.get("/ask", "Cookie: " + cookies)).contains("[none]");
    assertThat(site.store.calls()).isEmpty();
  }

  @ParameterizedTest
  @DisplayName("attack 7: a fifth value makes all of them none, wherever the live one stands")
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void moreThanFour_areNone(int place) throws IOException {
    List<String> values = new ArrayList<>(List.of("1", "2", unknownToken(), "4"));
    values.add(place, token);
    String cookies = values.stream().collect(joining("; __Host-session=", "__Host-session=", ""));
    assertThat(client.get("/ask", "Cookie: " + cookies)).contains("[none]");

    values.remove(place == 0 ? 1 : 0);
    cookies = values.stream().collect(joining("; __Host-session=", "__Host-session=", ""));
    assertThat(client.get("/ask", "Cookie: " + cookies)).as("four").contains("[session]");
  }

  @Test
  @DisplayName(
      "attack 7: a client that plants four values beside another user's does not become that user")
  void plantedAmongMany_isNone() throws IOException {
    Browser mallory = site.browser();
    mallory.get("/begin");
    String cookies =
        Stream.of(mallory.token(), "1", "2", "3", token)
            .collect(joining("; __Host-session=", "__Host-session=", ""));

    assertThat(client.get("/ask", "Cookie: " + cookies)).contains("[none]");
    assertThat(site.events)
        .anyMatch(
            event ->
                event instanceof SessionEvent.TokenRefused refused
                    && refused.reason() == RefusalReason.AMBIGUOUS);
  }

  @Test
  @DisplayName("F20: nothing of a request is left for the next one on the connection")
  void keepAlive_sharesNothing() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertThat(client.get("/ask", "Cookie: __Host-session=" + token)).contains("[session]");
      assertThat(client.get("/ask")).contains("[none]");
    }
  }

  @Test
  @DisplayName("I14: random bytes never do worse than no session")
  void randomBytes_areNoSession() throws IOException {
    Random random = new Random(20260101);
    for (int round = 0; round < 300; round++) {
      StringBuilder cookie = new StringBuilder();
      int length = random.nextInt(200);
      for (int i = 0; i < length; i++) {
        // Containers refuse control characters by themselves, before any filter.
        int character = ' ' + random.nextInt(0xFF - ' ');
        cookie.append(character == 0x7F ? ' ' : (char) character);
      }
      String answer = client.get("/ask", "Cookie: " + cookie + "; __Host-session=" + cookie);
      assertThat(answer).contains("HTTP/1.1 200").contains("[none]");
    }
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("F54: ten thousand visitors without a cookie leave no row")
  void visitors_leaveNothing() throws IOException {
    for (int i = 0; i < 2_500; i++) {
      assertThat(client.get("/ask")).contains("[none]").doesNotContain("Set-Cookie");
      assertThat(client.get("/logout")).contains("200").doesNotContain("Set-Cookie");
      assertThat(client.get("/missing")).contains("404").doesNotContain("Set-Cookie");
      assertThat(client.get("/ask", "Cookie: __Host-session=x")).contains("[none]");
    }
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("I17, cross-origin: the filter refuses what other sites make a browser send")
  void crossSitePost_isRefused() {
    Browser browser = site.browser().token(token);

    Browser.Answer refused = browser.send("POST", "/ask", "Sec-Fetch-Site", "cross-site");
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.setCookies()).isEmpty();
    assertThat(site.store.calls()).isEmpty();
    assertThat(browser.send("POST", "/ask", "Sec-Fetch-Site", "same-origin").body())
        .isEqualTo("[session]");
    assertThat(browser.send("GET", "/ask", "Sec-Fetch-Site", "cross-site").body())
        .isEqualTo("[session]");
  }
}
