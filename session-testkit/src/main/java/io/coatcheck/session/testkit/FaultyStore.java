package io.coatcheck.session.testkit;

import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Wraps a store, fails and waits on command, and counts the calls.
 *
 * <p>If an operation fails before its effect, it did not happen. If it fails after its effect, it
 * did happen, and the answer was lost. A pause holds a call before or after its effect until the
 * test releases it, so that a race has one outcome. Each order applies to coming calls of one
 * operation, in the order in which the orders were given. A test can also run an action of its own
 * before or after a call. Thread-safe.
 *
 * @since 0.1.0
 */
public final class FaultyStore extends InterceptingSessionStore {

  private static final Order NO_ORDER = new Order(1, FaultyStore::nothing, FaultyStore::nothing);

  private final Map<StoreOperation, Script> scripts = new EnumMap<>(StoreOperation.class);

  private final List<StoreOperation> history = new ArrayList<>();

  private FaultyStore(SessionStore store) {
    super(store);
    for (StoreOperation operation : StoreOperation.values()) {
      scripts.put(operation, new Script());
    }
  }

  /** Wraps a store, which is closed with the wrapper. */
  public static FaultyStore wrap(SessionStore store) {
    return new FaultyStore(store);
  }

  /** Makes the next calls of an operation fail without any effect. */
  public void failBefore(StoreOperation operation, int times) {
    script(operation)
        .add(new Order(times, failure(operation, "before it began"), FaultyStore::nothing));
  }

  /** Makes the next calls of an operation take effect, and then fail. */
  public void failAfter(StoreOperation operation, int times) {
    script(operation)
        .add(new Order(times, FaultyStore::nothing, failure(operation, "after its effect")));
  }

  /** Makes every operation fail without any effect, until {@link #heal()}: the store is down. */
  public void failAlways() {
    for (StoreOperation operation : StoreOperation.values()) {
      failBefore(operation, Integer.MAX_VALUE);
    }
  }

  /** Runs an action once, on the calling thread, before the next call of an operation. */
  public void runBefore(StoreOperation operation, Runnable action) {
    script(operation).add(new Order(1, action, FaultyStore::nothing));
  }

  /** Runs an action once, on the calling thread, when the next call has taken effect. */
  public void runAfter(StoreOperation operation, Runnable action) {
    script(operation).add(new Order(1, FaultyStore::nothing, action));
  }

  /** Holds the next call of an operation before it has any effect. */
  public Pause pauseBefore(StoreOperation operation) {
    Pause pause = new Pause(operation);
    script(operation).add(new Order(1, pause::hold, FaultyStore::nothing));
    return pause;
  }

  /** Holds the next call of an operation when it has taken effect, before it returns. */
  public Pause pauseAfter(StoreOperation operation) {
    Pause pause = new Pause(operation);
    script(operation).add(new Order(1, FaultyStore::nothing, pause::hold));
    return pause;
  }

  /** Cancels the orders that no call has carried out. A held call stays held. */
  public void heal() {
    scripts.values().forEach(Script::clear);
  }

  /** Returns how often an operation was called, whether or not it failed. */
  public long calls(StoreOperation operation) {
    return script(operation).calls();
  }

  /** Returns the operations that were called, in order, whether or not they failed; a copy. */
  public List<StoreOperation> history() {
    synchronized (history) {
      return List.copyOf(history);
    }
  }

  @Override
  protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    synchronized (history) {
      history.add(operation);
    }
    Order order = script(operation).next();
    order.before.run();
    T answer = call.get();
    order.after.run();
    return answer;
  }

  private Script script(StoreOperation operation) {
    return Objects.requireNonNull(scripts.get(operation));
  }

  private static void nothing() {}

  private static Runnable failure(StoreOperation operation, String when) {
    return () -> {
      throw new SessionStoreException(operation + " failed on command, " + when);
    };
  }

  /** A call that waits until it is released. */
  public static final class Pause {

    private static final long DEADLINE_SECONDS = 60;

    private final StoreOperation operation;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Pause(StoreOperation operation) {
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
      await(released, "was never released");
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
}
