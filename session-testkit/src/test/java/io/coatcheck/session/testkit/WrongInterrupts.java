package io.coatcheck.session.testkit;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Stores that are wrong when their caller is interrupted. */
final class WrongInterrupts {

  private static final String ANSWER = "interrupted_write_wasStoredIfItSaysSo";

  static final List<WrongStore> ALL =
      List.of(
          WrongStore.of(
              "Fails with the exception of its lock when interrupted",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      if (isInterrupted()) {
                        throw new IllegalStateException("interrupted");
                      }
                      return super.update(session, now);
                    }
                  },
              "interrupted_everyOperation_completesOrThrowsSessionStoreException"),
          WrongStore.of(
              "Clears the interrupt and completes",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      clearInterrupt();
                      return super.find(id);
                    }
                  },
              "interrupted_everyOperation_leavesTheThreadInterrupted"),
          WrongStore.of(
              "Clears the interrupt and fails",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id) {
                      if (clearInterrupt()) {
                        throw new SessionStoreException("delete failed: interrupted");
                      }
                      return super.delete(id);
                    }
                  },
              "interrupted_everyOperation_leavesTheThreadInterrupted"),
          WrongStore.of(
              "Stores nothing when interrupted, and does not say so",
              () ->
                  new BrokenStore() {
                    @Override
                    public void insert(StoredSession session) {
                      if (!isInterrupted()) {
                        super.insert(session);
                      }
                    }
                  },
              ANSWER),
          WrongStore.of(
              "Does not wait for its touch when interrupted",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
                      return isInterrupted() || super.touch(id, lastSeenAt, now);
                    }
                  },
              ANSWER),
          WrongStore.of(
              "Answers false when an update is interrupted",
              () ->
                  new BrokenStore() {
                    @Override
                    public boolean update(StoredSession session, Instant now) {
                      return !isInterrupted() && super.update(session, now);
                    }
                  },
              ANSWER),
          WrongStore.of(
              "Has nothing to delete when interrupted",
              () ->
                  new BrokenStore() {
                    @Override
                    public Optional<StoredSession> delete(SessionId id) {
                      return isInterrupted() ? Optional.empty() : super.delete(id);
                    }
                  },
              "interrupted_delete_returnsWhatItDeleted"),
          WrongStore.of(
              "Stops its clean-up when interrupted, and calls it complete",
              () ->
                  new BrokenStore() {
                    @Override
                    public CleanUp deleteExpired(
                        Instant cutoff, int limit, Consumer<StoredSession> deleted) {
                      return isInterrupted()
                          ? new CleanUp(super.deleteExpired(cutoff, 1, deleted).deleted(), true)
                          : super.deleteExpired(cutoff, limit, deleted);
                    }
                  },
              "interrupted_cleanUp_isCompleteOnlyIfAllAreGone"),
          WrongStore.of(
              "Loses its connection for good when interrupted",
              () ->
                  new BrokenStore() {
                    private final AtomicBoolean lost = new AtomicBoolean();

                    @Override
                    public Optional<StoredSession> find(SessionId id) {
                      lost.compareAndSet(false, isInterrupted());
                      if (lost.get()) {
                        throw new SessionStoreException("find failed: the connection is closed");
                      }
                      return super.find(id);
                    }
                  },
              "interrupted_laterOperations_work"));

  private WrongInterrupts() {}

  private static boolean isInterrupted() {
    return Thread.currentThread().isInterrupted();
  }

  @SuppressWarnings("CanIgnoreReturnValueSuggester")
  private static boolean clearInterrupt() {
    return Thread.interrupted();
  }
}
