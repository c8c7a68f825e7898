package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A decorator that forwards each operation, capability and setting to the store that it wraps. A
 * subclass overrides what it changes.
 *
 * <p>Everything is forwarded as the same call, including the methods that have a default in {@link
 * SessionStore}, so that the wrapped store's own version of them is used. A capability that is
 * added to {@code SessionStore} later is forwarded too. Three things follow for a subclass:
 *
 * <ul>
 *   <li>The capabilities bypass it. A subclass that changes sessions, or observes all calls, also
 *       overrides each capability that reads, writes or hands over sessions, and returns a wrapper
 *       of the wrapped store's capability: the same object each time. {@link
 *       InterceptingSessionStore} does so for one that treats all operations alike.
 *   <li>A capability that cannot be kept is withheld: the method returns empty.
 *   <li>{@code DecoratorContract} in the test kit checks all of this. It fails on a capability that
 *       is neither offered nor expressly withheld.
 * </ul>
 *
 * <p>Thread-safe if the subclass is. {@link #close} closes the wrapped store.
 *
 * @since 0.1.0
 */
public abstract class ForwardingSessionStore implements SessionStore {

  private final SessionStore store;

  /** Wraps a store, which is closed with the decorator. */
  protected ForwardingSessionStore(SessionStore store) {
    this.store = store;
  }

  /** Returns the wrapped store. */
  protected final SessionStore store() {
    return store;
  }

  @Override
  public void insert(StoredSession session) {
    store.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return store.find(id);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return store.update(session, now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return store.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return store.delete(id);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return store.delete(id, generation);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return store.deleteExpired(cutoff, limit, deleted);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return store.principalIndex();
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return store.loginLimit();
  }

  @Override
  public Optional<Evictions> evictions() {
    return store.evictions();
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return store.nearCopies();
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return store.batchLookup();
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return store.batchTouch();
  }

  @Override
  public Optional<ChangeFeed> changeFeed() {
    return store.changeFeed();
  }

  @Override
  public Optional<LiveSessions> liveSessions() {
    return store.liveSessions();
  }

  @Override
  public boolean keepsLiveValues() {
    return store.keepsLiveValues();
  }

  @Override
  public boolean failsOnUnencodable() {
    return store.failsOnUnencodable();
  }

  @Override
  public Duration touchInterval() {
    return store.touchInterval();
  }

  @Override
  public Duration longestCall() {
    return store.longestCall();
  }

  @Override
  public void close() {
    store.close();
  }
}
