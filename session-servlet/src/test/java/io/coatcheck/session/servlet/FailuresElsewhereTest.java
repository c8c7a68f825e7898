package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What other session managers got wrong and no other test here has: the numbers are those of the
 * table in docs/SECURITY.md.
 */
@DisplayName("What went wrong elsewhere")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class FailuresElsewhereTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container, true, builder -> builder, builder -> builder)
            .on(
                "/ask",
                (request, response) ->
                    response
                        .getWriter()
                        .print(request.getSession(false) == null ? "[none]" : "[session]"));
    browser = site.browser();
  }

  @Test
  @DisplayName("F1: what a thief reads in the store cannot be presented")
  void storedRow_opensNothing() {
    browser.get("/login");
    String id = browser.token().substring(0, 36);
    String secret = browser.token().substring(37);
    StoredSession row = site.stored(browser.token());
    byte[] hash = row.secretHash().toBytes();
    String encodedHash = Base64.getUrlEncoder().withoutPadding().encodeToString(hash);

    assertThat(hash).isNotEqualTo(Base64.getUrlDecoder().decode(secret));
    for (String stolen : List.of(id, id + ".", id + "." + encodedHash, encodedHash)) {
      assertThat(site.browser().token(stolen).get("/me").body()).as(stolen).isEqualTo("nobody");
    }
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  /** The watch over all tests sees what the containers log, as docs/SECURITY.md configures them. */
  @Test
  @DisplayName("F2: a malformed header is neither logged nor, if it reaches us, shown")
  void malformedHeaders_areNotLogged() throws IOException {
    browser.get("/login");
    String ours = "__Host-session=" + browser.token();
    for (String header :
        List.of(
            "Cookie: a=b,c; " + ours + ",",
            "Cookie: " + ours + "\u0001",
            "Cookie: " + ours + "\u007f\u0000",
            "Cookie : " + ours,
            "Coo kie: " + ours,
            "Cookie: " + ours + "\r\n folded: " + ours,
            "Cookie: $Version=1; " + ours + "; $Path=/",
            ours + ": x",
            "Authorization: Bearer " + browser.token() + "\u0000",
            "Content-Length: " + browser.token())) {
      try (RawClient client = new RawClient(site.port())) {
        String answer = client.get("/me", header);
        if (!answer.startsWith("HTTP/1.1 400")) {
          assertThat(answer).doesNotContain(browser.token().substring(37));
        }
      }
    }
    try (RawClient client = new RawClient(site.port())) {
      client.get("/me?" + browser.token() + "=%zz");
    }
  }

  @Test
  @DisplayName("F4: a quotation mark in one cookie swallows no other, and no value is echoed")
  void quotedNeighbour_swallowsNothing() throws IOException {
    browser.get("/login");
    String ours = "__Host-session=" + browser.token();
    try (RawClient client = new RawClient(site.port())) {
      String swallowing = client.get("/me", "Cookie: a=\"x; " + ours + "; b=y\"");
      assertThat(swallowing).contains("alice").doesNotContain(browser.token().substring(37));
      String quoted = client.get("/me", "Cookie: __Host-session=\"" + browser.token() + "\"");
      assertThat(quoted).contains("nobody").doesNotContain(browser.token().substring(37));
      String inner = client.get("/me", "Cookie: a=\"" + ours + "\"");
      assertThat(inner).contains("nobody").doesNotContain(browser.token().substring(37));
    }
  }

  @Test
  @DisplayName("F5: what strangers and outages make us log is bounded, even at TRACE")
  void logVolume_isBounded() {
    AuditListener audit = new AuditListener();
    SessionManager audited =
        SessionManager.builder(site.store)
            .clock(site.clock)
            .cleanUpInterval(Duration.ZERO)
            .listener(audit)
            .build();
    site.filters(SessionFilter.builder(audited).build());
    try (RecordedLog ours = RecordedLog.of("io.coatcheck").at(Level.TRACE)) {
      browser.get("/login");
      String live = browser.token();
      int requests = 60;
      for (int i = 0; i < requests; i++) {
        site.browser().get("/ask");
        for (String refused :
            List.of(
                "garbage",
                UUID.randomUUID() + "." + "A".repeat(43),
                live.substring(0, 37) + "A".repeat(43))) {
          site.browser().token(refused).get("/begin");
          site.browser().token(refused).get("/logout");
        }
      }
      assertThat(lines(ours, AuditListener.LOGGER_NAME, Level.WARN))
          .as("mismatched tokens")
          .isBetween(1L, (long) AuditListener.LINES_PER_MINUTE);
      // Malformed and unknown ones, and one for each session that was stored.
      assertThat(lines(ours, AuditListener.LOGGER_NAME, Level.DEBUG))
          .isLessThanOrEqualTo(2 * AuditListener.LINES_PER_MINUTE + 4 * requests);
      ours.clear();
      site.store.failAll();
      long begin = System.nanoTime();
      for (int i = 0; i < requests; i++) {
        assertThat(browser.get("/ask").status()).isEqualTo(503);
      }
      long seconds = Duration.ofNanos(System.nanoTime() - begin).toSeconds();
      assertThat(lines(ours, SessionFilter.class.getName(), Level.ERROR))
          .as("lines of an outage, one a second")
          .isLessThanOrEqualTo(seconds + 2);
      assertThat(lines(ours, AuditListener.LOGGER_NAME, Level.WARN))
          .isLessThanOrEqualTo(AuditListener.LINES_PER_MINUTE);
    }
  }

  private static long lines(RecordedLog log, String logger, Level level) {
    return log.events().stream()
        .filter(event -> event.getLoggerName().equals(logger) && event.getLevel() == level)
        .count();
  }

  /** Another node on the same store; requests go to it until the next call. */
  private SessionFilter node(UnaryOperator<NearCacheSessionStore.Builder> cache) {
    SessionManager manager =
        SessionManager.builder(cache.apply(NearCacheSessionStore.builder(site.store)).build())
            .clock(site.clock)
            .touchInterval(Duration.ofMinutes(1))
            .cleanUpInterval(Duration.ZERO)
            .build();
    return SessionFilter.builder(manager).build();
  }

  @Test
  @DisplayName("F13: a logout on one node is one on all, also for whom another node logged in")
  void logout_onAnotherNode() {
    SessionFilter first = SessionFilter.builder(site.manager).build();
    SessionFilter second = node(cache -> cache.maxStaleness(Duration.ZERO));
    for (SessionFilter logsOut : List.of(first, second)) {
      site.filters(first);
      browser.get("/login");
      String token = browser.token();
      site.filters(second);
      assertThat(browser.get("/me").body()).isEqualTo("alice");
      site.filters(logsOut);
      browser.get("/logout");

      for (SessionFilter asked : List.of(first, second)) {
        site.filters(asked);
        assertThat(site.browser().token(token).get("/me").body()).isEqualTo("nobody");
      }
      assertThat(site.stored(token)).isNull();
    }
  }

  @Test
  @DisplayName("F17: a changed password ends the other sessions, within the bound of a warm cache")
  void passwordChange_endsTheOthersOnAllNodes() {
    Duration bound = Duration.ofMillis(500);
    SessionFilter first = SessionFilter.builder(site.manager).build();
    SessionFilter second = node(cache -> cache.maxStaleness(bound));
    site.on(
        "/change-password",
        (request, response) -> {
          WebSession.of(request).logoutOthers();
          WebSession.of(request).renew();
        });
    browser.get("/login");
    Browser other = site.browser();
    other.get("/login");
    String before = browser.token();
    site.filters(second);
    for (int i = 0; i < 3; i++) {
      assertThat(other.get("/me").body()).isEqualTo("alice");
    }
    site.filters(first);
    browser.get("/change-password");
    long changed = System.nanoTime();
    assertThat(other.get("/me").body()).isEqualTo("nobody");
    assertThat(site.browser().token(before).get("/me").body()).isEqualTo("nobody");

    site.filters(second);
    while (System.nanoTime() - changed < bound.toNanos()) {
      Thread.onSpinWait();
    }
    assertThat(other.get("/me").body()).isEqualTo("nobody");
    assertThat(site.browser().token(before).get("/me").body()).isEqualTo("nobody");
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName("F22: no text that a user chooses is the key of a session")
  void keys_cannotBeChosenByUsers() {
    browser.get("/login");
    String id = browser.token().substring(0, 36);
    site.on(
        "/choose",
        (request, response) -> {
          request.getSession().setAttribute(id, "principal=alice");
          WebSession.of(request).login(request.getHeader("X-Name"));
        });
    for (String name : List.of(id, id + "~1", browser.token(), "session:" + id)) {
      Browser other = site.browser();
      other.send("GET", "/choose", "X-Name", name);
      assertThat(other.token()).isNotNull().doesNotStartWith(id);
      assertThat(other.get("/me").body()).isEqualTo(name);
    }
    assertThat(site.browser().token(id).get("/me").body()).isEqualTo("nobody");
    assertThat(browser.get("/me").body()).isEqualTo("alice");

    try (Site another = new Site(container)) {
      assertThat(another.browser().token(browser.token()).get("/me").body()).isEqualTo("nobody");
    }
  }

  @Test
  @DisplayName(
      "F43: the container's session is never created, whatever is done with the Coatcheck session")
  void containersSession_isNeverMade() {
    List<String> cookies = new ArrayList<>();
    site.on(
            "/everything",
            (request, response) -> {
              request.getSession();
              request.getSession(true).setAttribute("a", "1");
              request.changeSessionId();
              request.getRequestDispatcher("/begin").include(request, response);
              response.encodeURL("/x");
              request.isRequestedSessionIdValid();
            })
        .on(
            "/forward",
            (request, response) ->
                request.getRequestDispatcher("/begin").forward(request, response))
        .on("/invalidate", (request, response) -> request.getSession().invalidate())
        .on("/error", (request, response) -> response.sendError(500));
    for (String path :
        List.of("/ask", "/everything", "/forward", "/login", "/error", "/invalidate", "/logout")) {
      cookies.addAll(browser.get(path).setCookies());
    }
    assertThat(cookies).hasSize(3).allMatch(cookie -> cookie.startsWith("__Host-session="));
  }

  @Test
  @DisplayName("F14: after a logout the cookie is gone, and its old value opens nothing")
  void logout_clearsTheCookie_andItsValueIsDead() {
    browser.get("/login");
    String token = browser.token();
    String deletion = browser.get("/logout").setCookie();

    // A browser drops a __Host- cookie that is not Secure, has a Domain, or another Path.
    assertThat(deletion)
        .startsWith("__Host-session=;")
        .contains("; Path=/;", "; Secure;", "; Max-Age=0;")
        .doesNotContainIgnoringCase("domain=");
    assertThat(browser.token()).isNull();
    assertThat(site.browser().token(token).get("/me").body()).isEqualTo("nobody");
  }

  @Test
  @DisplayName("F65: a save that fails is a 503 and an event, never silence")
  void failedSave_isReported() {
    browser.get("/begin");
    site.on("/set", (request, response) -> request.getSession().setAttribute("b", "2"));
    site.store.fail("update");
    site.events.clear();

    Browser.Answer answer = browser.get("/set");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(site.events)
        .anyMatch(
            event ->
                event instanceof io.coatcheck.session.event.SessionEvent.StoreFailed failed
                    && failed.operation().equals("update"));
  }
}
