package io.coatcheck.session.servlet;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request as its dispatches see it: the container's object while the request is under way, the
 * dispatches and forwards within it, and the lock that guards what a filter keeps for it.
 *
 * <p>The lock is held only briefly: code that changes state takes it and releases it before it uses
 * the store or calls the application. So the application's listeners, values and checks may wait
 * for any other thread, whatever that thread does with this request or another one.
 */
final class DispatchState {

  // A volatile write costs a fence, which the constructor does not need: the request is published
  // later.
  private static final VarHandle REQUEST =
      FieldHandles.of(MethodHandles.lookup(), "request", HttpServletRequest.class);

  private final ReentrantLock lock = new ReentrantLock();

  /** Null when the request has ended: a session that is kept for longer refers to this object. */
  private volatile @Nullable HttpServletRequest request;

  /** The wrapper that sees the container's dispatches of the request; null before the first. */
  private @Nullable HttpServletRequest wrapper;

  private List<RequireLogin> watchingForwards = List.of();

  /**
   * The thread of the latest dispatch; null when that has ended. A thread compares it only with
   * itself, and always sees its own writes.
   */
  private @Nullable Thread thread;

  /** The number of dispatches of the request under way, one within the other. */
  private short dispatches;

  /** The number of forwards under way whose end is seen. */
  private short observedForwards;

  /** Whether the application was called; read and written at the beginning of a dispatch. */
  private boolean hasBegun;

  DispatchState(HttpServletRequest request) {
    REQUEST.set(this, request);
  }

  // The lock.

  void lock() {
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  /** Runs work under the lock that neither uses the store nor calls the application. */
  void run(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns the result of work under the lock that neither uses the store nor calls the
   * application.
   */
  <T extends @Nullable Object> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  // The container's request.

  /**
   * Returns the container's original request; null when it has ended, since the container then
   * reuses the object for another client.
   */
  @Nullable HttpServletRequest request() {
    return request;
  }

  /**
   * Returns what a function reads of the request, or null if it has ended. Not under the lock:
   * earlier filters may have wrapped the request.
   */
  <T> @Nullable T read(Function<HttpServletRequest, T> function) {
    HttpServletRequest known = request;
    try {
      return known == null ? null : function.apply(known);
    } catch (RuntimeException e) {
      if (request == null) {
        // The container has taken it back meanwhile.
        return null;
      }
      throw e;
    }
  }

  /**
   * Returns the container's original request, for a question about where it came from.
   *
   * @throws IllegalStateException if it has ended
   */
  HttpServletRequest requireRequest() {
    HttpServletRequest known = request;
    if (known == null) {
      throw new IllegalStateException(
          "it is too late to ask where the request came from: the request has ended");
    }
    return known;
  }

  /** Records the wrapper in use, before the application runs. */
  void wrappedBy(HttpServletRequest used) {
    wrapper = used;
  }

  /** Forgets the request, which has ended; under the lock. */
  void forget() {
    thread = null;
    REQUEST.setRelease(this, null);
    wrapper = null;
  }

  /** Resumes a request that seemed to have ended; under the lock. */
  void resume(HttpServletRequest resumed) {
    request = resumed;
  }

  // Dispatches.

  /** Returns whether the application was called before. */
  boolean hasBegun() {
    return hasBegun;
  }

  /** Records that the application is called. */
  void markBegun() {
    hasBegun = true;
  }

  /** Begins a dispatch on this thread; under the lock. */
  void enter() {
    dispatches++;
    thread = Thread.currentThread();
  }

  /** Ends a dispatch; under the lock. */
  void leave() {
    dispatches--;
    if (dispatches == 0) {
      thread = null;
    }
  }

  /** Returns whether no dispatch is under way; under the lock. */
  boolean isIdle() {
    return dispatches == 0;
  }

  /** Returns whether the latest dispatch runs on a thread; null for whether it has ended. */
  boolean isOn(@Nullable Thread other) {
    return thread == other;
  }

  // Forwards.

  /** Begins a forward whose end the filter sees. */
  void forwardBegins() {
    run(() -> observedForwards++);
  }

  /** Ends such a forward. */
  void forwardEnds() {
    run(() -> observedForwards--);
  }

  /**
   * Returns whether the request is within a forward whose end no filter sees. Not under the lock:
   * earlier filters may have wrapped the request.
   */
  boolean isForwardUnobserved() {
    HttpServletRequest seen = locked(() -> observedForwards == 0 ? wrapper : null);
    try {
      return seen != null && seen.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI) != null;
    } catch (RuntimeException e) {
      if (request == null) {
        // The container has taken it back meanwhile.
        return false;
      }
      throw e;
    }
  }

  /** Registers a filter that admitted the request, to check the targets of its forwards. */
  void watchForwards(RequireLogin watching) {
    run(
        () -> {
          List<RequireLogin> more = new ArrayList<>(watchingForwards);
          more.add(watching);
          watchingForwards = more;
        });
  }

  /** Returns the filters that check forwards. */
  List<RequireLogin> watchingForwards() {
    return locked(() -> watchingForwards);
  }

  /** Shows nothing: the request holds the secret. */
  @Override
  public String toString() {
    return "DispatchState";
  }
}
