package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What operations do on a thread that was interrupted before they were called. */
abstract class BeingInterrupted extends ContractPart {

  BeingInterrupted(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** If it broke, a request that the server cancels would be answered with 500. */
  @Test
  @Sentence("An operation on an interrupted thread completes or throws SessionStoreException")
  void interrupted_everyOperation_completesOrThrowsSessionStoreException() {
    operations().runInterrupted();
  }

  /** If it broke, a thread that was asked to end would not notice. */
  @Test
  @Sentence("The thread stays interrupted")
  void interrupted_everyOperation_leavesTheThreadInterrupted() {
    assertThat(operations().runInterrupted())
        .as("the operations that cleared the interrupt")
        .isEmpty();
  }

  @Test
  @Sentence("What it answers is what it did")
  void interrupted_write_wasStoredIfItSaysSo() {
    StoredSession inserted = SampleSessions.authenticated("alice", NOW).build();
    if (interrupted(() -> insertNow(inserted)).isPresent()) {
      assertStored(inserted);
    }
    StoredSession old = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession changed = renewed(old);
    interrupted(() -> store().update(changed, NOW))
        .ifPresent(
            stored -> {
              assertThat(stored).as("an update").isTrue();
              assertStored(successor(changed));
            });
    StoredSession seen = insert(SampleSessions.authenticated("alice", NOW));
    Instant later = NOW.plusSeconds(1);
    interrupted(() -> store().touch(seen.id(), later, NOW))
        .ifPresent(
            touched -> {
              assertThat(touched).as("a touch").isTrue();
              assertStored(seen.toBuilder().lastSeenAt(later).build());
            });
  }

  @Test
  @Sentence("What it answers is what it did")
  void interrupted_delete_returnsWhatItDeleted() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    interrupted(() -> store().delete(session.id()))
        .ifPresent(
            deleted -> {
              assertThat(deleted).as("what was deleted").isPresent();
              assertGone(session);
            });
  }

  @Test
  @Sentence("a clean-up that stops early is not complete")
  void interrupted_cleanUp_isCompleteOnlyIfAllAreGone() {
    List<StoredSession> expired =
        insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    Instant cutoff = after(expired.get(0).absoluteDeadline(), Duration.ofSeconds(1));
    AtomicInteger handedOver = new AtomicInteger();
    Optional<CleanUp> cleanUp =
        interrupted(
            () -> store().deleteExpired(cutoff, MANY + 1, session -> handedOver.incrementAndGet()));
    cleanUp.ifPresent(
        result -> {
          assertThat(handedOver).as("those handed over").hasValue(result.deleted());
          assertThat(result.deleted() == MANY || !result.isComplete())
              .as("%s of %d is complete only if all are gone", result, MANY)
              .isTrue();
        });
  }

  /** If it broke, one cancelled request would end the client that all others share. */
  @Test
  @Sentence("later operations are not affected")
  void interrupted_laterOperations_work() {
    operations().runInterrupted();
    assertThat(isUsable(store())).as("the store can be used").isTrue();
    assertThat(isUsable(otherNode())).as("the other node can be used").isTrue();
  }

  private Operations operations() {
    return new Operations(store(), insert(SampleSessions.authenticated("alice", NOW)), NOW);
  }

  private boolean insertNow(StoredSession session) {
    store().insert(session);
    return true;
  }

  /** Runs an operation on this thread, interrupted; returns empty if the operation failed. */
  private static <T> Optional<T> interrupted(Supplier<T> operation) {
    Thread.currentThread().interrupt();
    try {
      return Optional.of(operation.get());
    } catch (SessionStoreException allowed) {
      return Optional.empty();
    } finally {
      Thread.interrupted();
    }
  }
}
