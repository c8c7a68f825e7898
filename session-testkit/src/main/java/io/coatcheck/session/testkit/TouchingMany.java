package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code BatchTouch}. */
abstract class TouchingMany extends ContractPart {

  TouchingMany(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsBatchTouch() {
    assumeHas(store().batchTouch(), BatchTouch.class);
  }

  private BatchTouch batch() {
    return store().batchTouch().orElseThrow();
  }

  private BatchTouch otherBatch() {
    return otherNode().batchTouch().orElseThrow();
  }

  @Test
  @Sentence("Returns the touch of many sessions at once, the same each time")
  void batchTouch_isTheSameEachTime() {
    assertThat(store().batchTouch().orElseThrow()).isSameAs(batch());
  }

  @Test
  @Sentence(of = BatchTouch.class, value = "an empty map is allowed, and does nothing")
  void touchAll_ofNothing_doesNothing() {
    assertThat(batch().touchAll(Map.of(), NOW)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_anySession_changesTheLastSeenMomentAlone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW).lastSeenAt(Instant.EPOCH));
    StoredSession neighbour = insert(SampleSessions.complete(NOW));
    Instant later = stored.expiresAt().minusMillis(1);

    Map<SessionId, Instant> moments = Map.of(stored.id(), later);
    assertThat(JustInTime.answer(() -> batch().touchAll(moments, later), set -> !set.isEmpty()))
        .containsExactly(stored.id());

    assertStored(stored.toBuilder().lastSeenAt(later).build());
    assertStored(neighbour);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence(
      of = BatchTouch.class,
      value = "only if it exists and is unexpired at now, never back, without any other change.")
  void touchAll_anySessionAtItsExpiry_isLeftAlone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    Instant expiry = stored.expiresAt();
    for (int later : new int[] {0, 1, 9_000}) {
      Instant now = after(expiry, Duration.ofMillis(later));
      assertThat(batch().touchAll(Map.of(stored.id(), StoredSession.MAX_MOMENT), now)).isEmpty();
    }
    assertStored(stored);
  }

