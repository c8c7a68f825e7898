package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/**
 * Forwards each method of {@link NearCopies} to those of another store, for the decorators of
 * stores. A subclass overrides what it changes: one that changes sessions, {@link #lookUp} and
 * {@link #onEndedElsewhere}.
 *
 * @since 0.1.0
 */
public abstract class ForwardingNearCopies implements NearCopies {

  private final NearCopies copies;

  /** Wraps the copies of a store. */
  protected ForwardingNearCopies(NearCopies copies) {
    this.copies = copies;
  }

  @Override
  public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
    return copies.lookUp(id, minimumGeneration, minimumVersion);
  }

  @Override
  public Duration longestAge() {
    return copies.longestAge();
  }

  @Override
  public boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now) {
    return copies.touchSoon(id, lastSeenAt, now);
  }

  @Override
  public Duration touchDelay() {
    return copies.touchDelay();
  }

  @Override
  public boolean touchInOutage(SessionId id, Instant lastSeenAt) {
    return copies.touchInOutage(id, lastSeenAt);
  }

  @Override
  public void onEndedElsewhere(Consumer<StoredSession> gone) {
    copies.onEndedElsewhere(gone);
  }
}
