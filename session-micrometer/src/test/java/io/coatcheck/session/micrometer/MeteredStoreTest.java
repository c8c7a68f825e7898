package io.coatcheck.session.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A metered store measures its calls and its clean-up")
class MeteredStoreTest {

  private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");

  private final MockClock clock = new MockClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
  private final SessionMetrics metrics = SessionMetrics.create(registry);
  private final FaultyStore faulty =
      FaultyStore.wrap(new Slow(InMemorySessionStore.builder().copyOnRead(true).build()));
  private final SessionStore store = metrics.meter(faulty);

  /** Each call takes 30 milliseconds by the clock of the registry. */
  private final class Slow extends InterceptingSessionStore {

    Slow(SessionStore store) {
      super(store);
    }

    @Override
    protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
      clock.add(Duration.ofMillis(30));
      return call.get();
    }
  }

  private Timer timer(StoreOperation operation, String outcome) {
    return registry
        .get("coatcheck.store")
        .tags("operation", operation.methodName(), "outcome", outcome)
        .timer();
  }

  private double lag() {
    return registry.get("coatcheck.cleanup.lag").timeGauge().value(TimeUnit.SECONDS);
  }

  private double deleted() {
    return registry.get("coatcheck.cleanup.deleted").counter().count();
  }

  private void callEveryOperation() {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    store.insert(session);
    store.find(session.id());
    store.update(session, NOW);
    store.touch(session.id(), NOW, NOW);
    store.delete(session.id());
    store.deleteExpired(NOW, 10, gone -> {});
    store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10);
    store.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), gone -> {});
    store.principalIndex().orElseThrow().deleteOldest("alice", 1, NOW, gone -> {});
    store.loginLimit().orElseThrow().admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW);
  }

  @Test
  void calls_areTimed_byOperation() {
    callEveryOperation();

    for (StoreOperation operation : StoreOperation.values()) {
      // The wrapped store has no batches.
      boolean isCalled =
          operation != StoreOperation.STAMPS && operation != StoreOperation.TOUCH_ALL;
      assertThat(timer(operation, "success").count())
          .as(operation.methodName())
          .isEqualTo(isCalled ? 1 : 0);
      assertThat(timer(operation, "success").totalTime(TimeUnit.MILLISECONDS))
          .as(operation.methodName())
          .isEqualTo(isCalled ? 30 : 0);
      assertThat(timer(operation, "failure").count()).as(operation.methodName()).isZero();
    }
  }

  @Test
  void calls_thatThrow_areTimedAsFailures_andTheExceptionReachesTheCaller() {
    faulty.failAfter(StoreOperation.FIND, 1);
    SessionId id = SampleSessions.anonymous(NOW).build().id();

    assertThatThrownBy(() -> store.find(id))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("failed on command");

    assertThat(timer(StoreOperation.FIND, "success").count()).isZero();
    assertThat(timer(StoreOperation.FIND, "failure").totalTime(TimeUnit.MILLISECONDS))
        .isEqualTo(30);
  }

  @Test
  void cleanUp_isTimed_andItsDeletionsCounted() {
    for (int i = 0; i < 5; i++) {
      store.insert(SampleSessions.anonymous(NOW).build());
    }
    Instant later = NOW.plus(SampleSessions.ABSOLUTE_TIMEOUT);

    assertThat(store.deleteExpired(later, 3, gone -> {}).isComplete()).isFalse();
    assertThat(store.deleteExpired(later, 3, gone -> {}).isComplete()).isTrue();

    assertThat(deleted()).isEqualTo(5);
    Timer batches = registry.get("coatcheck.cleanup").timer();
    assertThat(batches.count()).isEqualTo(2);
    assertThat(batches.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(60);
  }

  @Test
  void cleanUpLag_growsUntilABatchIsComplete() {
    clock.add(Duration.ofSeconds(10));
    assertThat(lag()).isEqualTo(10);
    for (int i = 0; i < 5; i++) {
      store.insert(SampleSessions.anonymous(NOW).build());
    }
    Instant later = NOW.plus(SampleSessions.ABSOLUTE_TIMEOUT);
    double before = lag();

    assertThat(store.deleteExpired(later, 3, gone -> {}).isComplete()).isFalse();
    assertThat(lag()).isGreaterThan(before);

    faulty.failAfter(StoreOperation.DELETE_EXPIRED, 1);
    assertThatThrownBy(() -> store.deleteExpired(later, 3, gone -> {}))
        .isInstanceOf(SessionStoreException.class);
    assertThat(lag()).isGreaterThan(before);

    store.deleteExpired(later, 3, gone -> {});
    // It counts from before the batch: what expired during it may be left.
    assertThat(lag()).isEqualTo(0.03);
  }

  @Test
  void store_ofLiveValues_isTimedOnlyInItsCleanUp() {
    SimpleMeterRegistry other = new SimpleMeterRegistry();
    SessionStore live = SessionMetrics.create(other).meter(InMemorySessionStore.builder().build());
    live.insert(SampleSessions.anonymous(NOW).build());
    live.deleteExpired(NOW.plus(SampleSessions.ABSOLUTE_TIMEOUT), 10, gone -> {});

    assertThat(other.find("coatcheck.store").meter()).isNull();
    assertThat(other.get("coatcheck.cleanup.deleted").counter().count()).isEqualTo(1);
    assertThat(other.get("coatcheck.cleanup").timer().count()).isEqualTo(1);
  }

  @Test
  void close_closesTheStore_andLeavesTheMeters() {
    callEveryOperation();
    store.close();

    assertThatThrownBy(() -> faulty.find(SampleSessions.anonymous(NOW).build().id()))
        .isInstanceOf(SessionStoreException.class);
    assertThat(timer(StoreOperation.INSERT, "success").count()).isEqualTo(1);
  }
}
