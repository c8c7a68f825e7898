package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

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
    Object first = view.getAttribute(name);
    boolean isBound = first != value;
    if (isBound) {
      listeners.bound(view, name, value);
    }
    AtomicReference<@Nullable Object> replaced = new AtomicReference<>();
    boolean isSet = false;
    try {
      // It may have set the attribute when it was notified.
      boolean isChanged = isBound && value instanceof HttpSessionBindingListener;
      Object seen = isChanged ? view.getAttribute(name) : first;
      view.activations()
          .set(view, name, value, () -> replaced.set(replace(view, name, value, seen)));
      isSet = true;
    } finally {
      if (!isSet && isBound) {
        listeners.unbound(view, name, value);
      }
    }
    scope.onReliedUpon(session);
    // Another thread of the request may have changed it since it was read.
    Object before = replaced.get();
    if (before != value && !isBound) {
      listeners.bound(view, name, value);
    }
    if (before != value || isBound) {
      listeners.unbound(view, name, before);
    }
    listeners.attributeSet(view, name, before, value);
    UnsavedBindings.settleIfOver(view);
  }

  static void remove(HttpSessionView view, String name) {
    Session session = view.session();
    SessionScope scope = view.scope();
    Object seen = view.getAttribute(name);
    if (seen == null && !session.isStored()) {
      return;
    }
    // A value that can no longer be read is removed too, and so is one that only another request
    // knows.
    scope.requireUsable(session);
    Object before = replace(view, name, null, seen);
    view.activations().removed(name);
    if (before != null) {
      scope.listeners().unbound(view, name, before);
      scope.listeners().attributeRemoved(view, name, before);
    } else {
      scope.listeners().absentRemoved(view, name);
    }
    UnsavedBindings.settleIfOver(view);
  }

  /** Changes an attribute, and returns the value that this thread, and no other, has replaced. */
  private static @Nullable Object replace(
      HttpSessionView view, String name, @Nullable Object value, @Nullable Object seen) {
    Object replaced =
        view.manager()
            .adapter()
            .replaceAttribute(
                view.session(),
                name,
                value,
                seen,
                before -> {
                  UnsavedBindings.beforeChange(view, name);
                  if (before != value) {
                    view.recordBinding(name, value);
                  }
                });
    if (replaced != seen) {
      // It may have been decoded only now.
      view.activations().read(view, name, replaced);
    }
    return replaced;
  }
}
