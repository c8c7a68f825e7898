package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.CrossOriginPolicy;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionCookie.SameSite;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokens in a cookie that another site makes a browser send, by the session cookie's SameSite. */
class JwtCookieCrossSiteTest {

  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().build()).build();
  private Node node;

  private void start(SameSite sameSite) throws Exception {
    JwtExchange exchange =
        JwtExchange.builder(manager, JwtCookieCrossSiteTest::verified).cookieName("token").build();
    SessionCookie cookie = SessionCookie.builder().sameSite(sameSite).build();
    CrossOriginPolicy policy = CrossOriginPolicy.builder().exempt("/callback").build();
    node = new Node(manager, exchange, filter -> filter.cookie(cookie).crossOrigin(policy));
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
  }

  private static Optional<VerifiedToken> verified(String token) {
    Instant now = Instant.now();
    return Optional.of(
        VerifiedToken.of("alice", "issuer", token, now, now.plus(Duration.ofHours(1))));
  }

  private Node.Answer fromElsewhere(String mode, String destination) throws Exception {
    return node.get(
        "/",
        "Cookie",
        "token=1",
        "Sec-Fetch-Site",
        "cross-site",
        "Sec-Fetch-Mode",
        mode,
        "Sec-Fetch-Dest",
        destination);
  }

  private void assertNotLookedAt(Node.Answer answer) {
    assertThat(answer.principal()).isEqualTo("anonymous");
    assertThat(answer.cookies()).isEmpty();
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void anotherSite_exchangesNothing_butANavigationDoes() throws Exception {
    start(SameSite.NONE);
    assertNotLookedAt(fromElsewhere("no-cors", "image"));
    assertNotLookedAt(fromElsewhere("cors", "empty"));
    assertNotLookedAt(fromElsewhere("websocket", "websocket"));
    assertThat(fromElsewhere("navigate", "iframe").principal()).isEqualTo("alice");
  }

  /** The browser would not send the session's cookie in such a request, so it may have one. */
  @ParameterizedTest
  @CsvSource({"STRICT, document", "STRICT, iframe", "LAX, iframe"})
  void navigation_fromWhichOurCookieIsWithheld_exchangesNothing_andKeepsTheToken(
      SameSite sameSite, String destination) throws Exception {
    start(sameSite);
    assertNotLookedAt(fromElsewhere("navigate", destination));
    assertThat(node.get("/", "Cookie", "token=1").principal()).isEqualTo("alice");
  }

  @Test
  void formOfAnotherSite_isRefused_andExchangesNothing() throws Exception {
    start(SameSite.NONE);
    Node.Answer answer = form("/");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.cookies()).isEmpty();
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void formOfAnotherSite_onAnExemptPath_exchangesNothing() throws Exception {
    start(SameSite.NONE);
    assertThat(form("/callback").cookies()).isEmpty();
    assertThat(manager.sessionsOf("alice")).isEmpty();
    assertThat(node.get("/", "Cookie", "token=1").principal()).isEqualTo("alice");
  }

  private Node.Answer form(String path) throws Exception {
    return node.post(
        path,
        "a=b",
        "Cookie",
        "token=1",
        "Sec-Fetch-Site",
        "cross-site",
        "Sec-Fetch-Mode",
        "navigate");
  }
}
