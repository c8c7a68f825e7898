package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The values that one request or access has bound to a session, that listen to it, and that are not
 * stored yet. If they never are, because the session has ended meanwhile or the store failed, they
 * are notified that they are bound no more: no other place knows of them. Thread-safe.
 */
final class UnsavedBindings {

  private final SessionListeners listeners;

  /** Made with the first value that listens: hardly any does. */
  private volatile @Nullable Map<String, HttpSessionBindingListener> bound;

  UnsavedBindings(SessionListeners listeners) {
    this.listeners = listeners;
  }

  /** Returns whether there may be any. */
  boolean areAny() {
    return bound != null;
  }

  /** Records that a value was set, in the place of another one. */
  void set(String name, Object value) {
    if (value instanceof HttpSessionBindingListener listener) {
      known().put(name, listener);
    } else {
      removed(name);
    }
  }

  private synchronized Map<String, HttpSessionBindingListener> known() {
    Map<String, HttpSessionBindingListener> known = bound;
    if (known == null) {
      known = new ConcurrentHashMap<>();
      bound = known;
    }
    return known;
  }

  /** Records that a value was removed, and notified. */
  void removed(String name) {
    Map<String, HttpSessionBindingListener> known = bound;
    if (known != null) {
      known.remove(name);
    }
  }

  /** Records that all values were notified of the end of their session. */
  void clear() {
    bound = null;
  }

  /** Notifies those that were not stored though the session was saved, or has ended. */
  void settle(HttpSessionView view) {
    Map<String, HttpSessionBindingListener> known = bound;
    Session session = view.session();
    if (known == null || (!session.isStored() && !session.isEnded())) {
      return;
    }
    known.forEach(
        (name, value) -> {
          boolean isStored = !session.isEnded() && session.attribute(name) != null;
          if (known.remove(name, value) && !isStored) {
            listeners.unbound(view, name, value);
          }
        });
  }

  /** Notifies all that are left, since nothing is saved any more. */
  void abandon(HttpSessionView view) {
    Map<String, HttpSessionBindingListener> known = bound;
    if (known != null) {
      known.forEach(
          (name, value) -> {
            if (known.remove(name, value)) {
              listeners.unbound(view, name, value);
            }
          });
    }
  }
}
