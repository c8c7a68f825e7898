package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code update}. */
abstract class Updating extends ContractPart {

  private static final Duration MINUTE = Duration.ofMinutes(1);

  Updating(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Then all of session is stored, except for two parts")
  void update_toAnySession_storesAllItsParts(Specimen specimen) {
    StoredSession wanted = specimen.at(NOW).lastSeenAt(StoredSession.MAX_MOMENT).build();
    insert(
        SampleSessions.complete(wanted.id(), NOW)
            .version(wanted.version())
            .attribute("gone", SampleSessions.text("after the update")));
    assertThat(otherNode().update(wanted, NOW)).isTrue();
    assertStored(successor(wanted));
  }

  @Test
  @Sentence("Then all of session is stored, except for two parts")
  void update_betweenCombinationsOfOptionalParts_storesAllParts() {
    List<Named<StoredSessionBuilder>> kinds = SampleSessions.everyKind(NOW).toList();
    for (int i = 0; i < kinds.size(); i++) {
      StoredSession stored = insert(kinds.get(i).getPayload());
      Named<StoredSessionBuilder> opposite = kinds.get(kinds.size() - 1 - i);
      StoredSession wanted = under(stored.id(), 0, opposite.getPayload().build());
      String what = " to " + opposite.getName() + ", from " + kinds.get(i).getName();
      assertThat(store().update(wanted, NOW)).as("update" + what).isTrue();
      assertSame("update" + what, otherNode().find(stored.id()), successor(wanted));
      // And back, so that removed parts are restored, and added parts removed.
      StoredSession back = under(stored.id(), 1, stored);
      assertThat(store().update(back, NOW)).as("the update back").isTrue();
      assertSame("the update back" + what, otherNode().find(stored.id()), successor(back));
    }
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Then all of session is stored, except for two parts")
  void update_ofAnySessionBeforeItExpires_storesAllParts(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    StoredSession wanted =
        SampleSessions.anonymous(stored.id(), NOW)
            .lastSeenAt(StoredSession.MAX_MOMENT)
            .version(stored.version())
            .build();
    Instant before = stored.expiresAt().minus(MILLISECOND);
    assertThat(JustInTime.isTrue(() -> store().update(wanted, before))).isTrue();
    assertStored(successor(wanted));
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("the exact instant is expired.")
  void update_ofAnySessionAtItsExpiry_isRefused(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    StoredSession wanted =
        stored.toBuilder().idleTimeout(null).absoluteDeadline(StoredSession.MAX_MOMENT).build();
    assertThat(store().update(wanted, stored.expiresAt()))
        .as("an update of a session at the exact moment at which it expires")
        .isFalse();
    assertThat(store().update(wanted, after(stored.expiresAt(), MINUTE))).isFalse();
    assertStored(stored);
  }

  @Test
  @Sentence("the last-seen moment is the later one of the stored and the given.")
  void update_momentOfTheCall_isNotStored() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    assertThat(store().update(stored, NOW.plusSeconds(60))).isTrue();
    assertStored(successor(stored));
  }

  @Test
  @Sentence("Then all of session is stored, except for two parts")
  void update_toASessionThatIsExpired_stores() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    StoredSession expired = stored.toBuilder().absoluteDeadline(NOW).build();
    assertThat(store().update(expired, NOW)).as("only the stored session must live").isTrue();
    assertStored(successor(expired));
    assertThat(store().update(successor(expired), NOW)).isFalse();
  }

  @Test
  @Sentence(
      "only if it exists, its stored version is session.version(), and the stored session is unexpired at now.")
  void update_sameVersionTwice_isRefusedTheSecondTime() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession first = stored.toBuilder().attribute("a", SampleSessions.text("1")).build();
    StoredSession second = stored.toBuilder().attribute("b", SampleSessions.text("2")).build();
    assertThat(store().update(first, NOW)).isTrue();
    assertThat(otherNode().update(second, NOW)).as("an update from before another one").isFalse();
    assertStored(successor(first));
  }

  @Test
  @Sentence(
      "only if it exists, its stored version is session.version(), and the stored session is unexpired at now.")
  void update_versionThatIsNotStored_isRefused() {
    StoredSession stored = insert(SampleSessions.complete(NOW).version(5));
    for (long version : new long[] {0, 4, 6, Long.MAX_VALUE - 1}) {
      StoredSession wanted = stored.toBuilder().version(version).remembered(false).build();
      assertThat(store().update(wanted, NOW)).as("an update of version %s", version).isFalse();
    }
    assertStored(stored);
  }

