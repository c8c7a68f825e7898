package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I15: the thread that revalidates goes on whatever happens")
@Timeout(180)
class RevalidatorTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final RemoteStore remote = new RemoteStore();
  private final NearCacheSessionStore node =
      NearCacheSessionStore.builder(remote).maxStaleness(Duration.ofMillis(200)).build();
  private final NearCopies copies = node.nearCopies().orElseThrow();

  @AfterEach
  void close() {
    node.close();
  }

  private StoredSession stored() {
    StoredSession session =
        StoredSession.builder(SessionId.generate(NOW, RANDOM))
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(NOW)
            .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
            .build();
    remote.insert(session);
    return session;
  }

  /** Waits until the thread has looked into the store, for a session that is in use. */
  private void awaitRevalidation() {
    StoredSession session = stored();
    int before = remote.batches.get();
    Await.until(
        () -> {
          copies.lookUp(session.id(), 0, 0);
          return remote.batches.get() > before;
        });
  }

  private void awaitStoredTouch() {
    StoredSession session = stored();
    Instant seen = NOW.plusSeconds(60);
    // Right after a failure the requests touch by themselves.
    Await.until(() -> copies.touchSoon(session.id(), seen, NOW));
    Await.until(() -> remote.find(session.id()).orElseThrow().lastSeenAt().equals(seen));
  }

  @ParameterizedTest
  @ValueSource(classes = {OutOfMemoryError.class, LinkageError.class, IllegalStateException.class})
  @DisplayName("stores 2: after a failure of either of its tasks, which does not stop the other")
  void failure_isSurvived(Class<? extends Throwable> type) throws Exception {
    Throwable failure = type.getConstructor(String.class).newInstance("passing");
    remote.stampsFailure = failure;
    awaitRevalidation();
    awaitStoredTouch();
    remote.stampsFailure = null;
    remote.touchAllFailure = failure;
    copies.touchSoon(stored().id(), NOW.plusSeconds(60), NOW);
    awaitRevalidation();
    remote.touchAllFailure = null;

    awaitRevalidation();
    awaitStoredTouch();
  }

  @Test
  @DisplayName("the log says when comparisons and activity fail, at doubling numbers in a row")
  void storeFailures_areLogged() {
    AtomicLong nanos = new AtomicLong();
    RemoteStore failing = new RemoteStore();
    Copies some =
        new Copies(
            failing,
            Duration.ofSeconds(1).toNanos(),
            0,
            1 << 24,
            nanos::get,
            Duration.ofMillis(500));
    Revalidator revalidator = new Revalidator(some, failing, Duration.ofMillis(250), null);
    StoredSession session = stored();
    failing.insert(session);
    Runnable failure =
        () -> {
          int asked = failing.batches.get();
          // In between there are runs with nothing to compare, since the copy was loaded again.
          while (failing.batches.get() == asked) {
            nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(300));
            some.lookUp(session.id(), 0, 0);
            revalidator.lookOnce();
          }
        };
    RecordedLog log = RecordedLog.of(NearCacheSessionStore.class);
    try (log) {
      failing.stampsFailure = new SessionStoreException("no right to compare");
      for (int i = 0; i < 9; i++) {
        failure.run();
      }
      failing.stampsFailure = null;
      failure.run();
      failing.stampsFailure = new SessionStoreException("again");
      failure.run();
      failing.stampsFailure = null;
      failing.touchAllFailure = new SessionStoreException("no right to touch");
      assertThat(some.touchSoon(session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60))).isTrue();
      for (int i = 0; i < 3; i++) {
        revalidator.lookOnce();
      }
    }

    assertThat(log.lines(Level.WARN))
        .containsExactly(
            "Revalidation failed, 1 times in a row; it will be retried: no right to compare",
            "Revalidation failed, 2 times in a row; it will be retried: no right to compare",
            "Revalidation failed, 4 times in a row; it will be retried: no right to compare",
            "Revalidation failed, 8 times in a row; it will be retried: no right to compare",
            "Revalidation failed, 1 times in a row; it will be retried: again",
            "Storing activity failed, 1 times in a row; it will be retried: no right to touch",
            "Storing activity failed, 2 times in a row; it will be retried: no right to touch");
    some.close();
  }

  @Test
  @DisplayName("stores 2: after an interrupt")
  void interrupt_isSurvived() {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("coatcheck-revalidator-")) {
        thread.interrupt();
      }
    }
    awaitRevalidation();
    awaitStoredTouch();
  }

  @Test
  @DisplayName("stores 9: closing does not interrupt a call to the store")
  void close_doesNotInterruptTheStore() throws Exception {
    CountDownLatch inTheStore = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    StoredSession session = stored();
    remote.beforeTouchAllAnswers =
        () -> {
          inTheStore.countDown();
          try {
            release.await();
            interrupted.set(false);
          } catch (InterruptedException e) {
            interrupted.set(true);
          }
        };
    copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);
    inTheStore.await();
    Thread closing = new Thread(node::close);
    closing.start();
    Await.until(() -> closing.getState() == Thread.State.TIMED_WAITING);

    release.countDown();
    closing.join(60_000);

    assertThat(interrupted).hasValue(false);
  }

  @Test
  @DisplayName(
      "stores 26: a listener that blocks, or throws an Error, stops neither it nor requests")
  void blockedListener_stopsNothing() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch blocked = new CountDownLatch(1);
    List<StoredSession> told = new CopyOnWriteArrayList<>();
    copies.onEndedElsewhere(
        session -> {
          told.add(session);
          blocked.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          throw new OutOfMemoryError("listener");
        });
    StoredSession first = gone();
    blocked.await();

    awaitRevalidation();
    awaitStoredTouch();
    StoredSession second = gone();

    assertThat(told).containsExactly(first);
    release.countDown();
    Await.until(() -> told.size() == 2);
    assertThat(told).containsExactly(first, second);
  }

  private StoredSession gone() {
    StoredSession session = stored();
    copies.lookUp(session.id(), 0, 0);
    remote.delete(session.id());
    node.find(session.id());
    return session;
  }

  @Test
  @DisplayName("I19: a listener may ask for the very session that it is notified of")
  void listenerThatAsks_doesNotHang() {
    List<Boolean> present = new CopyOnWriteArrayList<>();
    copies.onEndedElsewhere(
        session -> present.add(copies.lookUp(session.id(), 0, 0).session().isPresent()));
    StoredSession session = stored();
    copies.lookUp(session.id(), 0, 0);
    remote.delete(session.id());
    Await.until(() -> copies.lookUp(session.id(), 0, 0).session().isEmpty());

    Await.until(() -> !present.isEmpty());

    assertThat(present).containsExactly(false);
  }
}
