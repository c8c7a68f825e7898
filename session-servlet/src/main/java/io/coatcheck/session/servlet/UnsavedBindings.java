package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionAdapter;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

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

  /** Values that are never stored, and whose attributes were changed before they were notified. */
  private final Queue<Map.Entry<String, Binding>> outlived = new ConcurrentLinkedQueue<>();

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

  /**
   * Keeps a value that a save has left out, since the session forgets that when its attribute is
   * changed. What the change replaces is another value. Called under the lock of the session.
   */
  static void beforeChange(HttpSessionView view, String name) {
    UnsavedBindings known = view.unsaved();
    if (known != null) {
      known.keepIfDiscarded(name);
    }
  }

  private void keepIfDiscarded(String name) {
    Binding known = bound.get(name);
    if (known != null
        && adapter().isDiscarded(view.session(), name, known.value)
        && bound.remove(name, known)) {
      outlived.add(Map.entry(name, known));
    }
  }

  /**
   * Records the result of an atomic step, which other threads of the request may have replaced or
   * stored by now.
   *
   * @param value null if the step has removed the attribute
   */
  static void recordStep(HttpSessionView view, String name, @Nullable Object value) {
    Session session = view.session();
    boolean isRecorded = value instanceof HttpSessionBindingListener && !session.isStored();
    if (!isRecorded && view.unsaved() == null) {
      return;
    }
    synchronized (session) {
      UnsavedBindings known = view.unsaved();
      if (value != null && view.manager().adapter().isUnsaved(session, name, value)) {
        view.recordBinding(name, value);
      } else if (known != null) {
        known.replaced(name);
      }
    }
    settleIfOver(view);
  }

  /** Records that a step has replaced or removed a value, unless a later one is unsaved. */
  private void replaced(String name) {
    Binding known = bound.get(name);
    if (known != null && !adapter().isUnsaved(view.session(), name, known.value)) {
      bound.remove(name, known);
    }
  }

  /** Notifies the values that were bound while the request ended, which did not know them. */
  static void settleIfOver(HttpSessionView view) {
    UnsavedBindings known = view.unsaved();
    if (known != null && view.scope().isOver()) {
      known.abandon();
    }
  }

  private SessionAdapter adapter() {
    return view.manager().adapter();
  }

  /**
   * Records that the end of the session is reported to the values that it had. Left are those that
   * it did not have, and that are never stored: {@link #settle} or {@link #abandon} notifies them.
   */
  void sessionEnds(Map<String, Object> reported) {
    bound.forEach(
        (name, binding) -> {
          if (reported.get(name) == binding.value || !isLeftOut(name, binding)) {
            bound.remove(name, binding);
          }
        });
  }

  private boolean isLeftOut(String name, Binding binding) {
    Session session = view.session();
    return adapter().isUnsaved(session, name, binding.value)
        || adapter().isDiscarded(session, name, binding.value);
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
    if (notifies) {
      endOutlived();
    }
    // What is recorded by now was set before.
    Map<String, Binding> known = Map.copyOf(bound);
    if (known.isEmpty()) {
      return;
    }
    Session session = view.session();
    SessionAdapter adapter = adapter();
    known.forEach(
        (name, binding) -> {
          // In this order: at any moment, a value is unsaved, stored, discarded, or was taken by a
          // thread that notifies it.
          boolean isUnsaved = adapter.isUnsaved(session, name, binding.value);
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
    endOutlived();
    Map.copyOf(bound).forEach(this::end);
  }

  private void end(String name, Binding binding) {
    if (bound.remove(name, binding)) {
      unbound(name, binding);
    }
  }

  private void endOutlived() {
    for (Map.Entry<String, Binding> one = outlived.poll(); one != null; one = outlived.poll()) {
      unbound(one.getKey(), one.getValue());
    }
  }

  private void unbound(String name, Binding binding) {
    view.scope().listeners().unbound(view, name, binding.value);
  }
}
