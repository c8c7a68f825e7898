package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpSessionBindingListener;

/**
 * Changes attributes of a session that are stored when the request is saved. {@link
 * AtomicAttributes} stores them at once.
 *
 * <p>A new value is notified before it can be read, the old one after it no longer can be (Servlet
 * 6.1, 7.4), and the listeners last.
 */
final class DeferredAttributes {

  private DeferredAttributes() {}

  static void set(HttpSessionView view, String name, Object value) {
    Session session = view.session();
    SessionScope scope = view.scope();
    scope.requireUsable(session);
    SessionListeners listeners = scope.listeners();
    Object before = view.getAttribute(name);
    boolean isOther = before != value;
    if (isOther) {
      listeners.bound(view, name, value);
    }
    boolean isSet = false;
    try {
      if (isOther && value instanceof HttpSessionBindingListener) {
        // It may have set the attribute when it was notified.
        before = view.getAttribute(name);
      }
      view.activations().set(view, name, value, () -> session.setAttribute(name, value));
      isSet = true;
    } finally {
      if (!isSet && isOther) {
        listeners.unbound(view, name, value);
      }
    }
    if (isOther) {
      view.recordBinding(name, value);
    }
    scope.onReliedUpon(session);
    if (isOther) {
      listeners.unbound(view, name, before);
    }
    listeners.attributeSet(view, name, before, value);
  }

  static void remove(HttpSessionView view, String name) {
    Session session = view.session();
    SessionScope scope = view.scope();
    Object before = view.getAttribute(name);
    if (before == null && !session.isStored()) {
      return;
    }
    // A value that can no longer be read is removed too, and so is one that only another request
    // knows.
    scope.requireUsable(session);
    session.removeAttribute(name);
    view.activations().removed(name);
    view.recordBinding(name, null);
    if (before != null) {
      scope.listeners().unbound(view, name, before);
      scope.listeners().attributeRemoved(view, name, before);
    } else {
      scope.listeners().absentRemoved(view, name);
    }
  }
}
