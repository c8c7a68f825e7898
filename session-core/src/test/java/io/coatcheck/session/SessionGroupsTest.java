package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SessionGroupsTest {

  private static final String GROUP = "test:one";

  private final EngineFixture fixture = new EngineFixture();
  private final SessionBridge bridge = fixture.manager.bridge();
  private final Instant at = fixture.clock.instant();
  private final Instant until = at.plus(Duration.ofHours(1));

  @AfterEach
  void close() {
    fixture.close();
  }

  private SessionId loggedIn(String principal) {
    return SessionToken.parse(fixture.loggedIn(principal)).orElseThrow().id();
  }

  private boolean isLive(SessionId id) {
    return fixture.store.find(id).isPresent();
  }

  @Test
  void end_endsItsMembers_andNoOthers() {
    SessionId member = loggedIn("alice");
    SessionId another = loggedIn("alice");
    SessionId outside = loggedIn("alice");
    assertThat(bridge.joinGroup(member, GROUP)).isTrue();
    assertThat(bridge.joinGroup(another, "test:two")).isTrue();
    assertThat(bridge.endGroup(GROUP, at, until)).isEqualTo(1);
    assertThat(isLive(member)).isFalse();
    assertThat(isLive(another)).isTrue();
    assertThat(isLive(outside)).isTrue();
    List<SessionEvent.Ended> ended = fixture.eventsOf(SessionEvent.Ended.class);
    assertThat(ended).hasSize(1);
    assertThat(ended.get(0).session().id()).isEqualTo(member);
    assertThat(ended.get(0).reason()).isEqualTo(EndReason.REVOKED);
    assertThat(bridge.endGroup(GROUP, at, until)).as("a second call").isZero();
    assertThat(bridge.endGroup("test:unknown", at, until)).isZero();
  }

  @Test
  void end_ofMoreMembersThanAPageHolds_endsAll() {
    int members = 1_005;
    for (int i = 0; i < members; i++) {
      bridge.joinGroup(loggedIn("alice"), GROUP);
    }
    assertThat(bridge.endGroup(GROUP, at, until)).isEqualTo(members);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
  }

  /** The id of an imported session is derived, as those of the records are. */
  @Test
  void importedSession_joins_staysLive_andEndsWithItsGroup() {
    ImportSource source =
        new ImportSource() {
          @Override
          public Optional<ImportedSession> load() {
            return Optional.of(
                new ImportedSession(
                    Optional.of("alice"), at.minusMillis(1), until, Map.of(), Map.of()));
          }

          @Override
          public boolean isStillLive() {
            return true;
          }
        };
    SessionId id = bridge.importSession("test:old", source).token().orElseThrow().id();
    StoredSession before = fixture.store.find(id).orElseThrow();

    assertThat(bridge.joinGroup(id, "test:before")).isTrue();
    assertThat(bridge.joinGroup(id, GROUP)).isTrue();
    assertThat(fixture.store.find(id)).contains(before);

    assertThat(bridge.endGroup("test:before", at, until)).isZero();
    assertThat(bridge.endGroup(GROUP, at, until)).isEqualTo(1);
    assertThat(isLive(id)).isFalse();
  }

  @Test
  void session_isInTheGroupThatItJoinedLast() {
    SessionId id = loggedIn("alice");
    bridge.joinGroup(id, GROUP);
    bridge.joinGroup(id, "test:two");
    assertThat(bridge.endGroup(GROUP, at, until)).isZero();
    assertThat(isLive(id)).isTrue();
    assertThat(bridge.endGroup("test:two", at, until)).isEqualTo(1);
    assertThat(isLive(id)).isFalse();
  }

  @Test
  void join_ofNoSession_isRefused() {
    SessionId id = loggedIn("alice");
    fixture.manager.revoke(id);
    assertThat(bridge.joinGroup(id, GROUP)).isFalse();
    assertThat(bridge.endGroup(GROUP, at, until)).isZero();
  }

  @Test
  void endedAt_isTheLatestMoment_whileItIsRecorded() {
    assertThat(bridge.groupEndedAt(GROUP)).isEmpty();
    bridge.endGroup(GROUP, at, until);
    bridge.endGroup(GROUP, at.minusSeconds(60), until);
    assertThat(bridge.groupEndedAt(GROUP)).contains(at);
    bridge.endGroup(GROUP, at.plusSeconds(1), until);
    assertThat(bridge.groupEndedAt(GROUP)).contains(at.plusSeconds(1));
    fixture.clock.advance(Duration.ofHours(2));
    fixture.manager.cleanUp();
    assertThat(bridge.groupEndedAt(GROUP)).isEmpty();
  }

  /** Otherwise a session would survive the end of its group. */
  @Test
  void joinAndEnd_atOnce_oneNoticesTheOther() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      for (int round = 0; round < 300; round++) {
        String group = "test:round" + round;
        SessionId id = loggedIn("alice");
        CyclicBarrier start = new CyclicBarrier(2);
        Future<Optional<Instant>> join =
            pool.submit(
                () -> {
                  start.await();
                  bridge.joinGroup(id, group);
                  return bridge.groupEndedAt(group);
                });
        Future<?> end =
            pool.submit(
                () -> {
                  start.await();
                  return bridge.endGroup(group, at, until);
                });
        end.get();
        boolean isNoticed = join.get().isPresent();
        assertThat(isNoticed || !isLive(id)).isTrue();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void records_areNoSessionsOfAUser_andNoListenerIsNotified() {
    SessionId id = loggedIn("alice");
    fixture.events.clear();
    bridge.joinGroup(id, GROUP);
    bridge.joinGroup(id, GROUP);
    bridge.endGroup("test:two", at, until);
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
    fixture.clock.advance(Duration.ofDays(1));
    fixture.manager.cleanUp();
    assertThat(fixture.events)
        .allSatisfy(event -> assertThat(event.sessionId()).contains(id))
        .hasSize(1);
  }

  @Test
  void failingStore_endsNothingUnnoticed_andASecondCallGoesOn() {
    SessionId id = loggedIn("alice");
    bridge.joinGroup(id, GROUP);
    fixture.store.beforeNext(
        "delete",
        () -> {
          throw new SessionStoreException("the database is unreachable");
        });
    assertThatThrownBy(() -> bridge.endGroup(GROUP, at, until))
        .isInstanceOf(SessionStoreException.class);
    assertThat(bridge.endGroup(GROUP, at, until)).isEqualTo(1);
    assertThat(isLive(id)).isFalse();
  }

  private Session live(SessionId id) {
    return fixture
        .manager
        .adapter()
        .reopen(id, fixture.store.find(id).orElseThrow().generation())
        .orElseThrow();
  }

  /** Logs in once more on a session, as for an action that needs a fresh login. */
  private void logInAgain(SessionId id) {
    EngineFixture.granted(fixture.manager.authenticate(live(id), "alice", LoginOptions.defaults()));
  }

  @Test
  void memberThatLogsInAgain_staysAMember_untilItsNewDeadline() {
    SessionId id = loggedIn("alice");
    bridge.joinGroup(id, GROUP);
    Instant first = fixture.store.find(id).orElseThrow().absoluteDeadline();
    while (fixture.clock.instant().isBefore(first.plus(Duration.ofHours(1)))) {
      fixture.clock.advance(Duration.ofMinutes(25));
      logInAgain(id);
    }
    fixture.manager.cleanUp();
    assertThat(isLive(id)).isTrue();
    assertThat(bridge.endGroup(GROUP, at, until.plus(Duration.ofDays(1)))).isEqualTo(1);
    assertThat(isLive(id)).isFalse();
  }

  /** Otherwise the records of a store in memory, which evicts none, would fill it. */
  @Test
  void recordOfAMember_goesWithItsSession_howeverThatIsEnded() {
    Map<String, Consumer<SessionId>> endings = new LinkedHashMap<>();
    endings.put("logout", id -> fixture.manager.invalidate(live(id)));
    endings.put("by id", id -> fixture.manager.revoke(id));
    endings.put("by principal", id -> fixture.manager.revokeAllOf("alice"));
    endings.put("with its group", id -> bridge.endGroup(GROUP, at, until));
    endings.put(
        "login of another user",
        id -> fixture.manager.authenticate(live(id), "bob", LoginOptions.defaults()));
    endings.forEach(
        (name, end) -> {
          SessionId id = loggedIn("alice");
          bridge.joinGroup(id, GROUP);
          assertThat(records()).as("before: %s", name).isEqualTo(1);
          end.accept(id);
          assertThat(records()).as(name).isZero();
        });
  }

  /** Each deletion by id is a write that is confirmed or recorded, and one after the other. */
  @Test
  void expiry_isLeftToTheCleanUp_whichDeletesInBatches() {
    bridge.useGroups();
    SessionId member = loggedIn("alice");
    bridge.joinGroup(member, GROUP);
    loggedIn("bob");
    fixture.clock.advance(Duration.ofMinutes(31));
    fixture.store.calls.clear();
    fixture.manager.cleanUp();
    assertThat(fixture.store.calls).containsOnly("deleteExpired");
    assertThat(isLive(member)).isFalse();
    assertThat(fixture.eventsOf(SessionEvent.Ended.class)).hasSize(2);
    assertThat(records()).as("before its deadline").isEqualTo(1);
    fixture.clock.advance(Duration.ofDays(1));
    fixture.manager.cleanUp();
    assertThat(records()).isZero();
  }

  @Test
  void expiredMember_leavesNoRecord_whenItsGroupEnds() {
    bridge.joinGroup(loggedIn("alice"), GROUP);
    fixture.clock.advance(Duration.ofMinutes(31));
    fixture.manager.cleanUp();
    assertThat(records()).isEqualTo(1);
    Instant now = fixture.clock.instant();
    assertThat(bridge.endGroup(GROUP, now, now.plus(Duration.ofHours(1)))).isZero();
    assertThat(records()).isZero();
  }

  @Test
  void recordsOfMembers_areNoMoreThanTheSessionsThatALimitAllows() {
    try (EngineFixture limited =
        new EngineFixture(builder -> builder.sessionsPerPrincipal(2, WhenFull.EVICT_OLDEST))) {
      for (int i = 0; i < 10; i++) {
        SessionId id = SessionToken.parse(limited.loggedIn("alice")).orElseThrow().id();
        limited.manager.bridge().joinGroup(id, GROUP);
        limited.clock.advance(Duration.ofSeconds(1));
      }
      assertThat(records(limited)).isEqualTo(2);
    }
  }

  private int records() {
    return records(fixture);
  }

  /** Returns how many records the members of the group have in the store. */
  private static int records(EngineFixture fixture) {
    String principal = Claims.principal(Claims.digest("group-member:" + GROUP));
    return fixture
        .store
        .principalIndex()
        .orElseThrow()
        .findByPrincipal(principal, null, 100)
        .size();
  }
}
