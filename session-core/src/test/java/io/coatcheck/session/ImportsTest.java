package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ImportsTest {

  private static final String CREDENTIAL = "test:old-id";

  private final EngineFixture fixture = new EngineFixture();
  private final SessionAdapter adapter = fixture.manager.adapter();

  @AfterEach
  void close() {
    fixture.close();
  }

  /** A source whose import ends the old session, so that a later call finds none. */
  private ImportSource source(Runnable beforeLoad, boolean isThere) {
    return new ImportSource() {
      @Override
      public Optional<ImportedSession> load() {
        beforeLoad.run();
        return isThere
            ? Optional.of(
                new ImportedSession(
                    Optional.of("alice"),
                    fixture.clock.instant().minusMillis(1),
                    fixture.clock.instant().plus(Duration.ofDays(1)),
                    Map.of(),
                    Map.of()))
            : Optional.empty();
      }

      @Override
      public boolean isStillLive() {
        return true;
      }
    };
  }

  @Test
  void importByAnotherCall_thatEndsTheOldSessionMeanwhile_isFound() {
    ImportResult result =
        adapter.importSession(
            CREDENTIAL,
            source(() -> adapter.importSession(CREDENTIAL, source(() -> {}, true)), false));
    assertThat(result.status()).isEqualTo(ImportResult.Status.FOUND);
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void importedSessionThatHasEnded_isKnownAtOnce_withoutWaiting() {
    ImportResult imported = adapter.importSession(CREDENTIAL, source(() -> {}, true));
    fixture.manager.revoke(imported.token().orElseThrow().id());
    fixture.store.calls.clear();
    for (int i = 0; i < 10; i++) {
      ImportResult result = adapter.importSession(CREDENTIAL, source(() -> {}, true));
      assertThat(result.status()).isEqualTo(ImportResult.Status.SPENT);
    }
    assertThat(fixture.store.calls).hasSizeLessThanOrEqualTo(30);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
  }

  /** Another node found the session before the one that stored it had finished. */
  @Test
  void sessionThatIsFound_beforeItsImportHasFinished_isKnownAsImportedAfterItsEnd() {
    fixture.store.afterNext("insert", () -> {});
    fixture.store.afterNext(
        "insert",
        () -> {
          ImportResult found = adapter.importSession(CREDENTIAL, source(() -> {}, true));
          assertThat(found.status()).isEqualTo(ImportResult.Status.FOUND);
          fixture.manager.revoke(found.token().orElseThrow().id());
          throw new SessionStoreException("the answer is lost");
        });
    assertThatThrownBy(() -> adapter.importSession(CREDENTIAL, source(() -> {}, true)))
        .isInstanceOf(SessionStoreException.class);
    fixture.clock.advance(Duration.ofMinutes(2));
    assertThat(adapter.importSession(CREDENTIAL, source(() -> {}, true)).status())
        .isEqualTo(ImportResult.Status.SPENT);
  }

  /** The first attempt goes on when another one has taken over, and its session has ended. */
  @Test
  void attemptThatWasTakenOver_leavesNoSession() {
    fixture.store.beforeNext("insert", () -> {});
    fixture.store.beforeNext(
        "insert",
        () -> {
          fixture.clock.advance(Duration.ofMinutes(1));
          ImportResult second = adapter.importSession(CREDENTIAL, source(() -> {}, true));
          assertThat(second.status()).isEqualTo(ImportResult.Status.IMPORTED);
          fixture.manager.revoke(second.token().orElseThrow().id());
        });
    assertThatThrownBy(() -> adapter.importSession(CREDENTIAL, source(() -> {}, true)))
        .isInstanceOf(SessionStoreException.class)
        .hasMessage("import: it took so long that another request took over");
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
    assertThat(adapter.importSession(CREDENTIAL, source(() -> {}, true)).status())
        .isEqualTo(ImportResult.Status.SPENT);
  }

  @Test
  void requestsThatWaitForAnImport_areBounded() throws Exception {
    CountDownLatch stored = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    fixture.store.beforeNext("insert", () -> {});
    fixture.store.beforeNext(
        "insert",
        () -> {
          stored.countDown();
          await(goOn);
        });
    int more = 20;
    ExecutorService pool = Executors.newFixedThreadPool(1 + ImportQueue.PLACES + more);
    try {
      Future<ImportResult> first =
          pool.submit(() -> adapter.importSession(CREDENTIAL, source(() -> {}, true)));
      await(stored);
      CompletionService<ImportResult> others = new ExecutorCompletionService<>(pool);
      for (int i = 0; i < ImportQueue.PLACES + more; i++) {
        others.submit(() -> adapter.importSession(CREDENTIAL, source(() -> {}, true)));
      }
      for (int i = 0; i < more; i++) {
        assertThatThrownBy(others.take()::get)
            .hasRootCauseMessage("import: 100 requests are already waiting for other imports");
      }
      goOn.countDown();
      assertThat(first.get().status()).isEqualTo(ImportResult.Status.IMPORTED);
      for (int i = 0; i < ImportQueue.PLACES; i++) {
        assertThat(others.take().get().status()).isEqualTo(ImportResult.Status.FOUND);
      }
    } finally {
      goOn.countDown();
      pool.shutdownNow();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Test
  void spentCredential_importsNothing_andOneWithoutASessionLeavesNoRecord() {
    adapter.spendCredential(CREDENTIAL, source(() -> {}, false));
    assertThat(adapter.isClaimed("import:" + CREDENTIAL)).isFalse();
    adapter.spendCredential(CREDENTIAL, source(() -> {}, true));
    assertThat(adapter.importSession(CREDENTIAL, source(() -> {}, true)).status())
        .isEqualTo(ImportResult.Status.SPENT);
  }

  @Test
  void nothingToImport_isRefused() {
    ImportResult result = adapter.importSession(CREDENTIAL, source(() -> {}, false));
    assertThat(result.status()).isEqualTo(ImportResult.Status.REFUSED);
  }
}
