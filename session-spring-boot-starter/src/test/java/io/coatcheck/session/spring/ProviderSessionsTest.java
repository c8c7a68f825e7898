package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.oauth2.client.oidc.authentication.logout.OidcLogoutToken;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionInformation;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;

@DisplayName("A logout token at a node with several sessions of its user")
class ProviderSessionsTest {

  private static final String ISSUER = "https://provider.example";

  private static final OidcLogoutToken OF_ANN =
      OidcLogoutToken.withTokenValue("logout")
          .issuer(ISSUER)
          .subject("ann")
          .audience(List.of("shop"))
          .jti("1")
          .issuedAt(Instant.EPOCH)
          .events(Map.of("http://schemas.openid.net/event/backchannel-logout", Map.of()))
          .build();

  /** Fails at one call to end a session. */
  private static final class FailingOnce extends ForwardingSessionStore {

    private final int failing;
    private int deletions;

    FailingOnce(int failing) {
      super(InMemorySessionStore.builder().build());
      this.failing = failing;
    }

    @Override
    public Optional<StoredSession> delete(SessionId id) {
      if (deletions++ == failing) {
        throw new SessionStoreException("the database cannot be reached");
      }
      return super.delete(id);
    }
  }

  private final MovedClock.Clock clock = new MovedClock.Clock();

  /** The other clock, which is never set; starts shortly before it overflows. */
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);

  private void pass(Duration time) {
    clock.advance(time);
    nanos.addAndGet(time.toNanos());
  }

  private SessionManager byClock() {
    return SessionManager.builder(InMemorySessionStore.builder().build())
        .clock(clock)
        .cleanUpInterval(Duration.ZERO)
        .build();
  }

  private static OidcSessionInformation login(String sessionId) {
    return new OidcSessionInformation(
        sessionId,
        Map.of(),
        new DefaultOidcUser(
            AuthorityUtils.createAuthorityList("ROLE_USER"),
            new OidcIdToken(
                "id",
                Instant.EPOCH,
                Instant.EPOCH.plusSeconds(300),
                Map.of("iss", ISSUER, "sub", "ann", "aud", List.of("shop"), "sid", sessionId))));
  }

  private static SessionId begin(SessionManager manager) {
    return ((LoginOutcome.Granted) manager.authenticate(null, "ann", LoginOptions.defaults()))
        .session()
        .id();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  @DisplayName("finds those that are left if the store failed midway, and the container's too")
  void storeFails(int failing) {
    try (SessionManager manager = SessionManager.builder(new FailingOnce(failing)).build()) {
      ProviderSessions sessions = new ProviderSessions(manager);
      List<SessionId> ids = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        ids.add(begin(manager));
        sessions.saveSessionInformation(login(ids.get(i) + "~" + i));
      }
      sessions.saveSessionInformation(login("of the container"));

      assertThatThrownBy(() -> sessions.removeSessionInformation(OF_ANN))
          .isInstanceOf(SessionStoreException.class);
      assertThat(manager.sessionsOf("ann")).hasSize(3 - failing);
      assertThat(sessions.kept()).isEqualTo(3 - failing);

      assertThat(sessions.removeSessionInformation(OF_ANN))
          .singleElement()
          .extracting(OidcSessionInformation::getSessionId)
          .isEqualTo("of the container");
      assertThat(manager.sessionsOf("ann")).isEmpty();
      assertThat(sessions.removeSessionInformation(OF_ANN)).isEmpty();
      assertThat(ids).allMatch(id -> sessions.removeSessionInformation(id + "~7") == null);
    }
  }

  @Test
  @DisplayName("and a logout of one of them leave nothing in memory")
  void removed() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build()).build()) {
      ProviderSessions sessions = new ProviderSessions(manager);
      String loggedOut = begin(manager).toString();
      String named = begin(manager).toString();
      sessions.saveSessionInformation(login(loggedOut + "~1"));
      sessions.saveSessionInformation(login(loggedOut + "~2"));
      sessions.saveSessionInformation(login(named + "~1"));
      assertThat(sessions.kept()).isEqualTo(2);

      sessions.removeSessionInformation(loggedOut + "~2");
      assertThat(sessions.kept()).isEqualTo(1);

      sessions.removeSessionInformation(OF_ANN);
      assertThat(sessions.kept()).isZero();
    }
  }

  @Test
  @DisplayName(
      "is not kept for longer than a session can live, unless its user has logged in again")
  void ended() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build()).clock(clock).build()) {
      ProviderSessions sessions = new ProviderSessions(manager, nanos::get);
      String old = begin(manager).toString();
      String again = begin(manager).toString();
      sessions.saveSessionInformation(login(old));
      sessions.saveSessionInformation(login(again));
      sessions.saveSessionInformation(login("of the container"));
      pass(Duration.ofDays(1));
      sessions.saveSessionInformation(login(again));
      pass(manager.policy().rememberedAbsoluteTimeout().minus(Duration.ofHours(1)));
      sessions.saveSessionInformation(login(begin(manager).toString()));
      assertThat(sessions.removeSessionInformation(old)).isNull();
      assertThat(sessions.removeSessionInformation(again)).isNotNull();
      assertThat(sessions.removeSessionInformation("of the container")).isNotNull();
    }
  }

  @Test
  @DisplayName("finds the sessions that are live again after the clock was ahead for a while")
  void clockAheadForAWhile_liveSessionsAreFound() {
    try (SessionManager manager = byClock()) {
      ProviderSessions sessions = new ProviderSessions(manager, nanos::get);
      SessionId live = begin(manager);
      sessions.saveSessionInformation(login(live.toString()));
      clock.advance(Duration.ofDays(400));
      sessions.saveSessionInformation(login(begin(manager).toString()));
      clock.advance(Duration.ofDays(-400));

      sessions.removeSessionInformation(OF_ANN);

      assertThat(manager.sessionsOf("ann")).isEmpty();
    }
  }

  @Test
  @DisplayName("does not wait for a login that came while the clock was ahead, to forget others")
  void clockWasAhead_othersAreForgotten() {
    try (SessionManager manager = byClock()) {
      ProviderSessions sessions = new ProviderSessions(manager, nanos::get);
      clock.advance(Duration.ofDays(400));
      sessions.saveSessionInformation(login(begin(manager).toString()));
      clock.advance(Duration.ofDays(-400));
      sessions.saveSessionInformation(login(begin(manager).toString()));
      pass(manager.policy().rememberedAbsoluteTimeout().plusHours(1));

      sessions.saveSessionInformation(login(begin(manager).toString()));

      assertThat(sessions.kept()).as("that of the future, and the new one").isEqualTo(2);
    }
  }

  @Test
  @DisplayName("nor for one that came while the clock was behind, for longer than a session lives")
  void clockWasBehind_othersAreForgotten() {
    try (SessionManager manager = byClock()) {
      ProviderSessions sessions = new ProviderSessions(manager, nanos::get);
      sessions.saveSessionInformation(login(begin(manager).toString()));
      clock.advance(Duration.ofDays(-400));
      sessions.saveSessionInformation(login(begin(manager).toString()));
      clock.advance(Duration.ofDays(400));
      pass(manager.policy().rememberedAbsoluteTimeout().plusHours(1));

      sessions.saveSessionInformation(login(begin(manager).toString()));

      assertThat(sessions.kept()).isEqualTo(1);
    }
  }
}
