package io.coatcheck.session.background;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I15: a background thread ends when it is closed, and for no other reason")
class RecurringWorkTest {

  private static final long FOREVER = TimeUnit.HOURS.toNanos(1);

  private final List<Throwable> reported = new CopyOnWriteArrayList<>();
  private final AtomicInteger turns = new AtomicInteger();
  private final Semaphore done = new Semaphore(0);
  private final AtomicReference<Thread> thread = new AtomicReference<>();
  private RecurringWork running;

  @AfterEach
  void end() {
    running.end();
  }

  private void start(long pauseNanos, Consumer<Integer> turn, Consumer<Throwable> onFailure) {
    running =
        new RecurringWork(
            "tested",
            () -> pauseNanos,
            () -> {
              thread.set(Thread.currentThread());
              try {
                turn.accept(turns.incrementAndGet());
              } finally {
                done.release();
              }
            },
            onFailure);
    running.start();
  }

  private void awaitTurns(int number) throws InterruptedException {
    assertThat(done.tryAcquire(number, 60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  @DisplayName("attack 5, stores 2: it survives every Throwable, and reports it")
  void throwables_areReportedAndSurvived() throws Exception {
    List<Throwable> failures =
        List.of(
            new IllegalStateException("one"),
            new OutOfMemoryError("two"),
            new StackOverflowError("three"),
            new LinkageError("four"),
            new AssertionError("five"));
    start(1, turn -> fail(failures, turn), reported::add);

    awaitTurns(7);

    assertThat(reported).containsExactlyElementsOf(failures);
  }

  private static void fail(List<Throwable> failures, int turn) {
    if (turn <= failures.size()) {
      RecurringWorkTest.<RuntimeException>sneaky(failures.get(turn - 1));
    }
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void sneaky(Throwable failure) throws T {
    throw (T) failure;
  }

  @Test
  @DisplayName("attack 5: it survives when even the report fails")
  void failingReport_isSurvived() throws Exception {
    start(
        1,
        turn -> {
          throw new OutOfMemoryError("work");
        },
        failure -> {
          throw new OutOfMemoryError("report");
        });
    awaitTurns(3);
  }

  @Test
  @DisplayName("attack 5: an interrupt that the work leaves set does not reach its next turn")
  void interruptLeftBehind_isIgnoredAndReported() throws Exception {
    AtomicBoolean seen = new AtomicBoolean();
    start(
        1,
        turn -> {
          if (Thread.currentThread().isInterrupted()) {
            seen.set(true);
          }
          Thread.currentThread().interrupt();
        },
        reported::add);

    awaitTurns(4);

    assertThat(seen).isFalse();
    assertThat(reported).isNotEmpty().allMatch(InterruptedException.class::isInstance);
  }

  @Test
  @DisplayName("attack 5: an interrupt from elsewhere ends neither the pause nor the thread")
  void interruptInThePause_isIgnored() throws Exception {
    start(FOREVER, turn -> {}, reported::add);
    running.wake();
    awaitTurns(1);

    thread.get().interrupt();
    await(() -> !reported.isEmpty());

    assertThat(turns).hasValue(1);
    running.wake();
    awaitTurns(1);
  }

  @Test
  @DisplayName("stores 9: closing interrupts the pause and not the work")
  void end_doesNotInterruptTheWork() throws Exception {
    CountDownLatch working = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    AtomicBoolean interrupted = new AtomicBoolean();
    start(
        1,
        turn -> {
          working.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            interrupted.set(true);
          }
        },
        reported::add);
    assertThat(working.await(60, TimeUnit.SECONDS)).isTrue();
    Thread ending = new Thread(running::end);
    ending.start();
    await(() -> ending.getState() == Thread.State.TIMED_WAITING);

    release.countDown();
    ending.join(TimeUnit.SECONDS.toMillis(60));

    assertThat(ending.isAlive()).isFalse();
    assertThat(interrupted).isFalse();
    assertThat(thread.get().isAlive()).isFalse();
    assertThat(turns).hasValue(1);
  }

  @Test
  @DisplayName("starting it again does nothing, and after its end neither")
  void start_again_doesNothing() throws Exception {
    start(FOREVER, turn -> {}, reported::add);
    running.start();
    running.wake();
    awaitTurns(1);
    assertThat(running.end()).isTrue();

    running.start();

    assertThat(thread.get().isAlive()).isFalse();
  }

  @Test
  @DisplayName("one that ended before it began does not begin")
  void start_afterTheEnd_doesNothing() throws Exception {
    running = new RecurringWork("tested", () -> 1, () -> {}, reported::add);
    assertThat(running.end()).isTrue();

    running.start();

    Thread unused =
        (Thread)
            MethodHandles.privateLookupIn(RecurringWork.class, MethodHandles.lookup())
                .findVarHandle(RecurringWork.class, "thread", Thread.class)
                .get(running);
    assertThat(unused.getState()).isEqualTo(Thread.State.NEW);
  }

  @Test
  void end_inThePause_isPrompt() throws Exception {
    start(FOREVER, turn -> {}, reported::add);
    running.wake();
    awaitTurns(1);

    assertThat(running.end()).isTrue();

    assertThat(thread.get().isAlive()).isFalse();
  }

  @Test
  @DisplayName("closing ends a pause within the work, and reports that")
  void end_inARest_isPrompt() throws Exception {
    AtomicBoolean goesOn = new AtomicBoolean(true);
    CountDownLatch working = new CountDownLatch(1);
    start(
        1,
        turn -> {
          working.countDown();
          goesOn.set(running.rest(FOREVER));
        },
        reported::add);
    assertThat(working.await(60, TimeUnit.SECONDS)).isTrue();

    assertThat(running.end()).isTrue();

    assertThat(goesOn).isFalse();
  }

  @Test
  @DisplayName("the work may close its own thread, without waiting for itself")
  void end_byTheWork_doesNotWait() throws Exception {
    start(1, turn -> running.end(), reported::add);
    awaitTurns(1);
    await(() -> !thread.get().isAlive());
    assertThat(turns).hasValue(1);
  }

  private static void await(java.util.function.BooleanSupplier condition) {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(60));
      Thread.onSpinWait();
    }
  }
}
