package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Looks without a thread, so that no time has to pass. */
class WatchdogTest {

  private final CountDownLatch aborted = new CountDownLatch(1);
  private final Connection connection =
      (Connection)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {Connection.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("abort")) {
                  aborted.countDown();
                }
                return null;
              });
  private final AtomicBoolean isOutOfThreads = new AtomicBoolean();
  private Runnable beforeAbort = () -> {};
  private final Watchdog watchdog =
      new Watchdog(
          Duration.ofMillis(2_500),
          false,
          abort -> {
            beforeAbort.run();
            if (isOutOfThreads.get()) {
              throw new OutOfMemoryError("unable to create native thread");
            }
            Watchdog.runOnItsOwnThread(abort);
          });

  @DisplayName("A call that is seen too often is aborted, and its operation knows")
  @Test
  void look_sameCall_aborts() throws InterruptedException {
    Watchdog.Watch watch = watchdog.watch(connection);
    look(3);
    assertThat(watch.isAborted()).as("seen three times, which is less than 2.5 seconds").isFalse();

    look(1);

    assertThat(watch.isAborted()).isTrue();
    assertThat(aborted.await(60, TimeUnit.SECONDS)).isTrue();
    watch.next();
    assertThat(watch.end()).as("the connection must not be used again").isTrue();
  }

  @DisplayName("A call whose connection could not be aborted for want of a thread is tried again")
  @Test
  void look_noThreadToAbort_triesAgain() throws InterruptedException {
    Watchdog.Watch watch = watchdog.watch(connection);
    look(3);
    isOutOfThreads.set(true);
    assertThatThrownBy(() -> look(1)).isInstanceOf(OutOfMemoryError.class);
    assertThatThrownBy(() -> look(1)).as("the next look").isInstanceOf(OutOfMemoryError.class);
    assertThat(watch.isAborted()).isFalse();
    isOutOfThreads.set(false);

    look(1);

    assertThat(watch.isAborted()).isTrue();
    assertThat(aborted.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @DisplayName(
      "The next call begins while there is no thread to abort the last one: it has its time")
  @Test
  void look_nextCallWhileThereIsNoThread_countsAnew() {
    Watchdog.Watch watch = watchdog.watch(connection);
    look(3);
    isOutOfThreads.set(true);
    beforeAbort = watch::next;
    assertThatThrownBy(() -> look(1)).isInstanceOf(OutOfMemoryError.class);
    beforeAbort = () -> {};
    isOutOfThreads.set(false);

    look(3);

    assertThat(watch.isAborted()).as("seen three times, which is less than 2.5 seconds").isFalse();
    look(1);
    assertThat(watch.isAborted()).isTrue();
  }

  @DisplayName("An operation that ends while there is no thread to abort its call stays ended")
  @Test
  void look_endWhileThereIsNoThread_abortsNothing() {
    Watchdog.Watch watch = watchdog.watch(connection);
    look(3);
    isOutOfThreads.set(true);
    beforeAbort = () -> assertThat(watch.end()).as("about to be aborted").isTrue();
    assertThatThrownBy(() -> look(1)).isInstanceOf(OutOfMemoryError.class);
    isOutOfThreads.set(false);

    look(10);

    assertThat(watch.isAborted()).isFalse();
    assertThat(aborted.getCount()).isEqualTo(1);
  }

  @Test
  void look_anotherCallEachTime_abortsNothing() {
    Watchdog.Watch watch = watchdog.watch(connection);
    for (int call = 0; call < 10; call++) {
      look(3);
      watch.next();
    }

    assertThat(watch.end()).isFalse();
    assertThat(aborted.getCount()).isEqualTo(1);
  }

  @DisplayName("An operation that has ended is never aborted: its connection serves another one")
  @Test
  void look_ended_abortsNothing() {
    Watchdog.Watch watch = watchdog.watch(connection);
    look(3);
    assertThat(watch.end()).isFalse();

    look(10);

    assertThat(aborted.getCount()).isEqualTo(1);
    assertThat(watch.isAborted()).isFalse();
  }

  @DisplayName("The thread ends with the store")
  @Test
  void close_endsTheThread() {
    try (Table table =
        new Table(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null))) {
      List<Thread> before = watchdogs();
      JdbcSessionStore store = table.builder().build();
      store.find(Sessions.token().id());
      List<Thread> started = watchdogs().stream().filter(one -> !before.contains(one)).toList();
      assertThat(started).isNotEmpty();

      store.close();

      Table.await("ended", () -> started.stream().noneMatch(Thread::isAlive));
    }
  }

  @DisplayName("The thread ends ten looks after the last call, and the next one starts another")
  @Test
  void idle_endsTheThread() {
    Watchdog watched = new Watchdog(Duration.ofSeconds(100));
    List<Thread> before = watchdogs();
    watched.watch(connection).end();
    List<Thread> first = watchdogs().stream().filter(one -> !before.contains(one)).toList();
    assertThat(first).hasSize(1);

    // Its own looks are a second apart: the last one of ten is left to it.
    assertThat(Watchdog.INTERVAL.multipliedBy(Watchdog.IDLE_LOOKS))
        .isEqualTo(Duration.ofSeconds(10));
    for (int i = 1; i < Watchdog.IDLE_LOOKS; i++) {
      watched.look();
    }
    Table.await("ended", () -> first.stream().noneMatch(Thread::isAlive));

    watched.watch(connection).end();
    assertThat(watchdogs()).anyMatch(one -> !before.contains(one) && !first.contains(one));
    watched.close();
  }

  private void look(int times) {
    for (int i = 0; i < times; i++) {
      watchdog.look();
    }
  }

  private static List<Thread> watchdogs() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("coatcheck-watchdog-"))
        .toList();
  }
}
