package io.coatcheck.session.testkit;

import static io.coatcheck.session.store.WhenFull.EVICT_OLDEST;
import static io.coatcheck.session.store.WhenFull.REFUSE_NEWCOMER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Left-over data of sessions that have ended, each in another way. */
abstract class LeavingNothing extends IndexPart {

  LeavingNothing(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Override
  boolean needsIndex() {
    return false;
  }

  @Test
  @Sentence("Deletes a session of any kind: live, expired, or one that never expires by idleness.")
  void delete_ofEveryKind_leavesNothing() throws Exception {
    for (StoredSession session : kinds()) {
      store().insert(session);
      assertThat(store().delete(session.id())).isPresent();
    }
    author().assertEmpty();
  }

  @Test
  @Sentence("Deletes a session as delete(SessionId) does,")
  void deleteOfAGeneration_ofEveryKind_leavesNothing() throws Exception {
    for (StoredSession session : kinds()) {
      store().insert(session);
      assertThat(store().delete(session.id(), session.generation())).isPresent();
    }
    author().assertEmpty();
  }

  @Test
  @Sentence("Deletes a session of any kind: live, expired, or one that never expires by idleness.")
  void deleteExpired_ofEveryKind_leavesNothing() throws Exception {
    kinds().forEach(store()::insert);
    store().deleteExpired(StoredSession.MAX_MOMENT, 1_000, gone -> {});
    author().assertEmpty();
  }

  @Test
  @Sentence("Deletes a session of any kind: live, expired, or one that never expires by idleness.")
  void updatesAndTouches_thenDelete_leaveNothing() throws Exception {
    author().assertEmpty();
    assertThat(store().delete(changed(NOW).id())).isPresent();
    author().assertEmpty();
  }

  @Test
  @Sentence("Deletes a session of any kind: live, expired, or one that never expires by idleness.")
  void updatesAndTouches_thenExpiry_leaveNothing() throws Exception {
    changed(NOW);
    assertThat(store().deleteExpired(StoredSession.MAX_MOMENT, 10, gone -> {}).deleted()).isOne();
    author().assertEmpty();
  }

  @Test
  @Sentence("Deletes a session of any kind: live, expired, or one that never expires by idleness.")
  void whatWasRefused_leavesNothing() throws Exception {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    StoredSession absent = SampleSessions.authenticated("bob", NOW).build();
    StoredSession same =
        SampleSessions.anonymous(stored.id(), NOW).principal("bob").authenticatedAt(NOW).build();
    assertThatExceptionOfType(SessionStoreException.class).isThrownBy(() -> store().insert(same));
    StoredSession stale = same.toBuilder().version(9).build();
    assertThat(store().update(stale, NOW)).isFalse();
    assertThat(store().update(absent, NOW)).isFalse();
    assertThat(store().touch(absent.id(), NOW.plusSeconds(1), NOW)).isFalse();
    assertThat(store().delete(absent.id())).isEmpty();
    assertThat(store().delete(stored.id(), 1)).isEmpty();
    assertThat(store().delete(stored.id(), 0)).isPresent();
    author().assertEmpty();
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "The index always agrees with the sessions that the store holds")
  void deleteByPrincipal_leavesNothing() throws Exception {
    assumeHas(store().principalIndex(), PrincipalIndex.class);
    for (StoredSession session : kinds()) {
      store().insert(session.toBuilder().principal("alice").authenticatedAt(NOW).build());
    }
    changed(NOW);
    index().deleteByPrincipal("alice", Set.of(), gone -> {});
    index().deleteByPrincipal("carol", Set.of(), gone -> {});
    author().assertEmpty();
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "The index always agrees with the sessions that the store holds")
  void admitAndDeleteOldest_leaveNothing() throws Exception {
    assumeHas(store().loginLimit(), LoginLimit.class);
    StoredSession refused = SampleSessions.authenticated("alice", NOW).build();
    for (int i = 0; i < 4; i++) {
      StoredSession login =
          SampleSessions.authenticated("alice", NOW).authenticatedAt(NOW.plusSeconds(i)).build();
      limit().admit(login, true, 2, EVICT_OLDEST, NOW);
    }
    limit().admit(refused, true, 2, REFUSE_NEWCOMER, NOW);
    limit().admit(refused, false, 9, EVICT_OLDEST, NOW);
    assertThat(index().deleteOldest("alice", 1, NOW, gone -> {})).isOne();
    sessionsOf(index(), "alice").forEach(last -> store().delete(last.id()));
    author().assertEmpty();
  }

  @Test
  @Sentence("Deletes a session of any kind: live, expired, or one that never expires by idleness.")
  void touchAll_thenExpiry_leavesNothing() throws Exception {
    assumeHas(store().batchTouch(), BatchTouch.class);
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession absent = SampleSessions.anonymous(NOW).build();
    Map<SessionId, Instant> moments =
        Map.of(session.id(), NOW.plusSeconds(60), absent.id(), NOW.plusSeconds(60));
    store().batchTouch().orElseThrow().touchAll(moments, NOW);
    store().deleteExpired(StoredSession.MAX_MOMENT, 10, gone -> {});
    author().assertEmpty();
  }

  private static List<StoredSession> kinds() {
    List<StoredSession> kinds = new ArrayList<>();
    for (Specimen specimen : Specimen.values()) {
      kinds.add(specimen.at(NOW).build());
    }
    return kinds;
  }

  /** Stores a session of another user, who logs in and out, and whose expiry moves. */
  private StoredSession changed(Instant now) {
    StoredSession session = insert(SampleSessions.complete(now).version(0));
    List<StoredSession> changes =
        List.of(
            session.toBuilder().principal("bob").build(),
            session.toBuilder().principal(null).authenticatedAt(null).build(),
            session.toBuilder().principal("carol").idleTimeout(null).build(),
            session.toBuilder().principal("carol").idleTimeout(Duration.ofHours(1)).build());
    for (int i = 0; i < changes.size(); i++) {
      Instant moment = now.plusSeconds(10L * i);
      assertThat(store().touch(session.id(), moment, now)).isTrue();
      StoredSession next = changes.get(i).toBuilder().version(i).build();
      assertThat(otherNode().update(next, now)).isTrue();
    }
    return session;
  }
}
