package io.coatcheck.session;

import io.coatcheck.session.store.ForwardingNearCopies;
import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Notifies the listeners of each failure of a store, then rethrows it, records the calls for JDK
 * Flight Recorder, and remembers the deletions that failed. The methods that each request calls are
 * written out, since {@link #around} allocates an object for each call.
 */
final class ReportingStore extends InterceptingSessionStore {

  private final Events events;
  private final Optional<NearCopies> copies;
  private final FailedDeletions failedDeletions = new FailedDeletions();

  ReportingStore(SessionStore store, Events events) {
    super(store);
    this.events = events;
    copies = store.nearCopies().map(ReportingCopies::new);
  }

  @Override
  protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    try {
      return FlightRecording.storeCall(operation, id, call);
    } catch (SessionStoreException e) {
      report(operation, id, e);
      throw e;
    }
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    if (FlightRecording.recordsStoreCalls()) {
      return around(StoreOperation.FIND, id, () -> store().find(id));
    }
    try {
      return store().find(id);
    } catch (SessionStoreException e) {
      report(StoreOperation.FIND, id, e);
      throw e;
    }
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    if (FlightRecording.recordsStoreCalls()) {
      return around(StoreOperation.TOUCH, id, () -> store().touch(id, lastSeenAt, now));
    }
    try {
      return store().touch(id, lastSeenAt, now);
    } catch (SessionStoreException e) {
      report(StoreOperation.TOUCH, id, e);
      throw e;
    }
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return failedDeletions.watch(id, () -> super.delete(id));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return generation < 0
        ? super.delete(id, generation)
        : failedDeletions.watch(id, () -> super.delete(id, generation));
  }

  FailedDeletions failedDeletions() {
    return failedDeletions;
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return copies;
  }

  private void report(
      StoreOperation operation, @Nullable SessionId id, SessionStoreException failure) {
    events.storeFailed(Optional.ofNullable(id), operation.methodName(), failure);
  }

  private final class ReportingCopies extends ForwardingNearCopies {

    private final NearCopies inner;

    ReportingCopies(NearCopies inner) {
      super(inner);
      this.inner = inner;
    }

    @Override
    public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
      if (FlightRecording.recordsStoreCalls()) {
        return around(
            StoreOperation.FIND, id, () -> inner.lookUp(id, minimumGeneration, minimumVersion));
      }
      try {
        return inner.lookUp(id, minimumGeneration, minimumVersion);
      } catch (SessionStoreException e) {
        report(StoreOperation.FIND, id, e);
        throw e;
      }
    }
  }
}
