package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Sessions of several attempts to import one credential, of which one is stored late. */
class ImportAttemptsTest {

  private static final String CREDENTIAL = "test:old-id";

  private final LateInserts late = new LateInserts();
  private final Deque<Integer> attempts = new ArrayDeque<>();
  private final EngineFixture fixture =
      new EngineFixture(
          new HookedStore(late, EngineFixture.TOUCH_INTERVAL),
          settings -> settings.random(new ChosenAttempts()));
  private final SessionBridge bridge = fixture.manager.bridge();
  private final OldSession old = new OldSession();

  @AfterEach
  void close() {
    fixture.close();
  }

  /** Gives attempts the numbers that a test has chosen: each takes a single integer. */
  private final class ChosenAttempts extends SecureRandom {

    private static final long serialVersionUID = 1L;

    @Override
    public int nextInt(int bound) {
      Integer chosen = attempts.poll();
      return chosen == null ? super.nextInt(bound) : chosen;
    }
  }

  private final class OldSession implements ImportSource {

    private boolean isLive = true;
    private boolean isEndedByImport;
    private Duration usable = Duration.ofDays(1);

    /** Runs once, before this says whether it is live. */
    private Runnable beforeAnswer = () -> {};

    @Override
    public Optional<ImportedSession> load() {
      return isLive
          ? Optional.of(
              new ImportedSession(
                  Optional.of("alice"),
                  fixture.clock.instant().minusMillis(1),
                  fixture.clock.instant().plus(usable),
                  Map.of(),
                  Map.of()))
          : Optional.empty();
    }

    @Override
    public boolean isStillLive() {
      Runnable now = beforeAnswer;
      beforeAnswer = () -> {};
      now.run();
      return isLive;
    }

    @Override
    public boolean isEndedByImport() {
      return isEndedByImport;
    }
  }

  private ImportResult importSession(ImportResult.Status expected) {
    ImportResult result = bridge.importSession(CREDENTIAL, old);
    assertThat(result.status()).isEqualTo(expected);
    return result;
  }

  private void importFails_andItsSessionIsHeld() {
    fixture.store.afterNext("insert", late::holdNext);
    assertThatThrownBy(() -> bridge.importSession(CREDENTIAL, old))
        .isInstanceOf(SessionStoreException.class);
  }

  private static String derived(ImportResult result) {
    return result.token().orElseThrow().value();
  }