  /** If it broke, the version would be kept as an inexact number. */
  @Test
  @Sentence(
      "only if it exists, its stored version is session.version(), and the stored session is unexpired at now.")
  void update_versionBeyondDoubles_isComparedExactly() {
    for (long version : new long[] {(1L << 53) + 1, (1L << 62) + 1, Long.MAX_VALUE - 3}) {
      StoredSession stored = insert(SampleSessions.complete(NOW).version(version));
      for (long other : new long[] {version - 1, version + 1}) {
        StoredSession wanted = stored.toBuilder().version(other).remembered(false).build();
        assertThat(store().update(wanted, NOW))
            .as("an update of version %s, where %s is stored", other, version)
            .isFalse();
      }
      assertThat(store().update(stored, NOW)).as("an update of version %s", version).isTrue();
      assertStored(successor(stored));
    }
  }

  @Test
  @Sentence("Never creates.")
  void update_absent_neverCreates() {
    StoredSession absent = SampleSessions.complete(NOW).build();
    assertThat(store().update(absent, NOW)).isFalse();
    assertGone(absent);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Never creates.")
  void update_deleted_neverCreates(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    store().delete(stored.id());
    assertThat(otherNode().update(stored, stored.expiresAt().minus(MILLISECOND))).isFalse();
    assertGone(stored);
  }

  @Test
  @Sentence("the last-seen moment is the later one of the stored and the given.")
  void update_olderLastSeen_keepsTheStoredOne() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant touched = NOW.plus(MINUTE);
    store().touch(stored.id(), touched, NOW);
    assertThat(store().update(stored, NOW)).isTrue();
    assertStored(stored.toBuilder().version(1).lastSeenAt(touched).build());
  }

  @Test
  @Sentence("the last-seen moment is the later one of the stored and the given.")
  void update_newerLastSeen_isStored() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    StoredSession later = stored.toBuilder().lastSeenAt(NOW.plus(MINUTE)).build();
    assertThat(store().update(later, NOW)).isTrue();
    assertStored(successor(later));
  }

  @Test
  @Sentence("A session is expired at now if now is at or past StoredSession.expiresAt();")
  void update_olderLastSeen_expiresByTheStoredOne() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant touched = NOW.plus(MINUTE);
    store().touch(stored.id(), touched, NOW);
    store().update(stored, NOW);
    Instant expiry = touched.plus(SampleSessions.IDLE_TIMEOUT);
    assertExpiresAt(expiry, stored);
  }

  @Test
  @Sentence("A session is expired at now if now is at or past StoredSession.expiresAt();")
  void update_shorterIdleTimeout_expiresEarlier() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    store().update(stored.toBuilder().idleTimeout(MINUTE).build(), NOW);
    assertExpiresAt(NOW.plus(MINUTE), stored);
  }

  @Test
  @Sentence("A session is expired at now if now is at or past StoredSession.expiresAt();")
  void update_longerIdleTimeout_expiresLater() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW).idleTimeout(MINUTE));
    store().update(stored.toBuilder().idleTimeout(Duration.ofHours(1)).build(), NOW);
    assertExpiresAt(NOW.plus(Duration.ofHours(1)), stored);
  }

  @Test
  @Sentence("A session is expired at now if now is at or past StoredSession.expiresAt();")
  void update_withoutIdleTimeout_expiresAtTheDeadline() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    store().update(stored.toBuilder().idleTimeout(null).build(), NOW);
    assertExpiresAt(stored.absoluteDeadline(), stored);
  }

  @Test
  @Sentence("A session is expired at now if now is at or past StoredSession.expiresAt();")
  void update_earlierDeadline_expiresEarlier() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    store().update(stored.toBuilder().absoluteDeadline(NOW.plus(MINUTE)).build(), NOW);
    assertExpiresAt(NOW.plus(MINUTE), stored);
  }

  @Test
  @Sentence("Replaces a session unless another caller has replaced it")
  void update_leavesOtherSessionsAlone() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession neighbour = insert(SampleSessions.complete(NOW));
    assertThat(store().update(stored, NOW)).isTrue();
    assertStored(neighbour);
  }

  private void assertExpiresAt(Instant expiry, StoredSession session) {
    Instant before = expiry.minus(MILLISECOND);
    assertThat(store().deleteExpired(before, 10, gone -> {}).deleted())
        .as("how many expired before %s", expiry)
        .isZero();
    Instant unmoved = Instant.EPOCH;
    assertThat(JustInTime.isTrue(() -> store().touch(session.id(), unmoved, before))).isTrue();
    assertThat(store().touch(session.id(), unmoved, expiry)).isFalse();
    assertThat(store().deleteExpired(expiry, 10, gone -> {}).deleted())
        .as("how many expired at %s", expiry)
        .isOne();
  }
}
