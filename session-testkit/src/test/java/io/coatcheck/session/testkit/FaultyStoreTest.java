package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.FaultyStore.Operation;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FaultyStoreTest {

  private final SessionStore inner = InMemorySessionStore.builder().build();
  private final FaultyStore store = FaultyStore.wrap(inner);
  private final StoredSession session =
      SampleSessions.authenticated("alice", ContractPart.NOW).build();

  /** Each operation, such that its effect on the session can be told. */
  private Map<Operation, Consumer<FaultyStore>> operations() {
    PrincipalIndex index = store.principalIndex().orElseThrow();
    Map<Operation, Consumer<FaultyStore>> operations = new EnumMap<>(Operation.class);
    operations.put(
        Operation.INSERT,
        faulty -> faulty.insert(SampleSessions.anonymous(ContractPart.NOW).build()));
    operations.put(Operation.FIND, faulty -> faulty.find(session.id()));
    operations.put(Operation.UPDATE, faulty -> faulty.update(session, ContractPart.NOW));
    operations.put(
        Operation.TOUCH,
        faulty -> faulty.touch(session.id(), ContractPart.NOW.plusSeconds(1), ContractPart.NOW));
    operations.put(Operation.DELETE, faulty -> faulty.delete(session.id()));
    operations.put(
        Operation.DELETE_EXPIRED,
        faulty -> faulty.deleteExpired(session.expiresAt(), 1, gone -> {}));
    operations.put(
        Operation.FIND_BY_PRINCIPAL, faulty -> index.findByPrincipal("alice", null, 1_000));
    operations.put(
        Operation.DELETE_BY_PRINCIPAL,
        faulty -> index.deleteByPrincipal("alice", Set.of(), gone -> {}));
    operations.put(
        Operation.DELETE_OLDEST,
        faulty -> index.deleteOldest("alice", 1, ContractPart.NOW, gone -> {}));
    operations.put(
        Operation.ADMIT,
        faulty ->
            store
                .loginLimit()
                .orElseThrow()
                .admit(session, false, 1, WhenFull.EVICT_OLDEST, ContractPart.NOW));
    return operations;
  }

  @ParameterizedTest
  @EnumSource(
      value = Operation.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"STAMPS", "TOUCH_ALL"})
  void failBefore_hasNoEffectAndIsCounted(Operation operation) {
    inner.insert(session);
    store.failBefore(operation, 2);
    for (int i = 0; i < 2; i++) {
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> operations().get(operation).accept(store));
    }
    assertThat(inner.find(session.id())).contains(session);
    operations().get(operation).accept(store);
    assertThat(store.calls(operation)).isEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource(
      value = Operation.class,
      names = {"UPDATE", "TOUCH", "DELETE", "DELETE_EXPIRED", "DELETE_BY_PRINCIPAL", "ADMIT"})
  void failAfter_hasItsEffect(Operation operation) {
    inner.insert(session);
    store.failAfter(operation, 1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> operations().get(operation).accept(store));
    assertThat(inner.find(session.id())).isNotEqualTo(Optional.of(session));
  }

  @Test
  void failAlways_thenHeal_works() {
    store.failAlways();
    operations()
        .forEach(
            (operation, call) ->
                assertThatExceptionOfType(SessionStoreException.class)
                    .as("%s", operation)
                    .isThrownBy(() -> call.accept(store)));
    store.heal();
    store.insert(session);
    assertThat(store.find(session.id())).contains(session);
  }

  @Test
  void failBefore_ofACapability_fails() {
    class WithLookup extends BrokenStore {
      @Override
      public Optional<BatchLookup> batchLookup() {
        return Optional.of(ids -> Map.of());
      }

      @Override
      public Optional<BatchTouch> batchTouch() {
        return Optional.of((lastSeenAt, now) -> Set.of());
      }
    }
    FaultyStore faulty = FaultyStore.wrap(new WithLookup());
    BatchLookup lookup = faulty.batchLookup().orElseThrow();
    faulty.failBefore(Operation.STAMPS, 1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> lookup.stamps(Set.of()));
    assertThat(lookup.stamps(Set.of())).isEmpty();
    assertThat(faulty.calls(Operation.STAMPS)).isEqualTo(2);
    assertThat(store.batchLookup()).isEmpty();
    BatchTouch touch = faulty.batchTouch().orElseThrow();
    faulty.failBefore(Operation.TOUCH_ALL, 1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> touch.touchAll(Map.of(), Instant.EPOCH));
    assertThat(touch.touchAll(Map.of(), Instant.EPOCH)).isEmpty();
    assertThat(store.batchTouch()).isEmpty();
    assertThat(store.nearCopies()).isEmpty();
  }

  @Test
  void orders_areCarriedOutInTheirOrder() {
    inner.insert(session);
    store.failBefore(Operation.FIND, 1);
    FaultyStore.Pause pause = store.pauseBefore(Operation.FIND);
    pause.release();
    store.failAfter(Operation.FIND, 1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store.find(session.id()))
        .withMessageContaining("before");
    assertThat(store.find(session.id())).isPresent();
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store.find(session.id()))
        .withMessageContaining("after");
    assertThat(store.find(session.id())).isPresent();
  }

  @Test
  void failBefore_timesBelowOne_throws() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.failBefore(Operation.FIND, 0))
        .withMessageContaining("times");
  }

  @Test
  void pauseBefore_holdsTheCallBeforeItsEffect() {
    inner.insert(session);
    FaultyStore.Pause pause = store.pauseBefore(Operation.DELETE);
    CompletableFuture<Boolean> deleted =
        CompletableFuture.supplyAsync(() -> store.delete(session.id()).isPresent());
    pause.awaitReached();
    assertThat(inner.find(session.id())).isPresent();
    pause.release();
    assertThat(deleted.join()).isTrue();
    assertThat(inner.find(session.id())).isEmpty();
  }

  @Test
  void pauseAfter_holdsTheCallAfterItsEffect() {
    inner.insert(session);
    FaultyStore.Pause pause = store.pauseAfter(Operation.DELETE);
    CompletableFuture<Boolean> deleted =
        CompletableFuture.supplyAsync(() -> store.delete(session.id()).isPresent());
    pause.awaitReached();
    assertThat(inner.find(session.id())).isEmpty();
    assertThat(deleted).isNotDone();
    pause.release();
    assertThat(deleted.join()).isTrue();
  }

  @Nested
  class WithoutOrders extends SessionStoreContract {
    @Override
    protected SessionStore createStore() {
      return FaultyStore.wrap(InMemorySessionStore.builder().build());
    }

    @Override
    protected SessionStore createOtherNode(SessionStore store) {
      return store;
    }
  }
}
