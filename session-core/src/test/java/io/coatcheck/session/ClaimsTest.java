package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClaimsTest {

  private static final String TEXT = "test:issuer/1";

  private final EngineFixture fixture = new EngineFixture();
  private final SessionBridge bridge = fixture.manager.bridge();
  private final Instant until = fixture.clock.instant().plus(Duration.ofHours(1));

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void claim_twice_isMadeOnce() {
    assertThat(bridge.claim(TEXT, until)).isTrue();
    assertThat(bridge.claim(TEXT, until)).isFalse();
    assertThat(bridge.claim(TEXT + "2", until)).isTrue();
  }

  @Test
  void claim_byManyAtOnce_isMadeOnce() throws Exception {
    int threads = 8;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      for (int round = 0; round < 50; round++) {
        String text = TEXT + round;
        CyclicBarrier start = new CyclicBarrier(threads);
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          calls.add(
              () -> {
                start.await();
                return bridge.claim(text, until);
              });
        }
        int made = 0;
        for (Future<Boolean> call : pool.invokeAll(calls)) {
          made += call.get() ? 1 : 0;
        }
        assertThat(made).isEqualTo(1);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** Otherwise neither this call nor a later one makes it. */
  @Test
  void claim_whoseAnswerIsLost_isMade() {
    AtomicBoolean isAnswerLost = new AtomicBoolean(true);
    SessionStore store =
        new InterceptingSessionStore(InMemorySessionStore.builder().build()) {
          @Override
          protected <T> T around(
              StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
            T answer = call.get();
            if (operation == StoreOperation.INSERT && isAnswerLost.get()) {
              throw new SessionStoreException("the answer was lost");
            }
            return answer;
          }
        };
    try (SessionManager manager = SessionManager.builder(store).clock(fixture.clock).build()) {
      assertThat(manager.bridge().claim(TEXT, until)).isTrue();
      assertThat(manager.bridge().claim(TEXT, until)).isFalse();
      isAnswerLost.set(false);
      assertThat(manager.bridge().claim(TEXT, until)).isFalse();
    }
  }

  private ClaimAttempt begin() {
    return bridge.beginClaim(TEXT, until).orElseThrow();
  }

  @Test
  void attempt_withdrawn_canBeMadeAgain() {
    ClaimAttempt attempt = begin();
    assertThat(bridge.beginClaim(TEXT, until)).isEmpty();
    assertThat(attempt.withdraw()).isTrue();
    assertThat(attempt.withdraw()).isFalse();
    assertThat(bridge.claim(TEXT, until)).isTrue();
    assertThat(bridge.beginClaim(TEXT, until)).isEmpty();
  }

  /** As after an answer that was lost: the attempt cannot know whether it withdrew the claim. */
  @Test
  void attempt_withdrawsNoClaimOfAnother() {
    ClaimAttempt first = begin();
    first.withdraw();
    ClaimAttempt second = begin();
    assertThat(first.withdraw()).isFalse();
    assertThat(first.isHeld()).isFalse();
    assertThat(second.isHeld()).isTrue();
    assertThat(bridge.isClaimed(TEXT)).isTrue();
  }

  @Test
  void attempt_isHeld_untilTheTextIsUsedUp_whichIsFinal() {
    ClaimAttempt attempt = begin();
    assertThat(attempt.isHeld()).isTrue();
    assertThat(attempt.isHeld()).isTrue();
    assertThat(bridge.claim(TEXT, until)).isFalse();
    assertThat(attempt.isHeld()).isFalse();
    assertThat(attempt.withdraw()).isFalse();
    assertThat(bridge.claim(TEXT, until)).isFalse();
    assertThat(bridge.beginClaim(TEXT, until)).isEmpty();
  }

  @Test
  void claim_inPlaceOfAnAttempt_isKeptAsLongAsBothSay() {
    begin();
    bridge.claim(TEXT, until.minusSeconds(60));
    fixture.clock.advance(Duration.ofMinutes(64));
    assertThat(fixture.manager.cleanUp()).isZero();
    fixture.clock.advance(Duration.ofMinutes(1));
    assertThat(fixture.manager.cleanUp()).isEqualTo(1);
  }

  @Test
  void claim_inPlaceOfAnAttemptThatHasExpired_isMade() {
    ClaimAttempt attempt = begin();
    fixture.clock.advance(Duration.ofHours(2));
    assertThat(bridge.claim(TEXT, fixture.clock.instant().plusSeconds(1))).isTrue();
    assertThat(attempt.withdraw()).isFalse();
    assertThat(bridge.isClaimed(TEXT)).isTrue();
  }

  /**
   * Each of the requests withdraws its claim at once, and one uses the text up meanwhile. A call
   * fails if the claim that stopped its insertion is gone when it looks: it cannot know the reason.
   */
  @Test
  void claim_amongManyAttempts_isFinal() throws Exception {
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads + 1);
    try {
      for (int round = 0; round < 50; round++) {
        String text = TEXT + round;
        CyclicBarrier start = new CyclicBarrier(threads + 1);
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          calls.add(
              () -> {
                start.await();
                return succeeds(
                    () -> bridge.beginClaim(text, until).ifPresent(ClaimAttempt::withdraw));
              });
        }
        calls.add(
            () -> {
              start.await();
              return succeeds(() -> bridge.claim(text, until));
            });
        List<Future<Boolean>> answers = pool.invokeAll(calls);
        boolean isUsedUp = answers.get(threads).get();
        if (!isUsedUp) {
          bridge.claim(text, until);
        }
        assertThat(bridge.beginClaim(text, until)).isEmpty();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private static boolean succeeds(Runnable call) {
    try {
      call.run();
      return true;
    } catch (SessionStoreException e) {
      return false;
    }
  }

  /** As with replicas that do not confirm what the store has done. */
  @Test
  void claim_whoseAnswerIsLost_andThatIsNotConfirmed_isAFailure_andSoIsTheNext() {
    fixture.store.afterNext("insert", ClaimsTest::fail);
    fixture.store.beforeNext("delete", ClaimsTest::fail);
    assertThatThrownBy(() -> bridge.claim(TEXT, until)).isInstanceOf(SessionStoreException.class);
    fixture.store.beforeNext("delete", ClaimsTest::fail);
    assertThatThrownBy(() -> bridge.claim(TEXT, until)).isInstanceOf(SessionStoreException.class);
    assertThat(bridge.claim(TEXT, until)).isFalse();
  }

  @Test
  void attempt_whoseAnswerIsLost_andThatIsNotConfirmed_isWithdrawn() {
    fixture.store.afterNext("insert", ClaimsTest::fail);
    fixture.store.beforeNext("delete", ClaimsTest::fail);
    assertThatThrownBy(() -> bridge.beginClaim(TEXT, until))
        .isInstanceOf(SessionStoreException.class);
    assertThat(bridge.isClaimed(TEXT)).isFalse();
  }

  private static void fail() {
    throw new SessionStoreException("not confirmed");
  }

  @Test
  void claim_expires_isCleanedUp_andNoListenerIsNotified() {
    bridge.claim(TEXT, until);
    fixture.clock.advance(Duration.ofHours(2));
    assertThat(fixture.manager.cleanUp()).isEqualTo(1);
    assertThat(fixture.eventsOf(SessionEvent.class)).isEmpty();
    assertThat(bridge.claim(TEXT, fixture.clock.instant().plusSeconds(1))).isTrue();
  }

  /** Otherwise a token would be exchanged twice, on the node whose clock still finds it valid. */
  @Test
  void claim_isKeptForNodesWhoseClocksLag() {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    InstantSource ahead = InstantSource.fixed(until);
    InstantSource behind = InstantSource.fixed(until.minus(Duration.ofMinutes(4)));
    try (SessionManager fast = SessionManager.builder(store).clock(ahead).build();
        SessionManager slow = SessionManager.builder(store).clock(behind).build()) {
      assertThat(slow.bridge().claim(TEXT, until)).isTrue();
      assertThat(fast.cleanUp()).isZero();
      assertThat(slow.bridge().claim(TEXT, until)).isFalse();
    }
  }

  @Test
  void claim_untilThePresent_isRefused() {
    assertThatThrownBy(() -> bridge.claim(TEXT, fixture.clock.instant()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("until must be in the future");
  }

  @Test
  void userWithTheNameOfAClaim_isRefused_andEndsNone() throws Exception {
    bridge.claim(TEXT, until);
    byte[] digest =
        MessageDigest.getInstance("SHA-256").digest(TEXT.getBytes(StandardCharsets.UTF_8));
    String name = "coatcheck-claim:" + HexFormat.of().formatHex(digest);
    assertThatThrownBy(() -> fixture.manager.authenticate(null, name, LoginOptions.defaults()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("principal must not begin with coatcheck-claim:");
    assertThat(fixture.manager.revokeAllOf(name)).isZero();
    assertThat(bridge.claim(TEXT, until)).isFalse();
  }

  @Test
  void fullStore_evictsNoClaim() {
    try (SessionManager small =
        SessionManager.builder(InMemorySessionStore.builder().maximumSessions(100).build())
            .clock(fixture.clock)
            .build()) {
      small.bridge().claim(TEXT, until);
      for (int i = 0; i < 1_000; i++) {
        Session visitor = small.adapter().create(new Resolution.Absent());
        visitor.setAttribute("a", "1");
        small.save(visitor);
      }
      assertThat(small.bridge().claim(TEXT, until)).isFalse();
    }
  }
}
