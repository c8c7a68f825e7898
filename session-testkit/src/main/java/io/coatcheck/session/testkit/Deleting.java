package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code delete}. */
abstract class Deleting extends ContractPart {

  Deleting(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  void delete_anySession_returnsItOnceAndItIsGone(Specimen specimen) {
    StoredSession stored = insert(specimen.at(NOW));
    assertThat(store().delete(stored.id())).contains(stored);
    assertGone(stored);
    assertThat(store().delete(stored.id())).isEmpty();
    assertThat(otherNode().delete(stored.id())).isEmpty();
  }

  @Test
  void delete_absent_isEmpty() {
    assertThat(store().delete(SampleSessions.anonymous(NOW).build().id())).isEmpty();
  }

  @Test
  void delete_returnsWhatWasStoredLast() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession changed =
        stored.toBuilder().attribute("cart", SampleSessions.text("no apples")).build();
    store().update(changed, NOW);
    Instant later = NOW.plusSeconds(60);
    store().touch(stored.id(), later, NOW);
    assertThat(otherNode().delete(stored.id()))
        .contains(changed.toBuilder().version(stored.version() + 1).lastSeenAt(later).build());
  }

  @Test
  void delete_leavesOtherSessionsAlone() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession neighbour = insert(SampleSessions.complete(NOW));
    store().delete(stored.id());
    assertStored(neighbour);
  }

  @Test
  void deleteOfAGeneration_thatItHas_returnsItOnceAndItIsGone() {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    assertThat(otherNode().delete(stored.id(), stored.generation())).contains(stored);
    assertGone(stored);
    assertThat(store().delete(stored.id(), stored.generation())).isEmpty();
  }

  @Test
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
  void deleteOfAGeneration_absent_isEmpty() {
    assertThat(store().delete(SampleSessions.anonymous(NOW).build().id(), 0)).isEmpty();
  }

  @Test
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
}
