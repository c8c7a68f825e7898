package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionAdapter;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.Map;
import java.util.Set;
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

  /**
   * Forgets the values that an atomic step has stored in its own write: their end is now that of
   * what is stored. Notifies none.
   */
  void forgetStored() {
    settle(false);
  }

  /** Notifies the values that were not stored though the session was saved or has ended. */
  void settle() {
    if (view.session().isEnded()) {
      abandon();
    } else {
      settle(true);
    }
  }

  /**
   * Forgets what is stored by now. Looks for the names only: a value may be stored and not
   * readable.
   */
  private void settle(boolean notifiesOthers) {
    // What is recorded by now was set before. A saved value is found before it is no longer
    // unsaved.
    Map<String, HttpSessionBindingListener> known = Map.copyOf(bound);
    Session session = view.session();
    if (known.isEmpty() || !session.isStored()) {
      return;
    }
    SessionAdapter adapter = view.manager().adapter();
    Set<String> unsaved = adapter.unsavedAttributes(session);
    Set<String> stored = adapter.foundAttributes(session).keySet();
    known.forEach(
        (name, value) -> {
          if (unsaved.contains(name)) {
            return;
          }
          if (stored.contains(name)) {
            bound.computeIfPresent(name, (same, now) -> now == value ? null : now);
          } else if (notifiesOthers) {
            end(name);
          }
        });
  }

  /** Notifies all remaining values, since nothing more is saved. */
  void abandon() {
    bound.keySet().forEach(this::end);
  }

  private void end(String name) {
    HttpSessionBindingListener value = bound.remove(name);
    if (value != null) {
      view.scope().listeners().unbound(view, name, value);
    }
  }
}
