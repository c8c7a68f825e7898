package io.coatcheck.session.nearcache;

import static io.coatcheck.session.nearcache.NodeFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("only a live session is answered from a copy")
class NearCacheRequestsTest {

  private final NodeFixture fixture = new NodeFixture();
  private final RemoteStore remote = fixture.remote;
  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private final SessionManager here = manager(fixture.node);
  private final SessionManager elsewhere = manager(fixture.near(Duration.ZERO));

  @AfterEach
  void close() {
    fixture.close();
  }

  private SessionManager manager(SessionStore store) {
    return SessionManager.builder(store)
        .listener(event -> events.add(event))
        .clock(() -> NOW)
        .codec(JavaSerializationCodec.builder().build())
        .cleanUpInterval(Duration.ZERO)
        .build();
  }

  private String login(SessionManager manager, Session session) {
    LoginOutcome result = manager.authenticate(session, "alice", LoginOptions.defaults());
    return ((LoginOutcome.Granted) result).session().unsentToken().orElseThrow().value();
  }

  private Session live(SessionManager manager, String token) {
    return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
  }

  @Test
  void resolve_freshLoginElsewhere_isNeverRefused() {
    String first = login(here, null);
    live(here, first);
    String second = login(elsewhere, live(elsewhere, first));

    // This node's copy has the old secret only.
    assertThat(here.adapter().resolve(List.of(second))).isInstanceOf(Resolution.Live.class);
    assertThat(here.adapter().resolve(List.of(first))).isInstanceOf(Resolution.Superseded.class);
  }

  @Test
  void resolve_again_asksNoStore() {
    String token = login(here, null);
    live(here, token);
    int before = remote.finds.get();
    for (int i = 0; i < 100; i++) {
      live(here, token);
    }
    assertThat(remote.finds).hasValue(before);
  }

  @Test
  @DisplayName("I21: a copy of what has ended elsewhere does not make another token ambiguous")
  void resolve_oldCopyBesideALiveToken_refusesNothing() {
    String current = login(here, null);
    live(here, current);
    for (boolean first : List.of(true, false)) {
      String ended = login(here, null);
      elsewhere.revoke(live(here, ended).id());

      assertThat(here.adapter().resolve(first ? List.of(ended, current) : List.of(current, ended)))
          .isInstanceOf(Resolution.Live.class);
    }
    String both = login(here, null);
    live(here, both);
    assertThat(here.adapter().resolve(List.of(both, current)))
        .isInstanceOf(Resolution.Absent.class);
  }

  @Test
  @DisplayName("I2: two old copies of sessions that have ended admit no request")
  void resolve_twoOldCopies_areBothRefused() {
    String one = login(here, null);
    String other = login(here, null);
    live(here, one);
    live(here, other);
    elsewhere.revokeAllOf("alice");

    assertThat(here.adapter().resolve(List.of(one, other))).isInstanceOf(Resolution.Unknown.class);
  }

  @Test
  @DisplayName("a session revoked elsewhere dies here within the bound")
  void resolve_revokedElsewhere_diesWithinTheBound() {
    String token = login(here, null);
    live(here, token);
    elsewhere.revokeAllOf("alice");
    assertThat(here.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);

    fixture.pass(Duration.ofSeconds(1));

    assertThat(here.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Unknown.class);
  }

  @Test
  @DisplayName("F45: a node with a copy is notified when it finds that the session has ended")
  void endElsewhere_isReported() {
    String token = login(here, null);
    Session session = live(here, token);
    elsewhere.revokeAllOf("alice");
    assertThat(endsElsewhere()).isEmpty();

    assertThat(here.isStillLive(session)).isFalse();

    Await.until(() -> endsElsewhere().size() == 1);
    SessionEvent.EndedElsewhere told = endsElsewhere().get(0);
    assertThat(told.session().id()).isEqualTo(session.id());
    assertThat(told.principal()).contains("alice");
    assertThat(told.at()).isEqualTo(NOW);

    assertThat(here.isStillLive(session)).isFalse();
    here.adapter().resolve(List.of(token));
    String other = login(here, null);
    live(here, other);
    elsewhere.revokeAllOf("alice");
    here.isStillLive(((Resolution.Live) here.adapter().resolve(List.of(other))).session());
    Await.until(() -> endsElsewhere().size() > 1);
    assertThat(endsElsewhere()).as("each once, in order").hasSize(2);
  }

  @Test
  void endHere_isNoEndElsewhere() {
    String token = login(here, null);
    live(here, token);

    here.revokeAllOf("alice");
    here.adapter().resolve(List.of(token));

    assertThat(endsElsewhere()).isEmpty();
    assertThat(events).filteredOn(SessionEvent.Ended.class::isInstance).hasSize(1);
  }

  private List<SessionEvent.EndedElsewhere> endsElsewhere() {
    return events.stream()
        .filter(SessionEvent.EndedElsewhere.class::isInstance)
        .map(SessionEvent.EndedElsewhere.class::cast)
        .toList();
  }

  @Test
  @DisplayName("I2: a request that an old copy admitted cannot write to a session that has ended")
  void save_onAnOldCopy_isDropped() {
    String token = login(here, null);
    live(here, token);
    elsewhere.revokeAllOf("alice");
    Session late = live(here, token);
    late.setAttribute("a", "1");

    assertThat(here.save(late)).isFalse();
    assertThat(here.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Unknown.class);
  }

  @Test
  @DisplayName("I4: a write on an old copy is merged into the newer session")
  void save_onAnOldCopy_isMerged() {
    String token = login(here, null);
    live(here, token);
    Session other = live(elsewhere, token);
    other.setAttribute("other", "1");
    elsewhere.save(other);
    Session own = live(here, token);
    own.setAttribute("own", "2");

    assertThat(here.save(own)).isTrue();

    assertThat(live(here, token).attributeNames()).containsExactly("other", "own");
  }

  @Test
  void resolve_forged_isConfirmedByTheStore() {
    String token = login(here, null);
    live(here, token);
    SessionToken forged =
        SessionToken.generate(
            SessionId.parse(token.substring(0, 36)).orElseThrow(), new SecureRandom());

    assertThat(here.adapter().resolve(List.of(forged.value())))
        .isInstanceOf(Resolution.Mismatched.class);
  }
}
