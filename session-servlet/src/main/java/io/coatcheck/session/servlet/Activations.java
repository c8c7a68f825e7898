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
 * The values of a session that want to hear when they become bytes and are made of bytes (Servlet
 * 6.1, 7.7.2), as far as one request or access has seen them. Each is told
 *
 * <ul>
 *   <li>{@code sessionDidActivate} when it was made of bytes, before anybody gets it;
 *   <li>{@code sessionWillPassivate} before it becomes bytes, when it is set and when the session
 *       is saved, and {@code sessionDidActivate} after that, since it is still in use.
 * </ul>
 *
 * <p>Where a store keeps the values as the objects that they are, nothing of this happens and
 * nobody is told. Thread-safe; no listener is called under a lock.
 */
final class Activations {

  private final SessionListeners listeners;

  /** Whether the store needs bytes. */
  private final boolean areNeeded;

  // Guarded by this, and made with the first value that wants to hear: hardly any does.
  private @Nullable Map<String, HttpSessionActivationListener> known;

  /** Those that were told to become bytes and not yet to become values again. */
  private @Nullable Set<HttpSessionActivationListener> passive;

  Activations(SessionListeners listeners, boolean areNeeded) {
    this.listeners = listeners;
    this.areNeeded = areNeeded;
  }

  /** Takes note of a value that was read. It was made of bytes if it was not known before. */
  void read(HttpSession session, String name, @Nullable Object value) {
    if (areNeeded && value instanceof HttpSessionActivationListener listener) {
      if (learn(name, listener)) {
        listeners.didActivate(session, listener);
      }
    }
  }

  /** Does what sets a value, which makes bytes of it. */
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

  /** Begins to make bytes of a value; returns whether it was notified, and waits for the end. */
  boolean begin(HttpSession session, Object value) {
    return areNeeded
        && value instanceof HttpSessionActivationListener listener
        && passivate(session, listener);
  }

  /** Ends what has {@linkplain #begin begun}. */
  void end(HttpSessionView session, Object value) {
    if (value instanceof HttpSessionActivationListener listener) {
      activate(session, listener);
    }
  }

  /** Records that a value is in the session, and was not made of bytes. */
  void learned(String name, Object value) {
    if (areNeeded) {
      if (value instanceof HttpSessionActivationListener listener) {
        learn(name, listener);
      } else {
        forget(name);
      }
    }
  }

  /** Takes note that a value is in the session no more. */
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

  /** Returns whether the value was not known under any name. */
  private synchronized boolean learn(String name, HttpSessionActivationListener listener) {
    if (known == null) {
      known = new HashMap<>();
    }
    boolean isFresh = known.values().stream().noneMatch(seen -> seen == listener);
    known.put(name, listener);
    return isFresh;
  }

  private synchronized List<HttpSessionActivationListener> known() {
    return known == null ? List.of() : List.copyOf(known.values());
  }

  /** Does what may save the session, which makes bytes of all values that were seen. */
  <T> T saved(HttpSessionView session, Supplier<T> saving) {
    List<HttpSessionActivationListener> all = areNeeded ? known() : List.of();
    if (all.isEmpty()) {
      return saving.get();
    }
    List<HttpSessionActivationListener> told =
        all.stream().filter(listener -> passivate(session, listener)).toList();
    try {
      return saving.get();
    } finally {
      told.forEach(listener -> activate(session, listener));
    }
  }

  /** Tells a value, unless it knows, such as one that sets itself when it is told. */
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

  /** Nobody goes on using the values of a session that turned out to have ended. */
  private void activate(HttpSessionView session, HttpSessionActivationListener listener) {
    wake(listener);
    if (!session.session().isEnded()) {
      listeners.didActivate(session, listener);
    }
  }
}
