package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Notifies attribute values that implement {@link HttpSessionActivationListener} around encoding
 * and decoding (Servlet 6.1, 7.7.2), as far as one request or access has seen them. Each value is
 * notified by
 *
 * <ul>
 *   <li>{@code sessionDidActivate} after it was decoded, before any caller gets it;
 *   <li>{@code sessionWillPassivate} before it is encoded, when it is set and when the session is
 *       saved, and {@code sessionDidActivate} after that, since it is still in use.
 * </ul>
 *
 * <p>Where a store keeps the values as objects, no value is notified. Thread-safe; no listener is
 * called under a lock.
 */
final class Activations {

  private final SessionListeners listeners;

  /** Whether the store needs bytes. */
  private final boolean areNeeded;

  // Guarded by this. Created with the first value that listens, which is rare.
  private @Nullable Map<String, HttpSessionActivationListener> known;

  /** Values that were notified of encoding, and not yet of its end. */
  private @Nullable Set<HttpSessionActivationListener> passive;

  Activations(SessionListeners listeners, boolean areNeeded) {
    this.listeners = listeners;
    this.areNeeded = areNeeded;
  }

  /** Records a value that was read. If it was not known before, it has just been decoded. */
  void read(HttpSession session, String name, @Nullable Object value) {
    if (areNeeded && value instanceof HttpSessionActivationListener listener) {
      if (learn(name, listener)) {
        listeners.didActivate(session, listener);
      }
    }
  }

  /** Runs code that sets a value, which encodes it. */
  void set(HttpSessionView session, String name, Object value, Runnable setting) {
    if (!areNeeded || !(value instanceof HttpSessionActivationListener listener)) {
      setting.run();
      removed(name);
      return;
    }
    boolean isPassivated = passivate(session, listener);
    try {
      setting.run();
      learn(name, listener);
    } finally {
      if (isPassivated) {
        activate(session, listener);
      }
    }
  }

  /** Begins to encode a value. Returns whether the value was notified and needs {@link #end}. */
  boolean begin(HttpSession session, Object value) {
    return areNeeded
        && value instanceof HttpSessionActivationListener listener
        && passivate(session, listener);
  }

  /** Ends the encoding that {@link #begin} began. */
  void end(HttpSessionView session, Object value) {
    if (value instanceof HttpSessionActivationListener listener) {
      activate(session, listener);
    }
  }

  /** Records a value that is in the session and was not decoded. */
  void learned(String name, Object value) {
    if (areNeeded) {
      if (value instanceof HttpSessionActivationListener listener) {
        learn(name, listener);
      } else {
        forget(name);
      }
    }
  }

  /** Records that a value is no longer in the session. */
  void removed(String name) {
    if (areNeeded) {
      forget(name);
    }
  }

  private synchronized void forget(String name) {
    if (known != null) {
      known.remove(name);
    }
  }

  /**
   * Returns whether the value was not known under any name, and no other thread is just setting it.
   */
  private synchronized boolean learn(String name, HttpSessionActivationListener listener) {
    if (known == null) {
      known = new HashMap<>();
    }
    boolean isFresh =
        (passive == null || !passive.contains(listener))
            && known.values().stream().noneMatch(seen -> seen == listener);
    known.put(name, listener);
    return isFresh;
  }

  private synchronized List<HttpSessionActivationListener> known() {
    return known == null ? List.of() : List.copyOf(known.values());
  }

  /**
   * Notifies all values that were seen that the session is about to be encoded.
   *
   * @return the values that were notified, for {@link #activate}; empty where none listens
   */
  List<HttpSessionActivationListener> passivate(HttpSessionView session) {
    List<HttpSessionActivationListener> all = areNeeded ? known() : List.of();
    return all.isEmpty()
        ? all
        : all.stream().filter(listener -> passivate(session, listener)).toList();
  }

  /** Notifies values that {@link #passivate} has notified that they are in use again. */
  void activate(HttpSessionView session, List<HttpSessionActivationListener> notified) {
    for (HttpSessionActivationListener listener : notified) {
      activate(session, listener);
    }
  }

  /** Runs code that may encode the session, and notifies its values before and after. */
  <T> T whileEncoded(HttpSessionView session, Supplier<T> encoding) {
    List<HttpSessionActivationListener> notified = passivate(session);
    try {
      return encoding.get();
    } finally {
      activate(session, notified);
    }
  }

  /**
   * Notifies a value, unless it was notified already, such as one that sets itself when notified.
   */
  private boolean passivate(HttpSession session, HttpSessionActivationListener listener) {
    boolean isNews = rest(listener);
    if (isNews) {
      listeners.willPassivate(session, listener);
    }
    return isNews;
  }

  private synchronized boolean rest(HttpSessionActivationListener listener) {
    if (passive == null) {
      passive = Collections.newSetFromMap(new IdentityHashMap<>());
    }
    return passive.add(listener);
  }

  private synchronized void wake(HttpSessionActivationListener listener) {
    if (passive != null) {
      passive.remove(listener);
    }
  }

  /** The values of a session that turned out to have ended are no longer used. */
  private void activate(HttpSessionView session, HttpSessionActivationListener listener) {
    wake(listener);
    if (!session.session().isEnded()) {
      listeners.didActivate(session, listener);
    }
  }
}
