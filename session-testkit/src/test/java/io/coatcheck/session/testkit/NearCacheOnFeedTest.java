package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("two nodes whose copies a change feed keeps")
@Timeout(180)
class NearCacheOnFeedTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  /** So short that a test can wait until a copy is older. */
  private static final Duration SHORT = Duration.ofMillis(50);

  /** So long that no copy becomes too old during a test. */
  private static final Duration LONG = Duration.ofMinutes(1);

  private final InProcessChangeFeed feed = new InProcessChangeFeed();
  private final SessionStore database = InMemorySessionStore.builder().copyOnRead(true).build();
  private final List<NearCacheSessionStore> nodes = new ArrayList<>();
  private final NearCacheSessionStore elsewhere = node(LONG);

  private NearCacheSessionStore node(Duration maxStaleness) {
    NearCacheSessionStore node =
        NearCacheSessionStore.builder(feed.over(database)).maxStaleness(maxStaleness).build();
    nodes.add(node);
    return node;
  }

  @AfterEach
  void close() {
    nodes.forEach(NearCacheSessionStore::close);
  }

  private StoredSession stored() {
    StoredSession session = SampleSessions.anonymous(NOW).build();
    elsewhere.insert(session);
    return session;
  }

  private static NearCopies.Lookup look(NearCacheSessionStore node, StoredSession session) {
    return node.nearCopies().orElseThrow().lookUp(session.id(), 0, 0);
  }

  private static void passShort() {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin <= SHORT.toNanos()) {
      LockSupport.parkNanos(SHORT.toNanos());
    }
  }

  @Test
  @DisplayName("a copy of any age answers while the feed reports in time")
  void inTime_oldCopyAnswers() {
    NearCacheSessionStore here = node(SHORT);
    StoredSession session = stored();
    boolean isAnswered = false;
    // A machine that stalls makes the feed late: then the store is asked, and this tries again.
    for (int i = 0; i < 100 && !isAnswered; i++) {
      here.find(session.id());
      passShort();
      feed.complete();
      isAnswered = !look(here, session).isConfirmed();
    }

    assertThat(isAnswered).isTrue();
  }

  @Test
  @DisplayName("a change on the other node takes effect with its report, on its session only")
  void changed_looksAgain() {
    NearCacheSessionStore here = node(LONG);
    StoredSession updated = stored();
    StoredSession deleted = stored();
    StoredSession other = stored();
    List.of(updated, deleted, other).forEach(session -> look(here, session));

    elsewhere.update(updated, NOW);
    elsewhere.delete(deleted.id());

    assertThat(look(here, updated).session().orElseThrow().version()).isEqualTo(1);
    assertThat(look(here, deleted).session()).isEmpty();
    assertThat(look(here, other).isConfirmed()).as("asked the store").isFalse();
  }

  @Test
  @DisplayName("a copy does not outlive the bound when the feed is late")
  void late_looksAgain() {
    NearCacheSessionStore here = node(SHORT);
    StoredSession session = stored();
    look(here, session);
    feed.hold();
    elsewhere.delete(session.id());

    passShort();
    feed.complete();

    assertThat(look(here, session).session()).isEmpty();
  }

  @Test
  @DisplayName("when changes were missed, no copy is left")
  void missed_discardsEverything() {
    NearCacheSessionStore here = node(LONG);
    StoredSession deleted = stored();
    StoredSession other = stored();
    look(here, deleted);
    look(here, other);
    feed.hold();
    elsewhere.delete(deleted.id());
    assertThat(look(here, deleted).session()).as("before the report").isPresent();

    feed.lose();

    assertThat(here.size()).isZero();
    assertThat(look(here, deleted).session()).isEmpty();
    assertThat(look(here, other).isConfirmed()).isTrue();
  }

  @Test
  @DisplayName("I6: activity on the other node is not reported, and the store has it")
  void touchedElsewhere_isNotReported() {
    NearCacheSessionStore here = node(LONG);
    StoredSession session = stored();
    Instant later = NOW.plusSeconds(90);
    look(here, session);

    elsewhere.touch(session.id(), later, later);

    assertThat(look(here, session).isConfirmed()).isFalse();
    assertThat(look(here, session).session().orElseThrow().lastSeenAt()).isEqualTo(NOW);
    assertThat(here.find(session.id()).orElseThrow().lastSeenAt()).isEqualTo(later);
    assertThat(look(here, session).session().orElseThrow().lastSeenAt()).isEqualTo(later);
  }

  @Test
  @DisplayName("the lag counts from the last report")
  void lag_countsFromTheLastReport() {
    NearCacheSessionStore here = node(SHORT);
    passShort();
    assertThat(here.lag().orElseThrow()).isGreaterThan(SHORT);

    long before = System.nanoTime();
    feed.complete();
    Duration lag = here.lag().orElseThrow();
    assertThat(lag).isLessThanOrEqualTo(Duration.ofNanos(System.nanoTime() - before));
  }

  @Test
  @DisplayName("I6: a session in use on the other node does not expire here")
  void usedElsewhere_isLive() {
    MutableClock clock = MutableClock.at(NOW);
    try (SessionManager here = manager(node(LONG), clock);
        SessionManager other = manager(elsewhere, clock)) {
      LoginOutcome login = here.authenticate(null, "alice", LoginOptions.defaults());
      String token = ((LoginOutcome.Granted) login).session().unsentToken().orElseThrow().value();
      resolve(here, token);
      clock.advance(Duration.ofMinutes(20));
      other.save(((Resolution.Live) resolve(other, token)).session());
      clock.advance(Duration.ofMinutes(20));
      feed.complete();

      assertThat(resolve(here, token)).isInstanceOf(Resolution.Live.class);
      clock.advance(Duration.ofMinutes(30));
      assertThat(resolve(here, token)).isInstanceOf(Resolution.Expired.class);
    }
  }

  private static SessionManager manager(SessionStore store, MutableClock clock) {
    return SessionManager.builder(store).clock(clock).cleanUpInterval(Duration.ZERO).build();
  }

  private static Resolution resolve(SessionManager node, String token) {
    return node.adapter().resolve(List.of(token));
  }
}