  /** The user was logged out between the import and the use of its session. */
  @Test
  void sessionThatIsStoredLate_isNotOpened_byTheRequestThatImportedAnother() {
    importFails_andItsSessionIsHeld();
    ImportResult imported = importSession(ImportResult.Status.IMPORTED);
    assertThat(fixture.manager.revokeAllOf("alice")).isEqualTo(1);
    late.land();
    assertThat(fixture.isLive(derived(imported))).isFalse();
    importSession(ImportResult.Status.SPENT);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void sessionThatIsStoredLate_isNotOpened_byARequestThatFoundAnother() {
    importFails_andItsSessionIsHeld();
    importSession(ImportResult.Status.IMPORTED);
    ImportResult found = importSession(ImportResult.Status.FOUND);
    assertThat(fixture.manager.revokeAllOf("alice")).isEqualTo(1);
    late.land();
    assertThat(fixture.isLive(derived(found))).isFalse();
    importSession(ImportResult.Status.SPENT);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
  }

  /** The logout used the credential up, beside another session. */
  @Test
  void sessionThatIsStoredLate_isNotOpened_byARequestThatFoundOneWhichALogoutHasEnded() {
    importFails_andItsSessionIsHeld();
    importSession(ImportResult.Status.IMPORTED);
    ImportResult found = importSession(ImportResult.Status.FOUND);
    bridge.spendCredential(CREDENTIAL, old, Optional.empty());
    assertThat(fixture.eventsOf(SessionEvent.Ended.class))
        .extracting(SessionEvent.Ended::reason)
        .containsExactly(EndReason.LOGOUT);
    late.land();
    assertThat(fixture.isLive(derived(found))).isFalse();
  }

  /**
   * Several nodes serve requests with the credential at once, and one of their clocks is behind.
   */
  @Test
  void sessionThatWasOpened_byANodeWhoseClockIsBehind_isFound() {
    ImportResult imported = importSession(ImportResult.Status.IMPORTED);
    fixture.clock.advance(Duration.ofMillis(-200));
    assertThat(fixture.serve(derived(imported))).isNotEqualTo(derived(imported));
    ImportResult found = importSession(ImportResult.Status.FOUND);
    assertThat(fixture.isLive(derived(found))).isTrue();
  }

  /** No import has ended the old session, since none was completed. */
  @Test
  void sessionThatIsStoredLate_afterALogoutInTheOldApplication_isEnded() {
    old.isEndedByImport = true;
    importFails_andItsSessionIsHeld();
    old.isLive = false;
    late.land();
    importSession(ImportResult.Status.REFUSED);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void sessionThatIsStoredLate_isUsed_whileTheOldOneLives_andAfterwards() {
    old.isEndedByImport = true;
    importFails_andItsSessionIsHeld();
    late.land();
    ImportResult found = importSession(ImportResult.Status.FOUND);
    old.isLive = false;
    assertThat(fixture.isLive(derived(found))).isTrue();
    assertThat(fixture.isLive(derived(importSession(ImportResult.Status.FOUND)))).isTrue();
  }

  /** The user was logged out while the first request with the session was in progress. */
  @Test
  void sessionThatIsStoredLate_isNotOverwritten_byARequestThatHasAnother() {
    importFails_andItsSessionIsHeld();
    ImportResult imported = importSession(ImportResult.Status.IMPORTED);
    Session inProgress = fixture.live(derived(imported));
    assertThat(fixture.manager.revokeAllOf("alice")).isEqualTo(1);
    late.land();
    assertThat(fixture.manager.adapter().renewIfDue(inProgress)).isFalse();
    assertThat(fixture.isLive(derived(imported))).isFalse();
    importSession(ImportResult.Status.SPENT);
  }

  /**
   * A request that has the session of an attempt, with a new secret, when the user is logged out
   * and the session of an earlier attempt, whose number is lower, is stored.
   */
  @Nested
  class LowerAttemptThatIsStoredLate {

    private Session inProgress;
    private StoredSession landed;

    @BeforeEach
    void land() {
      attempts.addAll(List.of(1, 1000));
      importFails_andItsSessionIsHeld();
      inProgress = fixture.live(derived(importSession(ImportResult.Status.IMPORTED)));
      assertThat(fixture.manager.adapter().renewIfDue(inProgress)).isTrue();
      inProgress.markTokenSent();
      assertThat(fixture.manager.revokeAllOf("alice")).isEqualTo(1);
      late.land();
      landed = fixture.stored(inProgress);
      assertThat(landed.generation()).isLessThan(inProgress.generation());
    }

    private void assertUnchanged() {
      assertThat(fixture.stored(inProgress)).isEqualTo(landed);
    }

    @Test
    void lateAttempt_isNotReopened() {
      assertThat(
              fixture
                  .manager
                  .adapter()
                  .reopen(inProgress.id(), inProgress.fence(), inProgress.authenticatedAt()))
          .isEmpty();
    }

    @Test
    void lateAttempt_getsNoChange() {
      inProgress.setAttribute("cart", "a book");
      fixture.manager.save(inProgress);
      assertThat(inProgress.isEnded()).isTrue();
      assertUnchanged();
    }

    @Test
    void isNotRenewed() {
      assertThat(fixture.manager.renew(inProgress)).isFalse();
      assertUnchanged();
    }

    @Test
    void isNotStillLive() {
      assertThat(fixture.manager.isStillLive(inProgress)).isFalse();
    }

    @Test
    void isNotLoggedInto() {
      Session loggedIn =
          EngineFixture.granted(
              fixture.manager.authenticate(inProgress, "alice", LoginOptions.defaults()));
      assertThat(loggedIn.id()).isNotEqualTo(landed.id());
    }

    @Test
    void getsNoStep() {
      assertThat(fixture.manager.update(inProgress, "cart", String.class, book -> "a book"))
          .isEmpty();
      assertThat(inProgress.isEnded()).isTrue();
      assertUnchanged();
    }

    @Test
    void isNotReadByAStepThatChangesNothing() {
      assertThat(fixture.manager.take(inProgress, "cart")).isEmpty();
      assertThat(inProgress.isEnded()).isTrue();
    }

    @Test
    void isNotReadByARemovalThatChangesNothing() {
      inProgress.removeAttribute("cart");
      fixture.manager.save(inProgress);
      assertThat(inProgress.isEnded()).isTrue();
    }
  }

  /**
   * The session of an attempt that was taken over is in use, and has had two new secrets, when that
   * of the attempt which took over is stored.
   */
  @Test
  void sessionThatIsStoredLate_afterATakeover_isNotOverwritten_byARequestThatHasTheFirst() {
    attempts.addAll(List.of(1, 1000));
    fixture.store.beforeNext("delete", ImportAttemptsTest::fail);
    importFails_andItsSessionIsHeld();
    fixture.clock.advance(Duration.ofMinutes(1));
    fixture.store.beforeNext("insert", late::holdNext);
    assertThatThrownBy(() -> bridge.importSession(CREDENTIAL, old))
        .isInstanceOf(SessionStoreException.class);
    late.land();
    Session inProgress = fixture.live(derived(importSession(ImportResult.Status.FOUND)));
    assertThat(fixture.manager.renew(inProgress)).isTrue();
    assertThat(fixture.manager.renew(inProgress)).isTrue();
    assertThat(fixture.manager.revokeAllOf("alice")).isEqualTo(1);
    late.land();
    StoredSession landed = fixture.stored(inProgress);
    inProgress.setAttribute("cart", "a book");
    fixture.manager.save(inProgress);
    assertThat(inProgress.isEnded()).isTrue();
    assertThat(fixture.stored(inProgress)).isEqualTo(landed);
  }

  /** How long ago the attempt began is not known then. */
  @Test
  void abandonedImport_afterTheClockWasSetBack_isTakenOver() {
    fixture.store.beforeNext("delete", ImportAttemptsTest::fail);
    importFails_andItsSessionIsHeld();
    fixture.clock.advance(Duration.ofHours(-1));
    importSession(ImportResult.Status.IMPORTED);
  }

  private static void fail() {
    throw new SessionStoreException("the node died");
  }

  private void importIsAbandoned_withItsSessionStored() {
    fixture.store.beforeNext("update", ImportAttemptsTest::fail);
    fixture.store.beforeNext("delete", ImportAttemptsTest::fail);
    assertThatThrownBy(() -> bridge.importSession(CREDENTIAL, old))
        .isInstanceOf(SessionStoreException.class);
    assertThat(fixture.manager.sessionsOf("alice")).hasSize(1);
  }

  /** No import has ended the old session, since none was completed. */
  @Test
  void abandonedImport_afterALogoutInTheOldApplication_isRefused_andItsSessionEnded() {
    old.isEndedByImport = true;
    importIsAbandoned_withItsSessionStored();
    old.isLive = false;
    importSession(ImportResult.Status.REFUSED);
    assertThat(fixture.manager.sessionsOf("alice")).isEmpty();
  }

  /** Another request completes the import, and ends the old session, while this one looks. */
  @Test
  void abandonedImport_thatAnotherRequestCompletesMeanwhile_isFound() {
    old.isEndedByImport = true;
    importIsAbandoned_withItsSessionStored();
    old.beforeAnswer =
        () -> {
          importSession(ImportResult.Status.FOUND);
          old.isLive = false;
        };
    ImportResult found = importSession(ImportResult.Status.FOUND);
    assertThat(old.isLive).isFalse();
    assertThat(fixture.isLive(derived(found))).isTrue();
  }

  /** The import of the other request has ended the old session, and not a logout. */
  @Test
  void importThatStalls_whileAnotherRequestImports_leavesTheSessionOfTheOther() {
    old.isEndedByImport = true;
    List<ImportResult> other = new ArrayList<>();
    old.beforeAnswer =
        () -> {
          assertThat(fixture.manager.revokeAllOf("alice")).isEqualTo(1);
          fixture.clock.advance(Duration.ofMinutes(1));
          other.add(importSession(ImportResult.Status.IMPORTED));
          old.isLive = false;
        };
    assertThatThrownBy(() -> bridge.importSession(CREDENTIAL, old))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("another request took over");
    assertThat(fixture.isLive(derived(other.get(0)))).isTrue();
  }

  @Test
  void sessionInUse_isFound_afterTheRecordOfItsImportHasExpired() {
    old.isEndedByImport = true;
    old.usable = Duration.ofMinutes(10);
    fixture.serve(derived(importSession(ImportResult.Status.IMPORTED)));
    old.isLive = false;
    for (int minutes = 0; minutes < 40; minutes += 10) {
      fixture.clock.advance(Duration.ofMinutes(10));
      fixture.manager.cleanUp();
      fixture.serve(derived(importSession(ImportResult.Status.FOUND)));
    }
  }

  /** Whoever knows the credential can derive no token without what the store has. */
  @Test
  void tokens_differFromAttemptToAttempt() {
    ImportResult first = importSession(ImportResult.Status.IMPORTED);
    fixture.store.inner().delete(first.token().orElseThrow().id());
    fixture.clock.advance(Duration.ofDays(2));
    fixture.manager.cleanUp();
    ImportResult second = importSession(ImportResult.Status.IMPORTED);
    assertThat(second.token().orElseThrow().id()).isEqualTo(first.token().orElseThrow().id());
    assertThat(List.of(derived(second))).doesNotContain(derived(first));
  }
}
