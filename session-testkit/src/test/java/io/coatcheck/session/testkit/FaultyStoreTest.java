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
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
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
  private Map<StoreOperation, Consumer<FaultyStore>> operations() {
    PrincipalIndex index = store.principalIndex().orElseThrow();
    Map<StoreOperation, Consumer<FaultyStore>> operations = new EnumMap<>(StoreOperation.class);
    operations.put(
        StoreOperation.INSERT,
        faulty -> faulty.insert(SampleSessions.anonymous(ContractPart.NOW).build()));
    operations.put(StoreOperation.FIND, faulty -> faulty.find(session.id()));
    operations.put(StoreOperation.UPDATE, faulty -> faulty.update(session, ContractPart.NOW));
    operations.put(
        StoreOperation.TOUCH,
        faulty -> faulty.touch(session.id(), ContractPart.NOW.plusSeconds(1), ContractPart.NOW));
    operations.put(StoreOperation.DELETE, faulty -> faulty.delete(session.id()));
    operations.put(
        StoreOperation.DELETE_EXPIRED,
        faulty -> faulty.deleteExpired(session.expiresAt(), 1, gone -> {}));
    operations.put(
        StoreOperation.FIND_BY_PRINCIPAL, faulty -> index.findByPrincipal("alice", null, 1_000));
    operations.put(
        StoreOperation.DELETE_BY_PRINCIPAL,
        faulty -> index.deleteByPrincipal("alice", Set.of(), gone -> {}));
    operations.put(
        StoreOperation.DELETE_OLDEST,
        faulty -> index.deleteOldest("alice", 1, ContractPart.NOW, gone -> {}));
    operations.put(
        StoreOperation.ADMIT,
        faulty ->
            store
                .loginLimit()
                .orElseThrow()
                .admit(session, false, 1, WhenFull.EVICT_OLDEST, ContractPart.NOW));
    return operations;
  }

  @ParameterizedTest
  @EnumSource(
      value = StoreOperation.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"STAMPS", "TOUCH_ALL"})
  void failBefore_hasNoEffectAndIsCounted(StoreOperation operation) {
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
      value = StoreOperation.class,
      names = {"UPDATE", "TOUCH", "DELETE", "DELETE_EXPIRED", "DELETE_BY_PRINCIPAL", "ADMIT"})
  void failAfter_hasItsEffect(StoreOperation operation) {
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
    faulty.failBefore(StoreOperation.STAMPS, 1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> lookup.stamps(Set.of()));
    assertThat(lookup.stamps(Set.of())).isEmpty();
    assertThat(faulty.calls(StoreOperation.STAMPS)).isEqualTo(2);
    assertThat(store.batchLookup()).isEmpty();
    BatchTouch touch = faulty.batchTouch().orElseThrow();
    faulty.failBefore(StoreOperation.TOUCH_ALL, 1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> touch.touchAll(Map.of(), Instant.EPOCH));
    assertThat(touch.touchAll(Map.of(), Instant.EPOCH)).isEmpty();
    assertThat(store.batchTouch()).isEmpty();
    assertThat(store.nearCopies()).isEmpty();
  }

  @Test
  void orders_areCarriedOutInTheirOrder() {
    inner.insert(session);
    store.failBefore(StoreOperation.FIND, 1);
    FaultyStore.Pause pause = store.pauseBefore(StoreOperation.FIND);
    pause.release();
    store.failAfter(StoreOperation.FIND, 1);
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
        .isThrownBy(() -> store.failBefore(StoreOperation.FIND, 0))
        .withMessageContaining("times");
  }

  @Test
  void pauseBefore_holdsTheCallBeforeItsEffect() {
    inner.insert(session);
    FaultyStore.Pause pause = store.pauseBefore(StoreOperation.DELETE);
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
    FaultyStore.Pause pause = store.pauseAfter(StoreOperation.DELETE);
    CompletableFuture<Boolean> deleted =
        CompletableFuture.supplyAsync(() -> store.delete(session.id()).isPresent());
    pause.awaitReached();
    assertThat(inner.find(session.id())).isEmpty();
    assertThat(deleted).isNotDone();
    pause.release();
    assertThat(deleted.join()).isTrue();
  }

  @Test
  void runBeforeAndAfter_runOnceEach_aroundTheEffect() {
    StoredSession session = SampleSessions.anonymous(ContractPart.NOW).build();
    List<Boolean> found = new ArrayList<>();
    Runnable look = () -> found.add(inner.find(session.id()).isPresent());
    store.runBefore(StoreOperation.INSERT, look);
    store.runAfter(StoreOperation.DELETE, look);
    store.insert(session);
    store.delete(session.id());
    store.insert(session);
    store.delete(session.id());
    assertThat(found).containsExactly(false, false);
  }

  @Test
  void history_hasAllCallsInOrder_failedOnesToo() {
    StoredSession session = SampleSessions.anonymous(ContractPart.NOW).build();
    store.failBefore(StoreOperation.FIND, 1);
    store.insert(session);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store.find(session.id()));
    store.delete(session.id());
    assertThat(store.history())
        .containsExactly(StoreOperation.INSERT, StoreOperation.FIND, StoreOperation.DELETE);
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

    @Override
    protected SessionStore createSmallStore(int capacity) {
      return FaultyStore.wrap(InMemorySessionStore.builder().maximumSessions(capacity).build());
    }
  }
}
