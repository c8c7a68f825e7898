package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.password.PasswordHasher;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** B11: a thread whose interrupt flag is set. */
class InterruptedThreadTest {

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    assertThat(Thread.interrupted()).as("the flag is kept").isTrue();
    fixture.close();
  }

  @Test
  @DisplayName("B11: saves, logs in and renews")
  void save() {
    Thread.currentThread().interrupt();
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    session.setAttribute("a", "1");
    assertThat(manager.save(session)).isTrue();
    session.setAttribute("a", "2");
    assertThat(manager.save(session)).isTrue();
    manager.authenticate(session, "alice", LoginOptions.defaults());
    assertThat(manager.renew(session)).isTrue();
    assertThat(fixture.live(EngineFixture.sent(session)).attribute("a")).isEqualTo("2");
  }

  @Test
  @DisplayName("B11: waits for its turn after another save")
  void save_afterAnother_waits() throws Exception {
    String token = fixture.anonymous();
    Session first = fixture.live(token);
    Session second = fixture.live(token);
    first.setAttribute("a", "1");
    second.setAttribute("b", "1");
    CountDownLatch saving = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    fixture.store.beforeNext(
        "update",
        () -> {
          saving.countDown();
          awaitAll(goOn);
        });
    Thread other = new Thread(() -> manager.save(first));
    other.start();
    saving.await();
    Thread waiting = Thread.currentThread();
    Thread opener =
        new Thread(
            () -> {
              while (waiting.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
              }
              goOn.countDown();
            });
    opener.start();
    waiting.interrupt();

    assertThat(manager.save(second)).isTrue();

    assertThat(Thread.interrupted()).isTrue();
    other.join();
    opener.join();
    assertThat(fixture.live(token).attributeNames()).containsExactly("a", "b", "cart");
    waiting.interrupt();
  }

  private static void awaitAll(CountDownLatch latch) {
    try {
      latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  @DisplayName("B11: hashes a password when no other request is waiting")
  void hash() {
    PasswordHasher hasher = PasswordHasher.builder().cost(10).build();
    Thread.currentThread().interrupt();
    assertThat(hasher.verify("secret", hasher.hash("secret"))).isTrue();
  }

  @Test
  @DisplayName("C1, B11: pauses after a lost compare-and-set like any thread")
  void save_alwaysLosing_pauses() {
    try (EngineFixture busy =
        new EngineFixture(builder -> builder.storeTimeout(Duration.ofMillis(200)))) {
      String token = busy.anonymous();
      Session session = busy.live(token);
      session.setAttribute("a", "1");
      loseForever(busy, session);
      Thread.currentThread().interrupt();
      busy.store.calls.clear();
      try {
        busy.manager.save(session);
      } catch (io.coatcheck.session.store.SessionStoreException expected) {
        assertThat(busy.store.calls).hasSizeLessThan(2_000);
        return;
      }
      throw new AssertionError("must fail");
    }
  }

  private static void loseForever(EngineFixture busy, Session session) {
    busy.store.beforeNext(
        "update",
        () -> {
          busy.store
              .inner()
              .find(session.id())
              .ifPresent(found -> busy.store.inner().update(found, busy.clock.instant()));
          loseForever(busy, session);
        });
  }
}
