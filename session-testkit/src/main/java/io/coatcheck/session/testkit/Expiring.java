package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code deleteExpired}. */
abstract class Expiring extends ContractPart {

  /** More calls than any test here can need, with the smallest steps. */
  private static final int MANY_CALLS = 10_000;

  private static final Instant EXPIRY = NOW.plus(SampleSessions.IDLE_TIMEOUT);

  Expiring(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("Deletes sessions that are expired at cutoff, and no others.")
  void deleteExpired_anySession_takesItAtItsExpiryAndNotBefore(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    Instant expiry = stored.expiresAt();
    assertThat(expire(expiry.minus(MILLISECOND)))
        .as("what is expired a millisecond before %s", expiry)
        .isEmpty();
    assertStored(stored);
    assertSame("what is expired at " + expiry, expire(expiry), List.of(stored));
    assertGone(stored);
    assertThat(expire(expiry)).isEmpty();
  }

  @Test
  @Sentence("Deletes sessions that are expired at cutoff, and no others.")
  void deleteExpired_amongOthers_takesThoseThatAreExpired() {
    List<StoredSession> expired = new ArrayList<>();
    List<StoredSession> live = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      expired.add(insert(SampleSessions.anonymous(NOW.minusSeconds(i))));
      expired.add(insert(SampleSessions.complete(NOW).absoluteDeadline(EXPIRY.minusSeconds(i))));
      live.add(insert(SampleSessions.complete(NOW.plus(MILLISECOND).plusSeconds(i))));
      live.add(insert(SampleSessions.authenticated("alice", NOW).idleTimeout(null)));
      live.add(insert(SampleSessions.anonymous(NOW).idleTimeout(Duration.ofHours(1))));
    }
    assertSame("what is expired", expire(EXPIRY), expired);
    live.forEach(this::assertStored);
    expired.forEach(this::assertGone);
  }

  @Test
  @Sentence("Deletes sessions that are expired at cutoff, and no others.")
  void deleteExpired_everyCombinationOfOptionalParts_handsOverAllParts() {
    List<StoredSession> expired =
        SampleSessions.everyKind(NOW).map(kind -> insert(kind.getPayload())).toList();
    assertSame("what is expired", expire(NOW.plus(SampleSessions.ABSOLUTE_TIMEOUT)), expired);
  }

  /** If it broke, moments would be compared as text, or as numbers that are too short. */
  @Test
  @Sentence("Deletes sessions that are expired at cutoff, and no others.")
  void deleteExpired_momentsOfAnyLength_areComparedAsNumbers() {
    List<StoredSession> waiting = new ArrayList<>();
    List<Instant> expiries = new ArrayList<>();
    for (long millis = 10; millis < StoredSession.MAX_MOMENT.toEpochMilli(); millis *= 10) {
      for (long moment : new long[] {millis - 1, millis}) {
        Instant expiry = Instant.ofEpochMilli(moment);
        expiries.add(expiry);
        waiting.add(
            insert(
                SampleSessions.anonymous(Instant.EPOCH)
                    .idleTimeout(null)
                    .absoluteDeadline(expiry)));
      }
    }
    for (Instant expiry : expiries) {
      assertSame("what is expired at " + expiry, expire(expiry), List.of(waiting.remove(0)));
    }
  }

