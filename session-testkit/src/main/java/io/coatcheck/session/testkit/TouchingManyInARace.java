package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code BatchTouch} and concurrent changes of the same sessions. */
abstract class TouchingManyInARace extends ContractPart {

  TouchingManyInARace(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** If a touch could create, a session would be found after both are done. */
  @Test
  @Sentence(
      of = BatchTouch.class,
      value = "Each touch is atomic; they do not happen at one moment together.")
  void touchAll_againstDelete_neverRevives() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession doomed = insert(SampleSessions.complete(NOW));
      StoredSession other = insert(SampleSessions.complete(NOW));
      Map<SessionId, Instant> moments =
          Map.of(doomed.id(), NOW.plusSeconds(9), other.id(), NOW.plusSeconds(9));

      Race.between(() -> batch().touchAll(moments, NOW), () -> otherNode().delete(doomed.id()));

      assertThat(store().find(doomed.id())).isEmpty();
      assertThat(store().find(other.id()).orElseThrow().lastSeenAt()).isEqualTo(NOW.plusSeconds(9));
    }
  }

  /** If a batch locked in the given order and waited, each of the two would wait for the other. */
  @Test
  @Sentence(of = BatchTouch.class, value = "so that a batch blocks no other caller.")
  void touchAll_againstTheOppositeOrder_neverFails() {
    List<StoredSession> sessions = insertMany(50, () -> SampleSessions.anonymous(NOW));
    BatchTouch other = otherNode().batchTouch().orElseThrow();
    Map<SessionId, Instant> forth = new LinkedHashMap<>();
    Map<SessionId, Instant> back = new LinkedHashMap<>();
    for (int round = 1; round <= 20; round++) {
      Instant moment = NOW.plusSeconds(round);
      forth.clear();
      back.clear();
      for (int i = 0; i < sessions.size(); i++) {
        forth.put(sessions.get(i).id(), moment);
        back.put(sessions.get(sessions.size() - 1 - i).id(), moment);
      }
      Race.between(() -> batch().touchAll(forth, NOW), () -> other.touchAll(back, NOW));
    }
    assertThat(batch().touchAll(forth, NOW)).containsExactlyInAnyOrderElementsOf(back.keySet());
  }

  @BeforeEach
  final void needsBatchTouch() {
    assumeHas(store().batchTouch(), BatchTouch.class);
  }

  private BatchTouch batch() {
    return store().batchTouch().orElseThrow();
  }

  /** If it broke, a batch would undo a save or a login. */
  @Test
  @Sentence(
      of = BatchTouch.class,
      value = "Each touch is atomic; they do not happen at one moment together.")
  void touchAllAgainstUpdate_theUpdateIsKept() {
    Instant later = NOW.plusSeconds(60);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      StoredSession login =
          stored.toBuilder().principal("alice").authenticatedAt(NOW).generation(1).build();
      Race.Outcome<Set<SessionId>, Boolean> outcome =
          Race.between(
              () -> batch().touchAll(Map.of(stored.id(), later), NOW),
              () -> otherNode().update(login, NOW));
      assertThat(outcome.second()).as("an update that only touches meet").isTrue();
      StoredSession found = store().find(stored.id()).orElseThrow();
      // A batch may skip a session that is being written.
      Instant seen = outcome.first().isEmpty() ? found.lastSeenAt() : later;
      assertStored(successor(login).toBuilder().lastSeenAt(seen).build());
    }
  }

  /** If it broke, a batch would bring back what has expired. */
  @Test
  @Sentence(
      of = BatchTouch.class,
      value = "Each touch is atomic; they do not happen at one moment together.")
  void touchAllAgainstDeleteExpired_oneOfThemWins() {
    Instant expiry = NOW.plus(SampleSessions.IDLE_TIMEOUT);
    Instant before = expiry.minus(MILLISECOND);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      List<StoredSession> expired = new ArrayList<>();
      Race.Outcome<Set<SessionId>, Integer> outcome =
          Race.between(
              () -> batch().touchAll(Map.of(stored.id(), before), before),
              () -> otherNode().deleteExpired(expiry, 10, expired::add).deleted());
      boolean touched = outcome.first().contains(stored.id());
      assertThat(touched && outcome.second() > 0).as("touched and expired, both").isFalse();
      assertThat(store().find(stored.id()).isPresent())
          .as("whether it is there, when %s expired", outcome.second())
          .isEqualTo(outcome.second() == 0);
      if (touched) {
        assertStored(stored.toBuilder().lastSeenAt(before).build());
      }
      store().delete(stored.id());
    }
  }

  /** If it broke, a session that is in use would expire. */
  @Test
  @Sentence(
      of = BatchTouch.class,
      value = "Each touch is atomic; they do not happen at one moment together.")
  void touchAllAgainstTouch_theLaterMomentIsKept() {
    Instant later = NOW.plusSeconds(60);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      Race.Outcome<Set<SessionId>, Boolean> outcome =
          Race.between(
              () -> batch().touchAll(Map.of(stored.id(), NOW.plusSeconds(30)), NOW),
              () -> otherNode().touch(stored.id(), later, NOW));
      assertThat(outcome.second()).isTrue();
      assertStored(stored.toBuilder().lastSeenAt(later).build());
    }
  }
}
