package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of a {@link ChangeFeed}, notified as it requires: an exception of one of them, an
 * {@code Error} too, is logged, affects no other, and is followed by {@link
 * ChangeFeed.Listener#missed}. For the authors of stores.
 *
 * <p>Listeners may be added and removed by any thread at any time. The methods that notify them are
 * called by one thread at a time, without a lock. A listener that is added while they run is
 * notified from then on, so a feed that asks its store after {@link #add} returned reports
 * everything that the listener has to know.
 *
 * @since 0.1.0
 */
public final class ChangeListeners {

  private static final Logger LOG = LoggerFactory.getLogger(ChangeListeners.class);

  private final List<Registered> registered = new CopyOnWriteArrayList<>();

  /** Creates a list without listeners. */
  public ChangeListeners() {}

  /** Adds a listener until its subscription is closed. */
  public ChangeFeed.Subscription add(ChangeFeed.Listener listener) {
    Registered added = new Registered(listener);
    registered.add(added);
    return () -> {
      added.closed = true;
      registered.remove(added);
    };
  }

  /** Returns whether there are no listeners. */
  public boolean isEmpty() {
    return registered.isEmpty();
  }

  /** Closes all subscriptions. */
  public void close() {
    registered.forEach(listener -> listener.closed = true);
    registered.clear();
  }

  /** Calls {@link ChangeFeed.Listener#changed} of all listeners. */
  public void changed(SessionId id) {
    registered.forEach(listener -> listener.changed(id));
  }

  /** Calls {@link ChangeFeed.Listener#missed} of all listeners. */
  public void missed() {
    registered.forEach(Registered::missed);
  }

  /**
   * Calls {@link ChangeFeed.Listener#completeUpTo} of all listeners. One that threw since its last
   * {@code missed} is asked to discard everything first; if that fails, it is not called.
   */
  public void completeUpTo(long nanoTime) {
    registered.forEach(listener -> listener.completeUpTo(nanoTime));
  }

  private static final class Registered {

    private final ChangeFeed.Listener listener;
    private volatile boolean closed;

    /** Whether the listener may not have processed a change. Used by the notifying thread only. */
    private boolean inDoubt;

    Registered(ChangeFeed.Listener listener) {
      this.listener = listener;
    }

    void changed(SessionId id) {
      if (!call("changed", () -> listener.changed(id))) {
        inDoubt = true;
      }
    }

    void missed() {
      inDoubt = !call("missed", listener::missed);
    }

    void completeUpTo(long nanoTime) {
      if (inDoubt) {
        missed();
      }
      if (!inDoubt) {
        call("completeUpTo", () -> listener.completeUpTo(nanoTime));
      }
    }

    /** Returns whether the listener returned, or is not to be called any more. */
    private boolean call(String method, Runnable call) {
      if (closed) {
        return true;
      }
      try {
        call.run();
        return true;
      } catch (Throwable failure) {
        log(method, failure);
        return false;
      }
    }

    private static void log(String method, Throwable failure) {
      try {
        LOG.error("a listener of the change feed failed in {}", method, failure);
      } catch (Throwable unloggable) {
        // Most likely there is no memory left to log it. The other listeners are notified.
      }
    }
  }
}
