package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code delete}. */
abstract class Deleting extends ContractPart {

  Deleting(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void delete_anySession_returnsItOnceAndItIsGone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    assertSame("delete", store().delete(stored.id()), stored);
    assertGone(stored);
    assertThat(store().delete(stored.id())).isEmpty();
    assertThat(otherNode().delete(stored.id())).isEmpty();
  }

  @Test
  @Sentence("Calling it twice is allowed.")
  void delete_absent_isEmpty() {
    assertThat(store().delete(SampleSessions.anonymous(NOW).build().id())).isEmpty();
  }

  @Test
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void delete_returnsWhatWasStoredLast() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession changed =
        stored.toBuilder().attribute("cart", SampleSessions.text("no apples")).build();
    store().update(changed, NOW);
    Instant later = NOW.plusSeconds(60);
    store().touch(stored.id(), later, NOW);
    assertSame(
        "delete",
        otherNode().delete(stored.id()),
        successor(changed).toBuilder().lastSeenAt(later).build());
  }

  @Test
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void delete_leavesOtherSessionsAlone() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession neighbour = insert(SampleSessions.complete(NOW));
    store().delete(stored.id());
    assertStored(neighbour);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence("but only if its generation is the given one.")
  void deleteOfAGeneration_thatItHas_returnsItOnceAndItIsGone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    assertSame("delete", otherNode().delete(stored.id(), stored.generation()), stored);
    assertGone(stored);
    assertThat(store().delete(stored.id(), stored.generation())).isEmpty();
    String principal = stored.principal().orElse("alice");
    store()
        .principalIndex()
        .ifPresent(
            index ->
                assertThat(index.findByPrincipal(principal, null, 10))
                    .as("the list of %s", principal)
                    .isEmpty());
  }

  /** If it broke, "none" as a generation would end any session. */
  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE})
  @Sentence("With a negative generation, which no session has, it deletes nothing;")
  void deleteOfAGeneration_negative_leavesEverySessionAlone(long generation) {
    StoredSession first = insert(SampleSessions.anonymous(NOW));
    StoredSession later = insert(SampleSessions.complete(NOW));
    assertThat(store().delete(first.id(), generation)).isEmpty();
    assertThat(otherNode().delete(later.id(), generation)).isEmpty();
    assertStored(first);
    assertStored(later);
  }

  @Test
  @Sentence("but only if its generation is the given one.")
  void deleteOfAGeneration_thatItDoesNotHave_leavesItAlone() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    assertThat(store().delete(stored.id(), stored.generation() + 1)).isEmpty();
    assertThat(store().delete(stored.id(), stored.generation() - 1)).isEmpty();
    assertStored(stored);
    StoredSession rekeyed = stored.toBuilder().generation(stored.generation() + 1).build();
    assertThat(otherNode().update(rekeyed, NOW)).isTrue();
    assertThat(store().delete(stored.id(), stored.generation())).isEmpty();
    assertStored(rekeyed.toBuilder().version(stored.version() + 1).build());
  }

  @Test
  @Sentence("but only if its generation is the given one.")
  void deleteOfAGeneration_beyondDoubles_isComparedExactly() {
    long generation = (1L << 62) + 1;
    StoredSession stored = insert(SampleSessions.complete(NOW).generation(generation));
    assertThat(store().delete(stored.id(), generation - 1)).isEmpty();
    assertThat(store().delete(stored.id(), generation + 1)).isEmpty();
    assertStored(stored);
    assertSame("delete", store().delete(stored.id(), generation), stored);
  }

  @Test
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void delete_everyCombinationOfOptionalParts_returnsAllParts() {
    SampleSessions.everyKind(NOW)
        .forEach(
            kind -> {
              StoredSession stored = insert(kind.getPayload());
              String what = "delete of a session with " + kind.getName();
              assertSame(what, otherNode().delete(stored.id()), stored);
            });
  }

  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void delete_seenAgain_returnsItAsItWasThen(Activity activity) {
    Instant later = NOW.plusSeconds(60);
    StoredSession first = insert(SampleSessions.complete(NOW));
    StoredSession second = insert(SampleSessions.complete(NOW));
    StoredSession expected = activity.at(later, otherNode(), first);
    assertSame("delete", store().delete(first.id()), expected);
    expected = activity.at(later, otherNode(), second);
    assertSame(
        "delete of a generation", store().delete(second.id(), second.generation()), expected);
  }

  @Test
  @Sentence("but only if its generation is the given one.")
  void deleteOfAGeneration_absent_isEmpty() {
    assertThat(store().delete(SampleSessions.anonymous(NOW).build().id(), 0)).isEmpty();
  }

  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void delete_byMany_handsTheSessionToOne() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.complete(NOW));
      List<Callable<Optional<StoredSession>>> deletes = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        deletes.add(() -> store().delete(stored.id()));
        deletes.add(() -> otherNode().delete(stored.id()));
      }
      assertThat(Race.among(deletes))
          .as("what each of 8 concurrent deletes returned")
          .containsOnlyOnce(Optional.of(stored));
      assertGone(stored);
    }
  }

  /** If it broke, the end of a session would be reported twice, or not at all. */
  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence(
      "what was deleted, as it was at that moment, to exactly one of all callers on all nodes;")
  void deleteOfAGeneration_byManyAndAgainstDelete_handsTheSessionToOne() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession stored = insert(SampleSessions.complete(NOW));
      List<Callable<Optional<StoredSession>>> deletes =
          List.of(
              () -> store().delete(stored.id(), stored.generation()),
              () -> otherNode().delete(stored.id(), stored.generation()),
              () -> store().delete(stored.id()),
              () -> otherNode().delete(stored.id(), stored.generation()));
      assertThat(Race.among(deletes))
          .as("what each of 4 concurrent deletes returned")
          .containsOnlyOnce(Optional.of(stored));
      assertGone(stored);
    }
  }
}
