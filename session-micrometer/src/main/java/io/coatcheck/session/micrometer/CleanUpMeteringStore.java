package io.coatcheck.session.micrometer;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.function.Consumer;

/** Measures the clean-up of a store, and forwards everything else. */
final class CleanUpMeteringStore extends ForwardingSessionStore {

  private final CleanUpMeters meters;

  CleanUpMeteringStore(SessionStore store, CleanUpMeters meters) {
    super(store);
    this.meters = meters;
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return meters.measure(() -> store().deleteExpired(cutoff, limit, deleted));
  }
}
