package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract of a store's {@link BatchTouch}: a test for every sentence of its documentation.
 * Extended like {@link SessionStoreContract}, by a store whose {@link SessionStore#batchTouch()} is
 * present.
 *
 * @since 0.1.0
 */
public abstract class BatchTouchContract {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00.123Z");

  private SessionStore store;
  private BatchTouch batch;

  /** Makes the contract; a test class has nothing to hand over. */
  protected BatchTouchContract() {}

  /** Makes a store without any session. Called before each test, which closes the store. */
  protected abstract SessionStore createStore();

  /** Opens what the test is about. */
  @BeforeEach
  final void openStore() {
    store = createStore();
    batch = store.batchTouch().orElseThrow();
  }

  /** Closes what the test was about. */
  @AfterEach
  final void closeStore() {
    store.close();
  }

  private StoredSession insert(StoredSessionBuilder builder) {
    StoredSession session = builder.build();
    store.insert(session);
    return session;
  }

  private void assertStored(StoredSession expected) {
    assertThat(store.find(expected.id())).contains(expected);
  }

  @Test
  void batchTouch_isTheSameEachTime() {
    assertThat(store.batchTouch().orElseThrow()).isSameAs(batch);
  }

  @Test
  void touchAll_ofNothing_doesNothing() {
    assertThat(batch.touchAll(Map.of(), NOW)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  void touchAll_anySession_changesTheLastSeenMomentAlone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW).lastSeenAt(Instant.EPOCH));
    StoredSession neighbour = insert(SampleSessions.complete(NOW));
    Instant later = stored.expiresAt().minusMillis(1);

    assertThat(batch.touchAll(Map.of(stored.id(), later), later)).containsExactly(stored.id());

    assertStored(stored.toBuilder().lastSeenAt(later).build());
    assertStored(neighbour);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  void touchAll_anySessionAtItsExpiry_isLeftAlone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    Instant expiry = stored.expiresAt();
    for (int later : new int[] {0, 1, 9_000}) {
      Instant now = ContractPart.after(expiry, Duration.ofMillis(later));
      assertThat(batch.touchAll(Map.of(stored.id(), StoredSession.MAX_MOMENT), now)).isEmpty();
    }
    assertStored(stored);
  }

  @ParameterizedTest
  @MethodSource("io.coatcheck.session.testkit.MeetingBounds#momentsOutOfRange")
  void touchAll_momentOutOfRange_throwsAndDoesNothing(Instant moment) {
    StoredSession first = insert(SampleSessions.anonymous(NOW));
    StoredSession second = insert(SampleSessions.anonymous(NOW));
    assertThatIllegalArgumentException()
        .as("the last-seen moment of one")
        .isThrownBy(() -> batch.touchAll(Map.of(first.id(), NOW, second.id(), moment), NOW));
    assertThatIllegalArgumentException()
        .as("now")
        .isThrownBy(() -> batch.touchAll(Map.of(first.id(), NOW), moment));
    assertStored(first);
    assertStored(second);
  }

  @Test
  void touchAll_eachByItsOwnMoment() {
    StoredSession first = insert(SampleSessions.anonymous(NOW));
    StoredSession second = insert(SampleSessions.complete(NOW));
    StoredSession third = insert(SampleSessions.anonymous(NOW).idleTimeout(null));
    StoredSession expired = insert(SampleSessions.anonymous(Instant.EPOCH));
    StoredSession absent = SampleSessions.anonymous(NOW).build();

    Set<SessionId> touched =
        batch.touchAll(
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
    assertThat(store.find(absent.id())).isEmpty();
  }

  @Test
  void touchAll_earlierOrSameMoment_succeedsAndChangesNothing() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    for (Instant moment :
        new Instant[] {stored.lastSeenAt(), stored.lastSeenAt().minusMillis(1), Instant.EPOCH}) {
      assertThat(batch.touchAll(Map.of(stored.id(), moment), NOW)).containsExactly(stored.id());
      assertStored(stored);
    }
  }

  @Test
  void touchAll_movesTheExpiry_andNotTheAbsoluteDeadline() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant later = NOW.plusSeconds(60);
    batch.touchAll(Map.of(stored.id(), later), NOW);
    Instant expiry = later.plus(SampleSessions.IDLE_TIMEOUT);
    assertThat(store.touch(stored.id(), NOW, expiry.minusMillis(1))).isTrue();
    assertThat(store.touch(stored.id(), NOW, expiry)).isFalse();

    batch.touchAll(Map.of(stored.id(), StoredSession.MAX_MOMENT), NOW);
    Instant deadline = stored.absoluteDeadline();
    assertThat(store.touch(stored.id(), NOW, deadline.minusMillis(1))).isTrue();
    assertThat(store.touch(stored.id(), NOW, deadline)).isFalse();
  }

  @Test
  void touchAll_doesNotCostAnUpdateItsRace() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    batch.touchAll(Map.of(stored.id(), NOW.plusSeconds(60)), NOW);
    assertThat(store.update(stored, NOW)).as("an update from before a touch").isTrue();
  }

  @Test
  void touchAll_deleted_neverCreates() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    store.delete(stored.id());
    assertThat(batch.touchAll(Map.of(stored.id(), NOW.plusSeconds(1)), NOW)).isEmpty();
    assertThat(store.find(stored.id())).isEmpty();
  }

  @Test
  void touchAll_answerIsTheCallersToChange() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Map<SessionId, Instant> moments = Map.of(stored.id(), NOW);
    batch.touchAll(moments, NOW).clear();
    assertThat(batch.touchAll(moments, NOW)).hasSize(1);
    batch.touchAll(Map.of(), NOW).add(stored.id());
  }

  @Test
  void touchAll_asManyAsAllowed_areAllTouched() {
    Map<SessionId, Instant> moments = new HashMap<>();
    for (int i = 0; i < BatchTouch.MAX_IDS; i++) {
      StoredSession session = SampleSessions.anonymous(NOW.plusMillis(i)).build();
      if (i % 10 == 0) {
        store.insert(session);
      }
      moments.put(session.id(), NOW.plusSeconds(i));
    }

    Set<SessionId> touched = batch.touchAll(moments, NOW);

    assertThat(touched).hasSize(BatchTouch.MAX_IDS / 10);
    touched.forEach(
        id ->
            assertThat(store.find(id).orElseThrow().lastSeenAt())
                .isAfterOrEqualTo(moments.get(id)));
  }

  @Test
  void touchAll_moreThanAllowed_isRefused() {
    Map<SessionId, Instant> moments = new HashMap<>();
    for (int i = 0; i <= BatchTouch.MAX_IDS; i++) {
      moments.put(SessionId.of(1, i), NOW);
    }

    assertThatThrownBy(() -> batch.touchAll(moments, NOW))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** If a touch could create, a session would be found after both are done. */
  @Test
  void touchAll_againstDelete_neverRevives() {
    for (int round = 0; round < 30; round++) {
      StoredSession doomed = insert(SampleSessions.complete(NOW));
      StoredSession other = insert(SampleSessions.complete(NOW));
      Map<SessionId, Instant> moments =
          Map.of(doomed.id(), NOW.plusSeconds(9), other.id(), NOW.plusSeconds(9));

      Race.between(() -> batch.touchAll(moments, NOW), () -> store.delete(doomed.id()));

      assertThat(store.find(doomed.id())).isEmpty();
      assertThat(store.find(other.id()).orElseThrow().lastSeenAt()).isEqualTo(NOW.plusSeconds(9));
    }
  }

  /** If a batch waited for another one, two of the same sessions could wait for each other. */
  @Test
  void touchAll_againstItself_neverFails() {
    Map<SessionId, Instant> moments = new HashMap<>();
    for (int i = 0; i < 50; i++) {
      moments.put(insert(SampleSessions.anonymous(NOW)).id(), NOW.plusSeconds(5));
    }
    for (int round = 0; round < 20; round++) {
      Race.between(() -> batch.touchAll(moments, NOW), () -> batch.touchAll(moments, NOW));
    }
    assertThat(batch.touchAll(moments, NOW)).hasSize(50);
  }
}
