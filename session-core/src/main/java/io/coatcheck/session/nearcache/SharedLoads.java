package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Lets concurrent look-ups of one session share one load. Thread-safe. */
final class SharedLoads {

  private final ConcurrentHashMap<SessionId, CompletableFuture<Optional<SessionStoreException>>>
      loads = new ConcurrentHashMap<>();

  /**
   * Runs a load, or waits for one of the same session that is in progress.
   *
   * @return what the load returned; null if this call has waited for another
   * @throws SessionStoreException if the load failed, whether it was this one or another; but not
   *     if the thread of the other one was interrupted
   */
  <T> @Nullable T runOrAwait(SessionId id, Supplier<T> load) {
    CompletableFuture<Optional<SessionStoreException>> own = new CompletableFuture<>();
    CompletableFuture<Optional<SessionStoreException>> running = loads.putIfAbsent(id, own);
    if (running != null) {
      await(running);
      return null;
    }
    Optional<SessionStoreException> failure = Optional.empty();
    try {
      return load.get();
    } catch (SessionStoreException e) {
      failure = Optional.of(e);
      throw e;
    } finally {
      loads.remove(id, own);
      // The others need not fail because this thread was interrupted.
      own.complete(Thread.currentThread().isInterrupted() ? Optional.empty() : failure);
    }
  }

  private static void await(CompletableFuture<Optional<SessionStoreException>> running) {
    Optional<SessionStoreException> failure = running.join();
    if (failure.isPresent()) {
      // Not the same object: two threads would write into its trace.
      throw new SessionStoreException(String.valueOf(failure.get().getMessage()), failure.get());
    }
  }
}
