package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Moments and versions that are out of range. */
abstract class MeetingBounds extends ContractPart {

  MeetingBounds(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** Moments that are out of range. */
  static Stream<Instant> momentsOutOfRange() {
    return Stream.of(
        Instant.MIN,
        Instant.EPOCH.minusMillis(1),
        StoredSession.MAX_MOMENT.plusMillis(1),
        Instant.MAX);
  }

  @ParameterizedTest
  @MethodSource("momentsOutOfRange")
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void touch_momentOutOfRange_throwsAndDoesNothing(Instant moment) {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    SessionId id = stored.id();
    assertThatIllegalArgumentException()
        .as("the last-seen moment")
        .isThrownBy(() -> store().touch(id, moment, NOW));
    assertThatIllegalArgumentException()
        .as("now")
        .isThrownBy(() -> store().touch(id, NOW.plusSeconds(1), moment));
    assertStored(stored);
  }

  @ParameterizedTest
  @MethodSource("momentsOutOfRange")
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void update_momentOutOfRange_throwsAndDoesNothing(Instant moment) {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession changed = stored.toBuilder().remembered(!stored.remembered()).build();
    assertThatIllegalArgumentException().isThrownBy(() -> store().update(changed, moment));
    assertStored(stored);
  }

  @ParameterizedTest
  @MethodSource("momentsOutOfRange")
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void deleteExpired_momentOutOfRange_throwsAndDoesNothing(Instant moment) {
    StoredSession stored = insert(SampleSessions.complete(Instant.EPOCH));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store().deleteExpired(moment, 10, gone -> {}));
    assertStored(stored);
  }

  @Test
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void firstAndLastMoment_areInRange() {
    StoredSession first = insert(SampleSessions.complete(NOW));
    assertThat(store().touch(first.id(), Instant.EPOCH, Instant.EPOCH)).isTrue();
    assertThat(store().update(first, Instant.EPOCH)).isTrue();
    assertThat(store().deleteExpired(Instant.EPOCH, 10, gone -> {}).deleted()).isZero();
    assertThat(store().touch(first.id(), NOW, StoredSession.MAX_MOMENT)).isFalse();
    assertThat(store().deleteExpired(StoredSession.MAX_MOMENT, 10, gone -> {}).deleted()).isOne();
  }

  /** If it broke, a version would wrap around below zero, or the session could not be read. */
  @Test
  @Sentence("if it would be stored and its version is Long.MAX_VALUE: nothing changed")
  void update_lastVersion_throwsAndChangesNothing() {
    StoredSession stored = insert(SampleSessions.complete(NOW).version(Long.MAX_VALUE));
    StoredSession changed = stored.toBuilder().remembered(!stored.remembered()).build();
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store().update(changed, NOW));
    assertStored(stored);
    assertThat(store().touch(stored.id(), NOW, NOW)).as("a touch needs no version").isTrue();
    assertThat(store().delete(stored.id())).isPresent();
  }

  @Test
  @Sentence("the version becomes session.version() + 1")
  void update_versionBeforeTheLast_stores() {
    StoredSession stored = insert(SampleSessions.complete(NOW).version(Long.MAX_VALUE - 1));
    assertThat(store().update(stored, NOW)).isTrue();
    assertStored(stored.toBuilder().version(Long.MAX_VALUE).build());
  }
}
