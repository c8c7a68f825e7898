package io.coatcheck.session.micrometer;

import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionId;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures the calls of a store. The time includes what the call hands sessions to: the listeners
 * that a revocation by principal or a clean-up notifies.
 */
final class TimedStore extends InterceptingSessionStore {

  private final CallTimers timers;

  TimedStore(SessionStore store, CallTimers timers) {
    super(store);
    this.timers = timers;
  }

  @Override
  protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    boolean isSuccess = false;
    long start = timers.start();
    try {
      T result = call.get();
      isSuccess = true;
      return result;
    } finally {
      timers.record(operation, isSuccess, start);
    }
  }

  /** Not measured: most look-ups among copies are answered from memory. */
  @Override
  public Optional<NearCopies> nearCopies() {
    return store().nearCopies();
  }
}
