package io.coatcheck.session.testkit;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Wraps a store, fails and waits on command, and counts the calls.
 *
 * <p>If an operation fails before its effect, it did not happen. If it fails after its effect, it
 * did happen, and the answer was lost. A pause holds a call before or after its effect until the
 * test releases it, so that a race has one outcome. Each order applies to coming calls of one
 * operation, in the order in which the orders were given. Thread-safe.
 *
 * @since 0.1.0
 */
public final class FaultyStore implements SessionStore {

  private static final Order NO_ORDER = new Order(1, FaultyStore::nothing, FaultyStore::nothing);

  private final SessionStore store;
  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> loginLimit;
  private final Optional<BatchLookup> lookup;
  private final Optional<BatchTouch> batchTouch;
  private final Optional<NearCopies> copies;
  private final Map<Operation, Script> scripts = new EnumMap<>(Operation.class);

  private FaultyStore(SessionStore store) {
    this.store = store;
    index = store.principalIndex().map(FaultyIndex::new);
    loginLimit = store.loginLimit().map(this::faulty);
    lookup = store.batchLookup().map(this::faulty);
    batchTouch = store.batchTouch().map(this::faulty);
    copies = store.nearCopies().map(FaultyCopies::new);
    for (Operation operation : Operation.values()) {
      scripts.put(operation, new Script());
    }
  }

  /** Wraps a store, which is closed with the wrapper. */
  public static FaultyStore wrap(SessionStore store) {
    return new FaultyStore(store);
  }

  /** The operations of a store and its capabilities. */
  public enum Operation {
    /** {@link SessionStore#insert}. */
    INSERT,
    /** {@link SessionStore#find} and {@link NearCopies#lookUp}. */
    FIND,
    /** {@link SessionStore#update}. */
    UPDATE,
    /** {@link SessionStore#touch}. */
    TOUCH,
    /** {@link SessionStore#delete}. */
    DELETE,
    /** {@link SessionStore#deleteExpired}. */
    DELETE_EXPIRED,
    /** {@link PrincipalIndex#findByPrincipal}. */
    FIND_BY_PRINCIPAL,
    /** {@link PrincipalIndex#deleteByPrincipal}. */
    DELETE_BY_PRINCIPAL,
    /** {@link PrincipalIndex#deleteOldest}. */
    DELETE_OLDEST,
    /** {@link LoginLimit#admit}. */
    ADMIT,
    /** {@link BatchLookup#stamps}. */
    STAMPS,
    /** {@link BatchTouch#touchAll}. */
    TOUCH_ALL
  }

  /** Makes the next calls of an operation fail without any effect. */
  public void failBefore(Operation operation, int times) {
    script(operation)
        .add(new Order(times, failure(operation, "before it began"), FaultyStore::nothing));
  }

  /** Makes the next calls of an operation take effect, and then fail. */
  public void failAfter(Operation operation, int times) {
    script(operation)
        .add(new Order(times, FaultyStore::nothing, failure(operation, "after its effect")));
  }

  /** Makes every operation fail without any effect, until {@link #heal()}: the store is down. */
  public void failAlways() {
    for (Operation operation : Operation.values()) {
      failBefore(operation, Integer.MAX_VALUE);
    }
  }

  /** Holds the next call of an operation before it has any effect. */
  public Pause pauseBefore(Operation operation) {
    Pause pause = new Pause(operation);
    script(operation).add(new Order(1, pause::hold, FaultyStore::nothing));
    return pause;
  }

  /** Holds the next call of an operation when it has taken effect, before it returns. */
  public Pause pauseAfter(Operation operation) {
    Pause pause = new Pause(operation);
    script(operation).add(new Order(1, FaultyStore::nothing, pause::hold));
    return pause;
  }

  /** Cancels the orders that no call has carried out. A held call stays held. */
  public void heal() {
    scripts.values().forEach(Script::clear);
  }

  /** Returns how often an operation was called, whether or not it failed. */
  public long calls(Operation operation) {
    return script(operation).calls();
  }

