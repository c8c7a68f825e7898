package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionAdapter;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The values that one request or access has bound to a session, that are listeners, and that are
 * not stored yet. If they never are, because the session has ended meanwhile, the store failed or
 * they do not fit, they are notified here that they are unbound, since only this request knows
 * them. A value that was stored is not notified here, even if it has been removed since: what
 * removed it does that. The exception is a session that ended before any listener knew of it.
 * Thread-safe.
 */
final class UnsavedBindings {

  /** A value that was bound. Compared by identity: the value may have its own {@code equals}. */
  private static final class Binding {

    private final HttpSessionBindingListener value;

    Binding(HttpSessionBindingListener value) {
      this.value = value;
    }
  }

  private final HttpSessionView view;
  private final Map<String, Binding> bound = new ConcurrentHashMap<>();

  UnsavedBindings(HttpSessionView view) {
    this.view = view;
  }

  void set(String name, HttpSessionBindingListener value) {
    bound.put(name, new Binding(value));
  }

  /** Records that a value was replaced or removed, and was notified. */
  void removed(String name) {
    bound.remove(name);
  }

  /** Records that all values were notified of the end of their session. */
  void clear() {
    bound.clear();
  }

  /** Forgets the values that are stored by now. Notifies none. */
  void forgetStored() {
    settle(false, false);
  }

  /** Notifies the values that were not stored though the session was saved or has ended. */
  void settle() {
    settle(true, false);
  }

  /** Notifies all values that are not stored, since nothing more is saved. */
  void abandon() {
    settle(true, true);
  }

  private void settle(boolean notifies, boolean isOver) {
    // What is recorded by now was set before.
    Map<String, Binding> known = Map.copyOf(bound);
    if (known.isEmpty()) {
      return;
    }
    Session session = view.session();
    SessionAdapter adapter = view.manager().adapter();
    // In this order: at any moment, a value is unsaved, stored or discarded.
    Set<String> unsaved = adapter.unsavedAttributes(session);
    known.forEach(
        (name, binding) -> {
          boolean isUnsaved = unsaved.contains(name);
          if ((isUnsaved && isOver) || adapter.isDiscarded(session, name, binding.value)) {
            if (notifies) {
              end(name, binding);
            }
          } else if (!isUnsaved) {
            bound.remove(name, binding);
          }
        });
  }

  /** Notifies all values: they were stored with a session that ended before a listener knew it. */
  void endAll() {
    Map.copyOf(bound).forEach(this::end);
  }

  private void end(String name, Binding binding) {
    if (bound.remove(name, binding)) {
      view.scope().listeners().unbound(view, name, binding.value);
    }
  }
}
