package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The values that one request or access has bound to a session, that are listeners, and that are
 * not stored yet. If they never are, because the session has ended meanwhile or the store failed,
 * they are notified here that they are unbound, since only this request knows them. Thread-safe.
 */
final class UnsavedBindings {

  private final HttpSessionView view;
  private final Map<String, HttpSessionBindingListener> bound = new ConcurrentHashMap<>();

  UnsavedBindings(HttpSessionView view) {
    this.view = view;
  }

  void set(String name, HttpSessionBindingListener value) {
    bound.put(name, value);
  }

  /** Records that a value was replaced or removed, and was notified. */
  void removed(String name) {
    bound.remove(name);
  }

  /** Records that all values were notified of the end of their session. */
  void clear() {
    bound.clear();
  }

  /** Notifies the values that were not stored though the session was saved or has ended. */
  void settle() {
    Session session = view.session();
    if (session.isStored() || session.isEnded()) {
      for (String name : bound.keySet()) {
        settle(name, !session.isEnded() && session.attribute(name) != null);
      }
    }
  }

  /** Notifies all remaining values, since nothing more is saved. */
  void abandon() {
    for (String name : bound.keySet()) {
      settle(name, false);
    }
  }

  private void settle(String name, boolean isStored) {
    HttpSessionBindingListener value = bound.remove(name);
    if (value != null && !isStored) {
      view.scope().listeners().unbound(view, name, value);
    }
  }
}