  @Override
  public void insert(StoredSession session) {
    carryOut(
        Operation.INSERT,
        () -> {
          store.insert(session);
          return session;
        });
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return carryOut(Operation.FIND, () -> store.find(id));
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return carryOut(Operation.UPDATE, () -> store.update(session, now));
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return carryOut(Operation.TOUCH, () -> store.touch(id, lastSeenAt, now));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return carryOut(Operation.DELETE, () -> store.delete(id));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return carryOut(Operation.DELETE, () -> store.delete(id, generation));
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return carryOut(Operation.DELETE_EXPIRED, () -> store.deleteExpired(cutoff, limit, deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return index;
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return loginLimit;
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

  @Override
  public Optional<Evictions> evictions() {
    return store.evictions();
  }

  @Override
  public boolean failsOnUnencodable() {
    return store.failsOnUnencodable();
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
  public Duration touchInterval() {
    return store.touchInterval();
  }

  @Override
  public void close() {
    store.close();
  }

  private LoginLimit faulty(LoginLimit inner) {
    return (session, isNew, limit, whenFull, now) ->
        carryOut(Operation.ADMIT, () -> inner.admit(session, isNew, limit, whenFull, now));
  }

  private BatchLookup faulty(BatchLookup inner) {
    return ids -> carryOut(Operation.STAMPS, () -> inner.stamps(ids));
  }

  private BatchTouch faulty(BatchTouch inner) {
    return (lastSeenAt, now) ->
        carryOut(Operation.TOUCH_ALL, () -> inner.touchAll(lastSeenAt, now));
  }

  private <T> T carryOut(Operation operation, Supplier<T> call) {
    Order order = script(operation).next();
    order.before.run();
    T answer = call.get();
    order.after.run();
    return answer;
  }

  private Script script(Operation operation) {
    return Objects.requireNonNull(scripts.get(operation));
  }

  private static void nothing() {}

  private static Runnable failure(Operation operation, String when) {
    return () -> {
      throw new SessionStoreException(operation + " failed on command, " + when);
    };
  }

  /** A call that waits until it is released. */
  public static final class Pause {

    private static final long DEADLINE_SECONDS = 60;

    private final Operation operation;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Pause(Operation operation) {
      this.operation = operation;
    }

    /**
     * Waits until a call is held here.
     *
     * @throws AssertionError if no call is held within a minute
     */
    public void awaitReached() {
      await(reached, "was not called");
    }

    /** Releases the call. If none has come yet, it will not be held. */
    public void release() {
      released.countDown();
    }

    private void hold() {
      reached.countDown();
      await(released, "was never let go");
    }

    private void await(CountDownLatch latch, String complaint) {
      try {
        if (!latch.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
          throw new AssertionError(operation + " " + complaint);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(operation + ": interrupted while it was held", e);
      }
    }
  }

  private record Order(int times, Runnable before, Runnable after) {}

  /** The orders for the coming calls of one operation. */
  private static final class Script {
    private final Deque<Order> orders = new ArrayDeque<>();
    private int carriedOut;
    private long calls;

    synchronized void add(Order order) {
      if (order.times < 1) {
        throw new IllegalArgumentException("times must be at least 1: " + order.times);
      }
      orders.add(order);
    }

    /** Counts a call and returns the order for it. */
    synchronized Order next() {
      calls++;
      Order order = orders.peek();
      if (order == null) {
        return NO_ORDER;
      }
      if (++carriedOut == order.times) {
        orders.remove();
        carriedOut = 0;
      }
      return order;
    }

    synchronized void clear() {
      orders.clear();
      carriedOut = 0;
    }

    synchronized long calls() {
      return calls;
    }
  }

  private final class FaultyCopies implements NearCopies {

    private final NearCopies inner;

    FaultyCopies(NearCopies inner) {
      this.inner = inner;
    }

    @Override
    public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
      return carryOut(Operation.FIND, () -> inner.lookUp(id, minimumGeneration, minimumVersion));
    }

    @Override
    public Duration longestAge() {
      return inner.longestAge();
    }

    @Override
    public boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now) {
      return inner.touchSoon(id, lastSeenAt, now);
    }

    @Override
    public Duration touchDelay() {
      return inner.touchDelay();
    }

    @Override
    public boolean touchInOutage(SessionId id, Instant lastSeenAt) {
      return inner.touchInOutage(id, lastSeenAt);
    }

    @Override
    public void onEndedElsewhere(Consumer<StoredSession> gone) {
      inner.onEndedElsewhere(gone);
    }
  }

  private final class FaultyIndex implements PrincipalIndex {

    private final PrincipalIndex inner;

    FaultyIndex(PrincipalIndex inner) {
      this.inner = inner;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      return carryOut(
          Operation.FIND_BY_PRINCIPAL, () -> inner.findByPrincipal(principal, after, limit));
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return carryOut(
          Operation.DELETE_BY_PRINCIPAL, () -> inner.deleteByPrincipal(principal, except, deleted));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return carryOut(
          Operation.DELETE_OLDEST, () -> inner.deleteOldest(principal, keep, now, deleted));
    }
  }
}
