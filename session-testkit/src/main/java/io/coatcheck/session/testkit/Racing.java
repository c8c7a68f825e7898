package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Concurrent operations. Each test states which results are consistent if every operation is
 * atomic; a store that reads first and then writes gives others.
 */
abstract class Racing extends ContractPart {

  private static final Instant EXPIRY = NOW.plus(SampleSessions.IDLE_TIMEOUT);
  private static final Instant BEFORE_EXPIRY = EXPIRY.minus(MILLISECOND);

  Racing(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** If it broke, a request in flight would undo the logout. */
  @Test
  @Sentence("so that no request in flight can bring back a session that was logged out.")
  void updateAgainstDelete_theSessionStaysGone() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.complete(NOW));
      StoredSession changed = stored.toBuilder().remembered(false).build();
      Race.Outcome<Boolean, Optional<StoredSession>> outcome =
          Race.between(() -> store().update(changed, NOW), () -> otherNode().delete(stored.id()));
      assertGone(stored);
      assertThat(outcome.second())
          .as("what delete returned, when update answered %s", outcome.first())
          .contains(
              outcome.first() ? changed.toBuilder().version(stored.version() + 1).build() : stored);
    }
  }

  /** If it broke, any request in flight, even one that only reads, would undo the logout. */
  @Test
  @Sentence("so that no request in flight can bring back a session that was logged out.")
  void touchAgainstDelete_theSessionStaysGone() {
    Instant later = NOW.plusSeconds(60);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.complete(NOW));
      Race.Outcome<Boolean, Optional<StoredSession>> outcome =
          Race.between(
              () -> store().touch(stored.id(), later, NOW), () -> otherNode().delete(stored.id()));
      assertGone(stored);
      assertThat(outcome.second())
          .as("what delete returned, when touch answered %s", outcome.first())
          .contains(outcome.first() ? stored.toBuilder().lastSeenAt(later).build() : stored);
    }
  }

  /** If it broke, a logout would be lost to any request in flight, even one that only reads. */
  @Test
  @Sentence("but only if its generation is the given one.")
  void touchAgainstDeleteOfAGeneration_theSessionEnds() {
    Instant later = NOW.plusSeconds(60);
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.complete(NOW));
      Race.Outcome<Boolean, Optional<StoredSession>> outcome =
          Race.between(
              () -> store().touch(stored.id(), later, NOW),
              () -> otherNode().delete(stored.id(), stored.generation()));
      assertGone(stored);
      assertThat(outcome.second())
          .as("what delete returned, when touch answered %s", outcome.first())
          .contains(outcome.first() ? stored.seenAt(later) : stored);
    }
  }

  /** If it broke, a session would be accepted and still end, or expire and stay live. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void touchAgainstDeleteExpired_oneOfThemWins() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      Race.Outcome<Boolean, Integer> outcome =
          againstCleanUp(
              () -> store().touch(stored.id(), BEFORE_EXPIRY, BEFORE_EXPIRY), otherNode(), EXPIRY);
      assertThat(outcome.second())
          .as("how many expired, when touch answered %s", outcome.first())
          .isEqualTo(outcome.first() ? 0 : 1);
      assertThat(store().delete(stored.id()).map(StoredSession::lastSeenAt))
          .isEqualTo(outcome.first() ? Optional.of(BEFORE_EXPIRY) : Optional.empty());
    }
  }

  /** If it broke, a saved change would be lost to a clean-up, or bring the session back. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void updateAgainstDeleteExpired_oneOfThemWins() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      StoredSession changed = stored.toBuilder().lastSeenAt(BEFORE_EXPIRY).build();
      Race.Outcome<Boolean, Integer> outcome =
          againstCleanUp(() -> store().update(changed, BEFORE_EXPIRY), otherNode(), EXPIRY);
      assertThat(outcome.second())
          .as("how many expired, when update answered %s", outcome.first())
          .isEqualTo(outcome.first() ? 0 : 1);
      assertThat(store().delete(stored.id()))
          .isEqualTo(
              outcome.first()
                  ? Optional.of(changed.toBuilder().version(1).build())
                  : Optional.empty());
    }
  }

  /** If it broke, an ended session would be reported twice, or not at all. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void deleteAgainstDeleteExpired_oneOfThemHandsItOver() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      List<StoredSession> expired = new ArrayList<>();
      Race.Outcome<Optional<StoredSession>, Integer> outcome =
          Race.between(
              () -> store().delete(stored.id()),
              () -> otherNode().deleteExpired(EXPIRY, 10, expired::add).deleted());
      outcome.first().ifPresent(expired::add);
      assertThat(expired).containsExactly(stored);
      assertGone(stored);
    }
  }

  /** If it broke, a session that is in use would expire. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void touchAgainstUpdate_theLaterMomentIsKept() {
    Instant later = NOW.plusSeconds(60);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      StoredSession changed = stored.toBuilder().lastSeenAt(NOW.plusSeconds(30)).build();
      Race.Outcome<Boolean, Boolean> outcome =
          Race.between(
              () -> store().touch(stored.id(), later, NOW), () -> otherNode().update(changed, NOW));
      assertThat(outcome).isEqualTo(new Race.Outcome<>(true, true));
      assertStored(changed.toBuilder().version(1).lastSeenAt(later).build());
    }
  }

  /** If it broke, a session that is in use would expire. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void touchAgainstTouch_theLatestMomentIsKept() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.anonymous(NOW));
      List<Callable<Boolean>> touches = new ArrayList<>();
      for (int i = 1; i <= 8; i++) {
        Instant moment = NOW.plusSeconds(i * 3 % 10);
        boolean here = i % 2 == 0;
        touches.add(() -> (here ? store() : otherNode()).touch(stored.id(), moment, NOW));
      }
      assertThat(Race.among(touches)).containsOnly(true);
      assertStored(stored.toBuilder().lastSeenAt(NOW.plusSeconds(9)).build());
    }
  }

  /** If it broke, one of two changes would be lost without notice. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void updatesOfOneVersion_oneOfThemWins() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.complete(NOW));
      List<Callable<Boolean>> updates = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        StoredSession changed = withCount(stored, i);
        boolean here = i % 2 == 0;
        updates.add(() -> (here ? store() : otherNode()).update(changed, NOW));
      }
      List<Boolean> succeeded = Race.among(updates);
      assertThat(succeeded).as("which update of version 3 succeeded").containsOnlyOnce(true);
      assertStored(
          withCount(stored, succeeded.indexOf(true)).toBuilder()
              .version(stored.version() + 1)
              .build());
    }
  }

  /** If it broke, the counter would be lower than the number of successes. */
  @Test
  @Sentence("Each operation happens at one moment between call and return")
  void updatesInALoop_noneIsLost() {
    StoredSession stored = insert(withCount(SampleSessions.anonymous(NOW).build(), 0).toBuilder());
    List<Callable<Integer>> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SessionStore node = i % 2 == 0 ? store() : otherNode();
      writers.add(
          () -> {
            int successes = 0;
            for (Race race = Race.inFewRounds(); race.goesOn(); successes++) {
              increment(node, stored.id());
            }
            return successes;
          });
    }
    int successes = Race.among(writers).stream().mapToInt(Integer::intValue).sum();
    StoredSession last = store().find(stored.id()).orElseThrow();
    assertThat(count(last, "count")).as("the counter").isEqualTo(successes);
    assertThat(last.version()).as("the version").isEqualTo(successes);
  }

  /** If it broke, a reader would see one half of a change without the other. */
  @Test
  @Sentence("A reader never sees part of a write.")
  void readsDuringUpdates_neverSeeHalfASession() {
    StoredSession stored = insert(withCount(SampleSessions.complete(NOW).build(), 0).toBuilder());
    AtomicBoolean done = new AtomicBoolean();
    Callable<Boolean> writer =
        () -> {
          try {
            for (Race race = Race.inRounds(); race.goesOn(); ) {
              increment(store(), stored.id());
            }
            return true;
          } finally {
            done.set(true);
          }
        };
    Callable<Boolean> reader =
        () -> {
          while (!done.get()) {
            StoredSession seen = otherNode().find(stored.id()).orElseThrow();
            int count = count(seen, "count");
            assertThat(count(seen, "again")).as("the second half").isEqualTo(count);
            assertThat(seen.version()).isEqualTo(stored.version() + count);
            assertThat(seen.generation()).isEqualTo(stored.generation() + count);
          }
          return true;
        };
    assertThat(Race.among(List.of(writer, reader))).containsOnly(true);
  }

  /** If it broke, a session would be found before or after its time. */
  @Test
  @Sentence("What has returned is seen by every operation that begins later, on every node.")
  void readsDuringItsLife_seeItFromInsertToDelete() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession session = SampleSessions.complete(NOW).build();
      AtomicBoolean inserted = new AtomicBoolean();
      AtomicBoolean deleting = new AtomicBoolean();
      AtomicBoolean deleted = new AtomicBoolean();
      Callable<Boolean> life =
          () -> {
            store().insert(session);
            inserted.set(true);
            Thread.onSpinWait();
            deleting.set(true);
            store().delete(session.id());
            deleted.set(true);
            return true;
          };
      Callable<Boolean> reader =
          () -> {
            while (true) {
              boolean mustBeGone = deleted.get();
              boolean mayBeAbsent = !inserted.get();
              Optional<StoredSession> seen = otherNode().find(session.id());
              mayBeAbsent |= deleting.get();
              seen.ifPresent(found -> assertThat(found).isEqualTo(session));
              assertThat(seen.isPresent() || mayBeAbsent).as("absent in its life").isTrue();
              assertThat(seen.isPresent() && mustBeGone).as("found after its end").isFalse();
              if (mustBeGone) {
                return true;
              }
            }
          };
      assertThat(Race.among(List.of(life, reader))).containsOnly(true);
    }
  }

  /** Adds one to the counter, however often that takes. */
  private static void increment(SessionStore node, SessionId id) {
    StoredSession next;
    do {
      StoredSession seen = node.find(id).orElseThrow();
      next =
          withCount(seen, count(seen, "count") + 1).toBuilder()
              .generation(seen.generation() + 1)
              .build();
    } while (!node.update(next, NOW));
  }

  private static StoredSession withCount(StoredSession session, int count) {
    AttributeValue value = SampleSessions.text(Integer.toString(count));
    return session.toBuilder().attributes(Map.of("count", value, "again", value)).build();
  }

  private static int count(StoredSession session, String name) {
    AttributeValue value = session.attributes().get(name);
    if (value == null) {
      throw new AssertionError("attribute " + name + " is missing in " + session);
    }
    return Integer.parseInt(new String(value.bytes(), StandardCharsets.UTF_8));
  }
}