  @ParameterizedTest
  @MethodSource("io.coatcheck.session.testkit.MeetingBounds#momentsOutOfRange")
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void touchAll_momentOutOfRange_throwsAndDoesNothing(Instant moment) {
    StoredSession first = insert(SampleSessions.anonymous(NOW));
    StoredSession second = insert(SampleSessions.anonymous(NOW));
    assertThatIllegalArgumentException()
        .as("the last-seen moment of one")
        .isThrownBy(() -> batch().touchAll(Map.of(first.id(), NOW, second.id(), moment), NOW));
    assertThatIllegalArgumentException()
        .as("now")
        .isThrownBy(() -> batch().touchAll(Map.of(first.id(), NOW), moment));
    assertStored(first);
    assertStored(second);
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_eachByItsOwnMoment() {
    StoredSession first = insert(SampleSessions.anonymous(NOW));
    StoredSession second = insert(SampleSessions.complete(NOW));
    StoredSession third = insert(SampleSessions.anonymous(NOW).idleTimeout(null));
    StoredSession expired = insert(SampleSessions.anonymous(Instant.EPOCH));
    StoredSession absent = SampleSessions.anonymous(NOW).build();

    Set<SessionId> touched =
        batch()
            .touchAll(
                Map.of(
                    first.id(), NOW.plusSeconds(30),
                    second.id(), NOW.plusSeconds(40),
                    third.id(), NOW.plusSeconds(50),
                    expired.id(), NOW.plusSeconds(60),
                    absent.id(), NOW.plusSeconds(70)),
                NOW);

    assertThat(touched).containsExactlyInAnyOrder(first.id(), second.id(), third.id());
    assertStored(first.toBuilder().lastSeenAt(NOW.plusSeconds(30)).build());
    assertStored(second.toBuilder().lastSeenAt(NOW.plusSeconds(40)).build());
    assertStored(third.toBuilder().lastSeenAt(NOW.plusSeconds(50)).build());
    assertStored(expired);
    assertThat(store().find(absent.id())).isEmpty();
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_earlierOrSameMoment_succeedsAndChangesNothing() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    for (Instant moment :
        new Instant[] {stored.lastSeenAt(), stored.lastSeenAt().minusMillis(1), Instant.EPOCH}) {
      assertThat(batch().touchAll(Map.of(stored.id(), moment), NOW)).containsExactly(stored.id());
      assertStored(stored);
    }
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_movesTheExpiry_andNotTheAbsoluteDeadline() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant later = NOW.plusSeconds(60);
    batch().touchAll(Map.of(stored.id(), later), NOW);
    Instant expiry = later.plus(SampleSessions.IDLE_TIMEOUT);
    Instant before = expiry.minusMillis(1);
    assertThat(JustInTime.isTrue(() -> store().touch(stored.id(), NOW, before))).isTrue();
    assertThat(store().touch(stored.id(), NOW, expiry)).isFalse();

    batch().touchAll(Map.of(stored.id(), StoredSession.MAX_MOMENT), NOW);
    Instant deadline = stored.absoluteDeadline();
    Instant justBefore = deadline.minusMillis(1);
    assertThat(JustInTime.isTrue(() -> store().touch(stored.id(), NOW, justBefore))).isTrue();
    assertThat(store().touch(stored.id(), NOW, deadline)).isFalse();
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_doesNotCostAnUpdateItsRace() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    batch().touchAll(Map.of(stored.id(), NOW.plusSeconds(60)), NOW);
    assertThat(store().update(stored, NOW)).as("an update from before a touch").isTrue();
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value = "only if it exists and is unexpired at now, never back, without any other change.")
  void touchAll_deleted_neverCreates() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    store().delete(stored.id());
    assertThat(batch().touchAll(Map.of(stored.id(), NOW.plusSeconds(1)), NOW)).isEmpty();
    assertThat(store().find(stored.id())).isEmpty();
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value = "a set that the caller owns, with those that exist and are unexpired at now;")
  void touchAll_answerIsTheCallersToChange() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Map<SessionId, Instant> moments = Map.of(stored.id(), NOW);
    batch().touchAll(moments, NOW).clear();
    assertThat(batch().touchAll(moments, NOW)).hasSize(1);
    batch().touchAll(Map.of(), NOW).add(stored.id());
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_asManyAsAllowed_areAllTouched() {
    Map<SessionId, Instant> moments = new HashMap<>();
    for (int i = 0; i < BatchTouch.MAX_IDS; i++) {
      StoredSession session = SampleSessions.anonymous(NOW.plusMillis(i)).build();
      store().insert(session);
      moments.put(session.id(), NOW.plusSeconds(i));
    }

    Set<SessionId> touched = batch().touchAll(moments, NOW);

    assertThat(touched).hasSize(BatchTouch.MAX_IDS);
    touched.forEach(
        id ->
            assertThat(store().find(id).orElseThrow().lastSeenAt())
                .isAfterOrEqualTo(moments.get(id)));
  }

  @Test
  @Sentence(of = BatchTouch.class, value = "if there are too many; nothing was done")
  void touchAll_moreThanAllowed_isRefused() {
    Map<SessionId, Instant> moments = new HashMap<>();
    for (int i = 0; i <= BatchTouch.MAX_IDS; i++) {
      moments.put(SessionId.of(1, i), NOW);
    }

    assertThatThrownBy(() -> batch().touchAll(moments, NOW))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_onAnotherNode_isSeenAtOnce() {
    assumeOtherNode();
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertStored(session);
    Map<SessionId, Instant> moments = Map.of(session.id(), NOW.plusSeconds(60));
    assertThat(otherBatch().touchAll(moments, NOW)).containsExactly(session.id());
    assertStored(session.toBuilder().lastSeenAt(NOW.plusSeconds(60)).build());
    assertThat(otherNode().delete(session.id())).isPresent();
    assertThat(batch().touchAll(moments, NOW)).isEmpty();
    assertGone(session);
  }

  @Test
  @Sentence(
      of = BatchTouch.class,
      value =
          "Moves the last-seen moments of sessions forward, that of each as SessionStore.touch does")
  void touchAll_movesTheExpiryOfTheCleanUp() {
    StoredSession touched = insert(SampleSessions.anonymous(NOW));
    Instant later = NOW.plusSeconds(60);
    batch().touchAll(Map.of(touched.id(), later), NOW);
    Instant expiry = later.plus(SampleSessions.IDLE_TIMEOUT);
    assertThat(store().deleteExpired(expiry.minusMillis(1), 10, gone -> {}).deleted()).isZero();
    assertThat(store().deleteExpired(expiry, 10, gone -> {}).deleted()).isOne();
  }
}
