package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A decorator that runs each operation of a store and of its capabilities through one method, to
 * treat them all alike: to measure, to log, to fail in a test.
 *
 * <p>Not intercepted is what only forwards or registers: evictions, {@link NearCopies} except for
 * {@link NearCopies#lookUp}, {@link LiveSessions}, {@link #close} and the settings. A capability
 * that is added to {@link SessionStore} later is forwarded, until this class intercepts it.
 *
 * <p>The capabilities of the wrapped store are asked for once, when the decorator is created.
 *
 * @since 0.1.0
 */
public abstract class InterceptingSessionStore extends ForwardingSessionStore {

  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> limit;
  private final Optional<NearCopies> copies;
  private final Optional<BatchLookup> lookup;
  private final Optional<BatchTouch> batchTouch;

  /** Wraps a store, which is closed with the decorator. */
  @SuppressWarnings(
      "this-escape") // The capabilities keep a reference; none calls it before it is complete.
  protected InterceptingSessionStore(SessionStore store) {
    super(store);
    index = store.principalIndex().map(Index::new);
    limit = store.loginLimit().map(this::intercepting);
    copies = store.nearCopies().map(Copies::new);
    lookup = store.batchLookup().map(this::intercepting);
    batchTouch = store.batchTouch().map(this::intercepting);
  }

  /**
   * Carries out an operation: calls {@code call} once and returns its result. What {@code call}
   * throws, a {@link SessionStoreException} or a caller's mistake, must reach the caller. Called on
   * the thread of the caller, by many threads at once.
   *
   * @param id the session of the operation; null for one that concerns several
   * @param call the operation of the wrapped store
   */
  protected abstract <T> T around(
      StoreOperation operation, @Nullable SessionId id, Supplier<T> call);

  @Override
  public void insert(StoredSession session) {
    around(
        StoreOperation.INSERT,
        session.id(),
        () -> {
          store().insert(session);
          return session;
        });
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return around(StoreOperation.FIND, id, () -> store().find(id));
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return around(StoreOperation.UPDATE, session.id(), () -> store().update(session, now));
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return around(StoreOperation.TOUCH, id, () -> store().touch(id, lastSeenAt, now));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return around(StoreOperation.DELETE, id, () -> store().delete(id));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return around(StoreOperation.DELETE, id, () -> store().delete(id, generation));
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return around(
        StoreOperation.DELETE_EXPIRED, null, () -> store().deleteExpired(cutoff, limit, deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return index;
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return limit;
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return copies;
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return lookup;
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return batchTouch;
  }

  private LoginLimit intercepting(LoginLimit inner) {
    return (session, isNew, number, whenFull, now) ->
        around(
            StoreOperation.ADMIT,
            session.id(),
            () -> inner.admit(session, isNew, number, whenFull, now));
  }

  private BatchLookup intercepting(BatchLookup inner) {
    return ids -> around(StoreOperation.STAMPS, null, () -> inner.stamps(ids));
  }

  private BatchTouch intercepting(BatchTouch inner) {
    return (lastSeenAt, now) ->
        around(StoreOperation.TOUCH_ALL, null, () -> inner.touchAll(lastSeenAt, now));
  }

  private final class Copies extends ForwardingNearCopies {

    private final NearCopies inner;

    Copies(NearCopies inner) {
      super(inner);
      this.inner = inner;
    }

    @Override
    public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
      return around(
          StoreOperation.FIND, id, () -> inner.lookUp(id, minimumGeneration, minimumVersion));
    }
  }

  private final class Index implements PrincipalIndex {

    private final PrincipalIndex inner;

    Index(PrincipalIndex inner) {
      this.inner = inner;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      return around(
          StoreOperation.FIND_BY_PRINCIPAL,
          null,
          () -> inner.findByPrincipal(principal, after, limit));
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return around(
          StoreOperation.DELETE_BY_PRINCIPAL,
          null,
          () -> inner.deleteByPrincipal(principal, except, deleted));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return around(
          StoreOperation.DELETE_OLDEST,
          null,
          () -> inner.deleteOldest(principal, keep, now, deleted));
    }
  }
}
