package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code touch}. */
abstract class Touching extends ContractPart {

  private static final Duration HOUR = Duration.ofHours(1);

  Touching(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("changes neither the version nor anything else.")
  void touch_anySession_changesTheLastSeenMomentAlone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW).lastSeenAt(Instant.EPOCH));
    Instant later = stored.expiresAt().minus(MILLISECOND);
    assertThat(JustInTime.isTrue(() -> otherNode().touch(stored.id(), later, later))).isTrue();
    assertStored(stored.toBuilder().lastSeenAt(later).build());
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("the exact instant is expired.")
  void touch_anySessionAtItsExpiry_isRefused(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    Instant expiry = stored.expiresAt();
    for (Instant now : new Instant[] {expiry, after(expiry, MILLISECOND), after(expiry, HOUR)}) {
      assertThat(store().touch(stored.id(), StoredSession.MAX_MOMENT, now))
          .as("a touch at %s of a session that expires at %s", now, expiry)
          .isFalse();
    }
    assertStored(stored);
  }

  @Test
  @Sentence("changes neither the version nor anything else.")
  void touch_earlierOrSameMoment_succeedsAndChangesNothing() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    for (Instant moment :
        new Instant[] {
          stored.lastSeenAt(), stored.lastSeenAt().minus(MILLISECOND), NOW, Instant.EPOCH
        }) {
      assertThat(store().touch(stored.id(), moment, NOW)).as("a touch with %s", moment).isTrue();
      assertStored(stored);
    }
  }

  @Test
  @Sentence("Moves the last-seen moment of a session forward")
  void touch_oneMillisecondLater_isStored() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant later = NOW.plus(MILLISECOND);
    assertThat(store().touch(stored.id(), later, NOW)).isTrue();
    assertStored(stored.toBuilder().lastSeenAt(later).build());
  }

  @Test
  @Sentence("Moves the last-seen moment of a session forward")
  void touch_withinAMillisecond_isCutOff() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    assertThat(store().touch(stored.id(), NOW.plusNanos(999_999), NOW)).isTrue();
    assertStored(stored);
    Instant expiry = stored.expiresAt();
    assertThat(JustInTime.isTrue(() -> store().touch(stored.id(), NOW, expiry.minusNanos(1))))
        .isTrue();
    assertThat(store().touch(stored.id(), NOW, expiry.plusNanos(1))).isFalse();
  }

  @Test
  @Sentence("Moves the last-seen moment of a session forward")
  void touch_movesTheExpiry() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant later = NOW.plusSeconds(60);
    store().touch(stored.id(), later, NOW);
    Instant expiry = later.plus(SampleSessions.IDLE_TIMEOUT);
    assertThat(store().deleteExpired(expiry.minus(MILLISECOND), 10, gone -> {}).deleted()).isZero();
    Instant before = expiry.minus(MILLISECOND);
    assertThat(JustInTime.isTrue(() -> store().touch(stored.id(), NOW, before))).isTrue();
    assertThat(store().touch(stored.id(), NOW, expiry)).isFalse();
    assertThat(store().deleteExpired(expiry, 10, gone -> {}).deleted()).isOne();
  }

  @Test
  @Sentence("Moves the last-seen moment of a session forward")
  void touch_doesNotMoveTheAbsoluteDeadline() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW).idleTimeout(Duration.ofDays(99)));
    Instant deadline = stored.absoluteDeadline();
    assertThat(store().touch(stored.id(), deadline.minus(MILLISECOND), NOW)).isTrue();
    assertThat(store().touch(stored.id(), deadline, deadline)).isFalse();
    assertThat(store().deleteExpired(deadline, 10, gone -> {}).deleted()).isOne();
  }

  @Test
  @Sentence("Moves the last-seen moment of a session forward")
  void touch_withoutIdleTimeout_isStored() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW).idleTimeout(null));
    Instant later = stored.absoluteDeadline().minus(MILLISECOND);
    assertThat(JustInTime.isTrue(() -> store().touch(stored.id(), later, later))).isTrue();
    assertStored(stored.toBuilder().lastSeenAt(later).build());
  }

  @Test
  @Sentence("changes neither the version nor anything else.")
  void touch_doesNotCostAnUpdateItsRace() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    store().touch(stored.id(), NOW.plusSeconds(60), NOW);
    assertThat(store().update(stored, NOW)).as("an update from before a touch").isTrue();
  }

  @Test
  @Sentence("Never creates, and changes neither the version nor anything else.")
  void touch_absent_neverCreates() {
    StoredSession absent = SampleSessions.anonymous(NOW).build();
    assertThat(store().touch(absent.id(), NOW, NOW)).isFalse();
    assertGone(absent);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Never creates, and changes neither the version nor anything else.")
  void touch_deleted_neverCreates(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    store().delete(stored.id());
    Instant now = stored.expiresAt().minus(MILLISECOND);
    assertThat(otherNode().touch(stored.id(), now, now)).isFalse();
    assertGone(stored);
  }

  @Test
  @Sentence("changes neither the version nor anything else.")
  void touch_leavesOtherSessionsAlone() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession neighbour = insert(SampleSessions.complete(NOW));
    store().touch(stored.id(), NOW.plusSeconds(60), NOW);
    assertStored(neighbour);
  }
}
