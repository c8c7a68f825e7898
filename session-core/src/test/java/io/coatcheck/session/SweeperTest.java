package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** I15: the thread of the clean-up survives everything, and ends when it is closed. */
class SweeperTest {

  private final HookedStore store =
      new HookedStore(
          InMemorySessionStore.builder().copyOnRead(true).build(), EngineFixture.TOUCH_INTERVAL);
  private final EngineFixture fixture =
      new EngineFixture(
          store, builder -> builder.cleanUpInterval(Duration.ofMillis(5)).listener(this::hear));

  private volatile Runnable whenEnded = () -> {};

  @AfterEach
  void close() {
    fixture.close();
  }

  private void hear(SessionEvent event) {
    if (event instanceof SessionEvent.Ended) {
      whenEnded.run();
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private void assertStillSweeps() {
    int before = fixture.eventsOf(SessionEvent.Ended.class).size();
    fixture.loggedIn("alice");
    fixture.clock.advance(Duration.ofDays(1));
    await(() -> fixture.eventsOf(SessionEvent.Ended.class).size() > before);
  }

  static Stream<Throwable> failures() {
    return Stream.of(
        new OutOfMemoryError("one"),
        new StackOverflowError(),
        new NoClassDefFoundError("gone"),
        new ExceptionInInitializerError("broken"),
        new IllegalStateException("unexpected"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  @DisplayName("attack 5, B58, stores 2: the sweeper survives whatever the store throws")
  void sweep_survives(Throwable failure) {
    AtomicBoolean thrown = new AtomicBoolean();
    store.beforeNext(
        "deleteExpired",
        () -> {
          thrown.set(true);
          SweeperTest.<RuntimeException>rethrow(failure);
        });
    await(thrown::get);
    assertStillSweeps();
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void rethrow(Throwable failure) throws E {
    throw (E) failure;
  }

  @Test
  @DisplayName("attack 5: a listener that leaves the thread interrupted, each time")
  void sweep_interrupted_goesOn() {
    whenEnded = () -> Thread.currentThread().interrupt();
    assertStillSweeps();
    assertStillSweeps();
    assertStillSweeps();
  }

  @Test
  @DisplayName("attack 5: an interrupt that a listener left does not reach the next call")
  void sweep_interrupted_storeIsNotInterrupted() {
    AtomicBoolean interrupted = new AtomicBoolean();
    AtomicBoolean called = new AtomicBoolean();
    whenEnded = () -> Thread.currentThread().interrupt();
    assertStillSweeps();
    store.beforeNext(
        "deleteExpired",
        () -> {
          interrupted.set(Thread.currentThread().isInterrupted());
          called.set(true);
        });
    await(called::get);
    assertThat(interrupted).isFalse();
  }

  @Test
  @DisplayName("stores 9: close() does not interrupt the store, and waits for it")
  void close_whileTheStoreWorks_waits() throws InterruptedException {
    CountDownLatch working = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicBoolean interrupted = new AtomicBoolean();
    AtomicBoolean closedMeanwhile = new AtomicBoolean();
    store.beforeNext(
        "deleteExpired",
        () -> {
          working.countDown();
          try {
            goOn.await(60, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            interrupted.set(true);
          }
          closedMeanwhile.set(store.closed);
        });
    working.await();
    Thread closer = new Thread(fixture::close);
    closer.start();
    // A closer that is interrupted itself waits all the same.
    await(() -> closer.getState() == Thread.State.TIMED_WAITING);
    closer.interrupt();
    await(() -> closer.getState() == Thread.State.TIMED_WAITING && !closer.isInterrupted());
    goOn.countDown();
    closer.join();

    assertThat(interrupted).isFalse();
    assertThat(closedMeanwhile).isFalse();
    assertThat(store.closed).isTrue();
  }

  @Test
  @DisplayName("I15: a listener on the thread itself may close the manager")
  void close_byAListener_ends() {
    AtomicBoolean closed = new AtomicBoolean();
    whenEnded =
        () -> {
          fixture.close();
          closed.set(true);
        };
    assertStillSweeps();
    await(closed::get);
    assertThat(store.closed).isTrue();
  }
}