  @Test
  @Sentence("A session that was touched or updated meanwhile, and so is no longer expired, stays.")
  void deleteExpired_touchedMeanwhile_spares() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    Instant later = NOW.plusSeconds(60);
    store().touch(stored.id(), later, NOW);
    assertThat(expire(EXPIRY)).isEmpty();
    assertStored(stored.toBuilder().lastSeenAt(later).build());
  }

  @Test
  @Sentence("A session that was touched or updated meanwhile, and so is no longer expired, stays.")
  void deleteExpired_updatedMeanwhile_spares() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    StoredSession longer = stored.toBuilder().idleTimeout(Duration.ofHours(2)).build();
    store().update(longer, NOW);
    assertThat(expire(EXPIRY)).isEmpty();
    assertStored(longer.toBuilder().version(1).build());
  }

  @Test
  @Sentence("Deletes sessions that are expired at cutoff, and no others.")
  void deleteExpired_returnsTheLastSnapshot() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession changed = stored.toBuilder().remembered(false).build();
    store().update(changed, NOW);
    assertSame("what is expired", expire(stored.absoluteDeadline()), List.of(successor(changed)));
  }

  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence("called once for each session that this call deleted, after it is gone for every")
  void deleteExpired_seenAgain_handsItOverAsItWasThen(Activity activity) {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession expected = activity.at(NOW.plusSeconds(60), otherNode(), stored);
    assertSame("what is expired", expire(expected.expiresAt()), List.of(expected));
  }

  @Test
  @Sentence("it deletes at most limit sessions")
  void deleteExpired_moreThanTheLimit_stopsAtTheLimit() {
    for (int i = 0; i < 25; i++) {
      insert(SampleSessions.anonymous(NOW));
    }
    int total = 0;
    for (int deleted = 1; deleted > 0; total += deleted) {
      List<StoredSession> gone = new ArrayList<>();
      deleted = store().deleteExpired(EXPIRY, 10, gone::add).deleted();
      assertThat(deleted).as("how many one call deleted").isBetween(0, 10).isEqualTo(gone.size());
    }
    assertThat(total).as("how many all calls deleted").isEqualTo(25);
  }

  @Test
  @Sentence("it deletes at most limit sessions")
  void deleteExpired_limitOfOne_takesOneAtATime() {
    insert(SampleSessions.anonymous(NOW));
    insert(SampleSessions.anonymous(NOW));
    assertThat(store().deleteExpired(EXPIRY, 1, gone -> {}).deleted()).isOne();
    assertThat(store().deleteExpired(EXPIRY, 1, gone -> {}).deleted()).isOne();
    assertThat(store().deleteExpired(EXPIRY, 1, gone -> {}).deleted()).isZero();
  }

  @Test
  @Sentence("it deletes at most limit sessions")
  void deleteExpired_largestLimit_takesAll() {
    insert(SampleSessions.anonymous(NOW));
    assertThat(store().deleteExpired(EXPIRY, Integer.MAX_VALUE, gone -> {}).deleted()).isOne();
  }

  @Test
  @Sentence("after finitely many of them one is complete.")
  void deleteExpired_manyLargeSessions_takesAllInOneCall() {
    for (int i = 0; i < 20; i++) {
      insert(Specimen.MEGABYTE_ATTRIBUTE.at(NOW));
    }
    assertThat(store().deleteExpired(EXPIRY, 100, gone -> {}).deleted()).isEqualTo(20);
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 1_000, 10_000})
  @Sentence("after finitely many of them one is complete.")
  void deleteExpired_untilOneCallIsComplete_takesAll(int limit) {
    List<StoredSession> expired =
        insertMany(
            MANY, () -> SampleSessions.anonymous(NOW).attribute("a", SampleSessions.text("b")));
    assertSame("what is expired", expire(EXPIRY, limit), expired);
    expired.forEach(session -> assertThat(store().find(session.id())).isEmpty());
  }

  /** If it broke, expired sessions would stay permanently, and the table would grow. */
  @ParameterizedTest
  @ValueSource(ints = {1, 100, 10_000})
  @Sentence("after finitely many of them one is complete.")
  void deleteExpired_behindManySessionsInUse_takesAll(int limit) {
    int number = limit == 1 ? 100 : MANY;
    List<StoredSession> used = insertMany(number, () -> SampleSessions.anonymous(NOW));
    List<StoredSession> expired =
        insertMany(30, () -> SampleSessions.anonymous(NOW.plusSeconds(1)));
    Instant seen = NOW.plusSeconds(600);
    used.forEach(session -> store().touch(session.id(), seen, NOW));
    assertSame("what is expired", expire(EXPIRY.plusSeconds(1), limit), expired);
    used.forEach(session -> assertThat(store().find(session.id())).isPresent());
    Instant later = seen.plus(SampleSessions.IDLE_TIMEOUT);
    assertThat(expire(later.minus(MILLISECOND), limit)).isEmpty();
    assertThat(expire(later, limit)).hasSize(number);
  }

  @Test
  @Sentence("how many were deleted, and whether that is all.")
  void deleteExpired_nothingIsExpired_isComplete() {
    insert(SampleSessions.anonymous(NOW));
    assertThat(store().deleteExpired(NOW, 10, gone -> {})).isEqualTo(new CleanUp(0, true));
  }

  @Test
  @Sentence("Consumers are called on the calling thread")
  void deleteExpired_consumer_isCalledHere() {
    insertMany(3, () -> SampleSessions.anonymous(NOW));
    Set<Thread> threads = new HashSet<>();
    store().deleteExpired(EXPIRY, 10, gone -> threads.add(Thread.currentThread()));
    assertThat(threads).containsExactly(Thread.currentThread());
  }

  @Test
  @Sentence(
      "while the store holds no lock, transaction or connection for it: they may call the store.")
  void deleteExpired_consumer_isCalledUnderNoLock() {
    insertMany(2, () -> SampleSessions.anonymous(NOW));
    int deleted = store().deleteExpired(EXPIRY, 10, gone -> useOnOtherThreads()).deleted();
    assertThat(deleted).isEqualTo(2);
  }

  @Test
  @Sentence(
      "the call continues, the other sessions are still handed over, and the first exception is thrown at the end")
  void deleteExpired_consumerThatThrowsAnError_isStillHandedTheOthers() {
    insertMany(300, () -> SampleSessions.anonymous(NOW));
    List<StoredSession> handedOver = new ArrayList<>();
    StackOverflowError error = new StackOverflowError("of the consumer");
    assertThatThrownBy(
            () ->
                store()
                    .deleteExpired(
                        EXPIRY,
                        10_000,
                        gone -> {
                          handedOver.add(gone);
                          throw error;
                        }))
        .isSameAs(error);
    assertThat(handedOver).hasSize(300).doesNotHaveDuplicates();
    assertThat(expire(EXPIRY)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  @Sentence("if limit is less than 1")
  void deleteExpired_limitBelowOne_throwsAndDeletesNothing(int limit) {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store().deleteExpired(EXPIRY, limit, gone -> {}).deleted());
    assertStored(stored);
  }

  @Test
  @Sentence(
      "called once for each session that this call deleted, after it is gone for every reader;")
  void deleteExpired_handsOverWhatIsGoneAlready() {
    insert(SampleSessions.anonymous(NOW));
    insert(SampleSessions.complete(NOW).absoluteDeadline(EXPIRY));
    List<Optional<StoredSession>> seen = new ArrayList<>();
    store()
        .deleteExpired(
            EXPIRY,
            10,
            gone -> {
              seen.add(store().find(gone.id()));
              seen.add(otherNode().find(gone.id()));
            });
    assertThat(seen).hasSize(4).containsOnly(Optional.empty());
  }

  @Test
  @Sentence(
      "while the store holds no lock, transaction or connection for it: they may call the store.")
  void deleteExpired_consumerThatCallsTheStore_mayDoSo() {
    StoredSession expired = insert(SampleSessions.anonymous(NOW));
    StoredSession successor = SampleSessions.anonymous(expired.id(), EXPIRY).build();
    assertThat(store().deleteExpired(EXPIRY, 10, gone -> store().insert(successor)).deleted())
        .isOne();
    assertStored(successor);
  }

  @Test
  @Sentence(
      "the call continues, the other sessions are still handed over, and the first exception is thrown at the end")
  void deleteExpired_consumerThatThrows_isStillHandedTheOthers() {
    for (int i = 0; i < 5; i++) {
      insert(SampleSessions.anonymous(NOW));
    }
    ThrowingConsumer consumer = new ThrowingConsumer();
    consumer.assertFails(() -> store().deleteExpired(EXPIRY, 10, consumer));
    assertThat(consumer.handedOver())
        .hasSize(5)
        .doesNotHaveDuplicates()
        .allSatisfy(this::assertGone);
    assertThat(expire(EXPIRY)).isEmpty();
  }

  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence("each is passed to only one caller on all nodes.")
  void deleteExpired_byMany_handsEachSessionToOne() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      List<StoredSession> expired = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        expired.add(insert(SampleSessions.anonymous(NOW)));
      }
      List<Callable<List<StoredSession>>> cleaners = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        boolean here = i % 2 == 0;
        cleaners.add(
            () -> {
              List<StoredSession> gone = new ArrayList<>();
              boolean isComplete = false;
              while (!isComplete) {
                isComplete =
                    (here ? store() : otherNode()).deleteExpired(EXPIRY, 7, gone::add).isComplete();
              }
              return gone;
            });
      }
      List<StoredSession> handedOver = new ArrayList<>();
      Race.among(cleaners).forEach(handedOver::addAll);
      handedOver.addAll(expire(EXPIRY));
      assertThat(handedOver)
          .as("what 4 concurrent cleaners were handed")
          .containsExactlyInAnyOrderElementsOf(expired);
    }
  }

  /** Deletes all expired sessions and returns them. */
  private List<StoredSession> expire(Instant cutoff) {
    return expire(cutoff, 1_000);
  }

  /** Deletes all expired sessions, in calls with a limit, and returns them. */
  private List<StoredSession> expire(Instant cutoff, int limit) {
    List<StoredSession> gone = new ArrayList<>();
    int counted = 0;
    int calls = 0;
    boolean isComplete = false;
    while (!isComplete) {
      CleanUp cleanUp = store().deleteExpired(cutoff, limit, gone::add);
      counted += cleanUp.deleted();
      isComplete = cleanUp.isComplete();
      assertThat(cleanUp.deleted()).as("how many one call deleted").isLessThanOrEqualTo(limit);
      assertThat(calls++).as("calls until one is complete").isLessThan(MANY_CALLS);
    }
    assertThat(gone).as("handed over as counted").hasSize(counted);
    return gone;
  }
}
