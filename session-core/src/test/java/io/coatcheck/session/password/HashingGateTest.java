package io.coatcheck.session.password;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F60: concurrent hashing is bounded, and so is waiting for it")
class HashingGateTest {

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void stop() {
    release.countDown();
    threads.shutdownNow();
  }

  @Test
  void run_neverAdmitsMoreThanTheBoundAtATime() throws Exception {
    HashingGate gate = new HashingGate(3, Duration.ofMinutes(1));
    AtomicInteger atWork = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Future<Integer>> results = new ArrayList<>();
    for (int number = 0; number < 27; number++) {
      results.add(
          threads.submit(
              () ->
                  gate.run(
                      () -> {
                        int now = atWork.incrementAndGet();
                        most.accumulateAndGet(now, Math::max);
                        LockSupport.parkNanos(100_000);
                        atWork.decrementAndGet();
                        return now;
                      })));
    }
    for (Future<Integer> result : results) {
      assertThat(result.get(1, TimeUnit.MINUTES)).isBetween(1, 3);
    }
    assertThat(most.get()).isBetween(1, 3);
  }

  @Test
  void run_whenAsManyWaitAsMay_refusesAtOnce() throws Exception {
    HashingGate gate = new HashingGate(1, Duration.ofMinutes(1));
    occupy(gate);
    List<Future<String>> waiting = new ArrayList<>();
    for (int number = 0; number < 8; number++) {
      waiting.add(threads.submit(() -> gate.run(() -> "done")));
    }
    await(() -> gate.waiting() == 8);
    assertThatExceptionOfType(PasswordHasherBusyException.class)
        .isThrownBy(() -> gate.run(() -> "never"))
        .withMessage("1 passwords are being hashed and as many wait as may");
    release.countDown();
    for (Future<String> result : waiting) {
      assertThat(result.get(1, TimeUnit.MINUTES)).isEqualTo("done");
    }
    assertThat(gate.run(() -> "again")).isEqualTo("again");
  }

  @Test
  void run_whenItsTurnDoesNotCome_fails() throws Exception {
    for (Duration wait : List.of(Duration.ZERO, Duration.ofMillis(5))) {
      HashingGate gate = new HashingGate(1, wait);
      occupy(gate);
      for (int round = 0; round < 20; round++) {
        assertThatExceptionOfType(PasswordHasherBusyException.class)
            .isThrownBy(() -> gate.run(() -> "never"))
            .withMessage("1 passwords were being hashed for all of " + wait);
      }
    }
  }

  @Test
  void run_whenInterrupted_failsAndStaysInterrupted() throws Exception {
    HashingGate gate = new HashingGate(1, Duration.ofMinutes(1));
    occupy(gate);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> gate.run(() -> "never"))
        .isInstanceOf(PasswordHasherBusyException.class)
        .hasMessage("interrupted while waiting to hash a password");
    assertThat(Thread.interrupted()).isTrue();

    Future<Boolean> waiter =
        threads.submit(
            () -> {
              try {
                gate.run(() -> "never");
                return false;
              } catch (PasswordHasherBusyException busy) {
                return Thread.currentThread().isInterrupted();
              }
            });
    await(() -> gate.waiting() == 1);
    Future<?> interrupter = threads.submit(threads::shutdownNow);
    assertThat(waiter.get(1, TimeUnit.MINUTES)).isTrue();
    interrupter.get(1, TimeUnit.MINUTES);
  }

  @Test
  void run_ofWorkThatThrows_freesItsPlace() {
    HashingGate gate = new HashingGate(1, Duration.ZERO);
    for (int round = 0; round < 20; round++) {
      assertThatThrownBy(
              () ->
                  gate.run(
                      () -> {
                        throw new IllegalStateException("broken");
                      }))
          .hasMessage("broken");
    }
    assertThat(gate.run(() -> "done")).isEqualTo("done");
  }

  @Test
  void hasher_passesBothThroughTheGate() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountingBcrypt slow =
        new CountingBcrypt() {
          @Override
          public String hash(int cost, byte[] secret) {
            entered.countDown();
            awaitRelease();
            return super.hash(cost, secret);
          }
        };
    PasswordHasher hasher =
        PasswordHasher.builder().bcrypt(slow).maxConcurrent(1).maxWait(Duration.ZERO).build();
    Future<String> first = threads.submit(() -> hasher.hash("a"));
    assertThat(entered.await(1, TimeUnit.MINUTES)).isTrue();
    assertThatExceptionOfType(PasswordHasherBusyException.class).isThrownBy(() -> hasher.hash("a"));
    assertThatExceptionOfType(PasswordHasherBusyException.class)
        .isThrownBy(() -> hasher.verify("a", (String) null));
    release.countDown();
    assertThat(hasher.verify("a", first.get(1, TimeUnit.MINUTES))).isTrue();
  }

  private void occupy(HashingGate gate) throws InterruptedException {
    CountDownLatch entered = new CountDownLatch(1);
    Future<String> unused =
        threads.submit(
            () ->
                gate.run(
                    () -> {
                      entered.countDown();
                      awaitRelease();
                      return "held";
                    }));
    assertThat(entered.await(1, TimeUnit.MINUTES)).isTrue();
  }

  private void awaitRelease() {
    boolean interrupted = false;
    while (release.getCount() > 0) {
      LockSupport.parkNanos(1_000_000);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
