package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionService;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ImportsTest {

  private static final String CREDENTIAL = "test:old-id";

  private final LateInserts late = new LateInserts();
  private final EngineFixture fixture =
      new EngineFixture(new HookedStore(late, EngineFixture.TOUCH_INTERVAL), settings -> settings);
  private final SessionAdapter adapter = fixture.manager.adapter();
  private final SessionBridge bridge = fixture.manager.bridge();

  @AfterEach
  void close() {
    fixture.close();
  }

  private ImportResult.Status status() {
    return bridge.importSession(CREDENTIAL, source(() -> {}, true)).status();
  }

  private void assertFails() {
    assertThatThrownBy(this::status).isInstanceOf(SessionStoreException.class);
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
        bridge.importSession(
            CREDENTIAL,
            source(() -> bridge.importSession(CREDENTIAL, source(() -> {}, true)), false));
    assertThat(result.status()).isEqualTo(ImportResult.Status.FOUND);
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void importedSessionThatHasEnded_isKnownAtOnce_withoutWaiting() {
    ImportResult imported = bridge.importSession(CREDENTIAL, source(() -> {}, true));
    fixture.manager.revoke(imported.token().orElseThrow().id());
    fixture.store.calls.clear();
    for (int i = 0; i < 10; i++) {
      ImportResult result = bridge.importSession(CREDENTIAL, source(() -> {}, true));
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
          ImportResult found = bridge.importSession(CREDENTIAL, source(() -> {}, true));
          assertThat(found.status()).isEqualTo(ImportResult.Status.FOUND);
          fixture.manager.revoke(found.token().orElseThrow().id());
          throw new SessionStoreException("the answer is lost");
        });
    assertThatThrownBy(() -> bridge.importSession(CREDENTIAL, source(() -> {}, true)))
        .isInstanceOf(SessionStoreException.class);
    fixture.clock.advance(Duration.ofMinutes(2));
    assertThat(bridge.importSession(CREDENTIAL, source(() -> {}, true)).status())
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
          ImportResult second = bridge.importSession(CREDENTIAL, source(() -> {}, true));
          assertThat(second.status()).isEqualTo(ImportResult.Status.IMPORTED);
          fixture.manager.revoke(second.token().orElseThrow().id());
        });
    assertThatThrownBy(() -> bridge.importSession(CREDENTIAL, source(() -> {}, true)))
        .isInstanceOf(SessionStoreException.class)
        .hasMessage("import: it took so long that another request took over");
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
    assertThat(bridge.importSession(CREDENTIAL, source(() -> {}, true)).status())
        .isEqualTo(ImportResult.Status.SPENT);
  }

  /** The attempt has taken its claim back before its session was stored. */
  @Test
  void sessionThatIsStoredLate_isKnownAsImportedAfterItsEnd() {
    fixture.store.afterNext("insert", late::holdNext);
    assertFails();
    late.land();
    ImportResult found = bridge.importSession(CREDENTIAL, source(() -> {}, true));
    assertThat(found.status()).isEqualTo(ImportResult.Status.FOUND);
    fixture.manager.revoke(found.token().orElseThrow().id());
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  /** Otherwise an import by another request could be withdrawn when its session is in use. */
  @Test
  void sessionThatIsStoredLate_andTakenBackMeanwhile_isImportedAnew() {
    fixture.store.afterNext("insert", late::holdNext);
    assertFails();
    late.land();
    // The claim that the second call makes for the session which it has found.
    fixture.store.afterNext(
        "insert",
        () -> late.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), s -> {}));
    assertThat(status()).isEqualTo(ImportResult.Status.IMPORTED);
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
    assertThat(status()).isEqualTo(ImportResult.Status.FOUND);
  }

  /** The logout brought the old credential beside another session. */
  @Test
  void sessionThatIsStoredLate_afterALogoutUsedItsCredentialUp_isNotOpenedByIt() {
    fixture.store.afterNext("insert", late::holdNext);
    assertFails();
    bridge.spendCredential(CREDENTIAL, source(() -> {}, true), Optional.empty());
    late.land();
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  /** Otherwise the credential would log the user in again, after the end of all sessions. */
  @Test
  void sessionThatIsStoredLate_afterAnotherImportedAndTheUserWasLoggedOut_isEnded() {
    fixture.store.afterNext("insert", late::holdNext);
    assertFails();
    assertThat(status()).isEqualTo(ImportResult.Status.IMPORTED);
    fixture.manager.revokeAllOf("alice");
    late.land();
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  /** The import of another request is under way, and fails since the session is there now. */
  @Test
  void sessionThatIsStoredLate_duringAnImportByAnother_isFound_andKnownAsImported() {
    fixture.store.afterNext("insert", late::holdNext);
    assertFails();
    fixture.store.afterNext(
        "insert",
        () -> {
          late.land();
          assertThat(status()).isEqualTo(ImportResult.Status.FOUND);
        });
    assertFails();
    assertThat(status()).isEqualTo(ImportResult.Status.FOUND);
    fixture.manager.revokeAllOf("alice");
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  /** A request that completed the claim failed, as when no replica confirmed that. */
  @Test
  void claimThatIsFoundComplete_isConfirmed_beforeItsSessionIsUsed() {
    assertThat(status()).isEqualTo(ImportResult.Status.IMPORTED);
    fixture.store.beforeNext(
        "delete",
        () -> {
          throw new SessionStoreException("not confirmed");
        });
    assertFails();
    assertThat(status()).isEqualTo(ImportResult.Status.FOUND);
  }

  /** It deletes what it has found, and that was replaced meanwhile. */
  @Test
  void sessionOfAnotherImport_isLeft_byOneThatTakesItsOwnBack() {
    fixture.store.afterNext("insert", () -> {});
    fixture.store.afterNext(
        "insert",
        () -> {
          throw new SessionStoreException("the answer is lost");
        });
    fixture.store.beforeNext(
        "delete",
        () -> {
          late.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), s -> {});
          fixture.clock.advance(Duration.ofMinutes(1));
          assertThat(status()).isEqualTo(ImportResult.Status.IMPORTED);
        });
    assertFails();
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
    assertThat(status()).isEqualTo(ImportResult.Status.FOUND);
  }

  @Test
  void credentialThatALogoutUsesUp_duringAnImportThatFails_staysSpent() {
    fixture.store.beforeNext("insert", () -> {});
    fixture.store.beforeNext(
        "insert",
        () -> {
          bridge.spendCredential(CREDENTIAL, source(() -> {}, true), Optional.empty());
          throw new SessionStoreException("failed");
        });
    assertFails();
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  @Test
  void credentialThatALogoutUsesUp_duringAnImport_isSpent_andLeavesNoSession() {
    fixture.store.beforeNext("insert", () -> {});
    fixture.store.beforeNext(
        "insert",
        () -> bridge.spendCredential(CREDENTIAL, source(() -> {}, true), Optional.empty()));
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  /** The import was recorded, and the answers about that were lost, so its attempt fails. */
  @Test
  void credentialThatALogoutUsesUp_beforeTheImportIsTakenBack_staysSpent() {
    fixture.store.afterNext(
        "update",
        () -> {
          bridge.spendCredential(CREDENTIAL, source(() -> {}, true), Optional.empty());
          throw new SessionStoreException("the answer is lost");
        });
    assertFails();
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
    assertThat(status()).isEqualTo(ImportResult.Status.SPENT);
  }

  /** The first attempt fails when another one has taken over. */
  @Test
  void attemptThatWasTakenOver_leavesTheSessionOfTheOther() {
    fixture.store.beforeNext("insert", () -> {});
    fixture.store.beforeNext(
        "insert",
        () -> {
          fixture.clock.advance(Duration.ofMinutes(1));
          assertThat(status()).isEqualTo(ImportResult.Status.IMPORTED);
        });
    assertFails();
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
    assertThat(status()).isEqualTo(ImportResult.Status.FOUND);
  }

  /** Another request opened the session before its import failed. */
  @Test
  void sessionInUse_isLeft_whenItsImportFails() {
    fixture.store.beforeNext(
        "update",
        () -> {
          use();
          throw new SessionStoreException("failed");
        });
    assertFails();
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void sessionInUse_isEndedWithAnEvent_whenTheOldOneHasEndedDuringItsImport() {
    AtomicBoolean isLive = new AtomicBoolean(true);
    ImportSource old = source(() -> {}, true);
    ImportSource ending =
        new ImportSource() {
          @Override
          public Optional<ImportedSession> load() {
            return old.load();
          }

          @Override
          public boolean isStillLive() {
            if (isLive.getAndSet(false)) {
              use();
            }
            return false;
          }
        };
    assertThat(bridge.importSession(CREDENTIAL, ending).status())
        .isEqualTo(ImportResult.Status.REFUSED);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
    assertThat(fixture.eventsOf(SessionEvent.Ended.class))
        .extracting(SessionEvent.Ended::reason)
        .containsExactly(EndReason.REVOKED);
  }

  /** Serves a request that presents the old credential, so that its client has a new token. */
  private void use() {
    ImportResult found = bridge.importSession(CREDENTIAL, source(() -> {}, true));
    assertThat(found.status()).isEqualTo(ImportResult.Status.FOUND);
    String derived = found.token().orElseThrow().value();
    assertThat(fixture.serve(derived)).isNotEqualTo(derived);
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
          pool.submit(() -> bridge.importSession(CREDENTIAL, source(() -> {}, true)));
      await(stored);
      CompletionService<ImportResult> others = new ExecutorCompletionService<>(pool);
      for (int i = 0; i < ImportQueue.PLACES + more; i++) {
        others.submit(() -> bridge.importSession(CREDENTIAL, source(() -> {}, true)));
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
    bridge.spendCredential(CREDENTIAL, source(() -> {}, false), Optional.empty());
    assertThat(bridge.isClaimed("import:" + CREDENTIAL)).isFalse();
    bridge.spendCredential(CREDENTIAL, source(() -> {}, true), Optional.empty());
    assertThat(bridge.importSession(CREDENTIAL, source(() -> {}, true)).status())
        .isEqualTo(ImportResult.Status.SPENT);
  }

  /** The response with the new token may be lost, and the client has another session by now. */
  @Test
  void spentCredential_endsTheSessionThatItStillOpens_unlessThatIsTheCallersOwn() {
    for (boolean isThere : new boolean[] {true, false}) {
      String credential = CREDENTIAL + isThere;
      SessionId imported =
          bridge.importSession(credential, source(() -> {}, true)).token().orElseThrow().id();
      bridge.spendCredential(credential, source(() -> {}, isThere), Optional.of(imported));
      assertThat(fixture.manager.sessionsOf("alice")).as("the caller ends it").hasSize(1);
      bridge.spendCredential(credential, source(() -> {}, isThere), Optional.empty());
      assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
      assertThat(bridge.importSession(credential, source(() -> {}, true)).status())
          .isEqualTo(ImportResult.Status.SPENT);
    }
  }

  @Test
  void spentCredential_thatNoLongerOpensItsSession_leavesThat() {
    ImportResult imported = bridge.importSession(CREDENTIAL, source(() -> {}, true));
    String old = imported.token().orElseThrow().value();
    Session session = ((Resolution.Live) adapter.resolve(List.of(old))).session();
    assertThat(adapter.renewIfDue(session)).isTrue();
    String owners = session.unsentToken().orElseThrow().value();
    fixture.manager.save(((Resolution.Live) adapter.resolve(List.of(owners))).session());
    fixture.clock.advance(Duration.ofSeconds(11));
    bridge.spendCredential(CREDENTIAL, source(() -> {}, true), Optional.empty());
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void nameThatNoPrincipalCanHave_isRefused_andLoggedOnce() {
    RecordedLog log = RecordedLog.of(SessionManager.class);
    try (log) {
      for (String name :
          List.of("", "x".repeat(256), "a\u0000", "\uD800", "coatcheck-claim:alice")) {
        assertThat(bridge.importSession(CREDENTIAL, sourceOf(name)).status())
            .isEqualTo(ImportResult.Status.REFUSED);
        assertThat(bridge.acceptsPrincipal(name)).isFalse();
      }
    }
    assertThat(log.lines())
        .containsExactly(
            "A user of another system cannot log in under that name, and the credential is refused:"
                + " principal must have 1 to 255 code points: 0");
    assertThat(bridge.importSession(CREDENTIAL, sourceOf("alice")).status())
        .as("the credential stays good")
        .isEqualTo(ImportResult.Status.IMPORTED);
  }

  private ImportSource sourceOf(String user) {
    return new ImportSource() {
      @Override
      public Optional<ImportedSession> load() {
        return Optional.of(
            new ImportedSession(
                Optional.of(user),
                fixture.clock.instant().minusMillis(1),
                fixture.clock.instant().plus(Duration.ofDays(1)),
                Map.of(),
                Map.of()));
      }

      @Override
      public boolean isStillLive() {
        return true;
      }
    };
  }

  @Test
  void nothingToImport_isRefused() {
    ImportResult result = bridge.importSession(CREDENTIAL, source(() -> {}, false));
    assertThat(result.status()).isEqualTo(ImportResult.Status.REFUSED);
  }
}
