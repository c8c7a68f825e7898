package io.coatcheck.session.servlet;

import io.coatcheck.session.AttributeFunction;
import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpSession;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Changes attributes of a session atomically. Each step is decided by the store before the call
 * returns: across all requests of the session, on all nodes, each step sees the result of the one
 * before it. A {@code getAttribute} followed by {@code setAttribute} or {@code removeAttribute} is
 * not atomic, since another request may come between.
 *
 * <p>{@link WebSession#take} and {@link WebSession#update} do the same for a request. This class is
 * for code that has only a session, such as that of {@code HttpSession.Accessor.access}.
 *
 * <p>A step also stores, in the same write, what this request has changed so far. Its change stays
 * if the request fails later. A session that is not stored yet is stored when the response commits,
 * as always: no other request knows it. Values and listeners of attributes are notified as by
 * {@code setAttribute} and {@code removeAttribute}. Thread-safe.
 *
 * @since 0.1.0
 */
public final class AtomicAttributes {

  private final HttpSessionView view;

  AtomicAttributes(HttpSessionView view) {
    this.view = view;
  }

  /**
   * Returns the attributes of a session.
   *
   * @param session from {@code getSession} of a request that passed a {@link SessionFilter}, or
   *     from an accessor
   * @throws IllegalArgumentException if it is neither, such as the container's own session, a
   *     wrapped session, or the session of an event that reports its end
   */
  public static AtomicAttributes of(HttpSession session) {
    HttpSessionView view = HttpSessionView.in(session);
    if (view != null) {
      return new AtomicAttributes(view);
    }
    throw new IllegalArgumentException(
        "session was obtained neither from a request that passed a SessionFilter nor from an"
            + " accessor: "
            + session.getClass().getName());
  }

  /** Removes an attribute of any type and returns its value: see {@link #take(String, Class)}. */
  public Optional<Object> take(String name) {
    return take(name, Object.class);
  }

  /**
   * Removes an attribute and returns its value. Of all callers that take one value at the same
   * time, on any node, exactly one gets it.
   *
   * @return empty if there is no value, if its bytes no longer decode, which leaves them unchanged,
   *     or if the session has ended
   * @throws ClassCastException if the value is of another type; nothing was changed
   * @throws IllegalArgumentException if the name does not have 1 to 255 characters, or is one of
   *     those that the container and the filter use themselves
   * @throws IllegalStateException if the session had ended before, or the request or the access has
   *     ended
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: the value may or
   *     may not be taken. Within a request, the response is 503 even if this is caught
   */
  public <T> Optional<T> take(String name, Class<T> type) {
    ReservedNames.requireFree(name);
    Session session = view.session();
    SessionScope scope = view.scope();
    Optional<T> taken = step(() -> scope.manager().take(session, name, type));
    taken.ifPresent(
        value -> {
          view.activations().read(view, name, value);
          removed(name, value);
        });
    return taken;
  }

  /** Removes an attribute, as the application asked for, whether there is one or not. */
  void remove(String name) {
    if (take(name).isEmpty()) {
      view.scope().listeners().absentRemoved(view, name);
    }
  }

  /**
   * Replaces an attribute with the result of a function.
   *
   * <p>The function may be called several times: see {@link AttributeFunction}.
   *
   * @param type the class of the value, not of a primitive type
   * @param function its exceptions are rethrown, and nothing was changed
   * @return the value that is stored now; empty if the attribute was removed. Also empty, and
   *     nothing was changed, if the session has ended, or was re-keyed by a login of another
   *     principal or an explicit {@code changeSessionId}
   * @throws ClassCastException if the value is of another type; nothing was changed
   * @throws IllegalArgumentException if the store needs bytes and the new value cannot be encoded,
   *     the session would hold more than its limits allow, or as for {@link #take(String, Class)};
   *     nothing was changed
   * @throws IllegalStateException if the session had ended before, it is new and the response is
   *     committed, or the request or the access has ended; nothing was changed
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed, or others changed
   *     the attribute until the store timeout passed: the step may or may not be stored. Within a
   *     request, the response is 503 even if this is caught
   */
  public <T> Optional<T> update(String name, Class<T> type, AttributeFunction<T> function) {
    ReservedNames.requireFree(name);
    Session session = view.session();
    SessionScope scope = view.scope();
    Candidate<T> candidate = new Candidate<>(name, function);
    Optional<T> updated = Optional.empty();
    boolean isDone = false;
    try {
      updated = step(() -> scope.manager().update(session, name, type, candidate::decide));
      isDone = updated.isPresent() || !session.isEnded();
    } finally {
      candidate.settle(isDone);
    }
    if (updated.isPresent()) {
      scope.onReliedUpon(session);
    }
    return updated;
  }

  /** Changes an attribute for {@link WebSession#update}, which may have to begin the session. */
  static <T> Optional<T> update(
      SessionExchange exchange, String name, Class<T> type, AttributeFunction<T> function) {
    Session session = exchange.session();
    if (session == null && function.apply(Optional.empty()) == null) {
      return Optional.empty();
    }
    HttpSessionView view = session == null ? exchange.view(true) : exchange.viewOf(session);
    return new AtomicAttributes(Objects.requireNonNull(view)).update(name, type, function);
  }

  /**
   * Sets an attribute of a session that its requests share. The new value is notified before it can
   * be read. The value that it replaced, which another request may just have set, is notified after
   * that.
   */
  void set(String name, Object value) {
    Session session = view.session();
    SessionScope scope = view.scope();
    SessionListeners listeners = scope.listeners();
    AtomicReference<@Nullable Object> replaced = new AtomicReference<>();
    boolean isOther = session.attribute(name) != value;
    if (isOther) {
      listeners.bound(view, name, value);
    }
    boolean isSet = false;
    try {
      Optional<Object> now =
          step(
              () ->
                  scope
                      .manager()
                      .update(
                          session,
                          name,
                          Object.class,
                          current -> {
                            replaced.set(current.orElse(null));
                            return value;
                          }));
      isSet = now.isPresent();
    } finally {
      if (!isSet && isOther) {
        listeners.unbound(view, name, value);
      }
    }
    if (isSet) {
      UnsavedBindings.recordStep(view, name, value);
      scope.onReliedUpon(session);
      Object before = replaced.get();
      if (before == value && isOther) {
        // Another request set the same object at the same time, and bound it too.
        listeners.unbound(view, name, value);
      } else if (before != value) {
        if (!isOther) {
          listeners.bound(view, name, value);
        }
        listeners.unbound(view, name, before);
      }
      listeners.attributeSet(view, name, before, value);
    }
  }

  /**
   * Makes a step, which may also have stored what this request has bound before, or left it out.
   * The value of the step itself is not among that.
   */
  private <T> T step(Supplier<T> step) {
    T result = view.scope().step(view.session(), step);
    UnsavedBindings unsaved = view.unsaved();
    if (unsaved != null) {
      unsaved.settle();
    }
    return result;
  }

  private void removed(String name, Object before) {
    view.activations().removed(name);
    UnsavedBindings.recordStep(view, name, null);
    view.scope().listeners().unbound(view, name, before);
    view.scope().listeners().attributeRemoved(view, name, before);
  }

  /** A function's result, until it is stored or turns out not to be. */
  private final class Candidate<T> {

    private final String name;
    private final AttributeFunction<T> function;

    /** The last input of the function. */
    private @Nullable T given;

    /** The replaced value as this request has seen it; read only if it listens. */
    private @Nullable Object seen;

    /** The result, if it was notified; null if there is nothing to notify. */
    private @Nullable T value;

    private boolean isRemoval;

    private boolean isPassive;

    Candidate(String name, AttributeFunction<T> function) {
      this.name = name;
      this.function = function;
    }

    @Nullable T decide(Optional<T> current) {
      withdraw();
      T before = current.orElse(null);
      given = before;
      view.activations().read(view, name, before);
      boolean isCopy = !view.scope().manager().adapter().keepsLiveValues();
      seen = isCopy && listeners().hasListenersOf(before) ? view.session().attribute(name) : null;
      T next = function.apply(current);
      isRemoval = next == null;
      if (next != null && next != before) {
        listeners().bound(view, name, next);
        value = next;
        isPassive = view.activations().begin(view, next);
      }
      return next;
    }

    private SessionListeners listeners() {
      return view.scope().listeners();
    }

    private void withdraw() {
      T withdrawn = value;
      value = null;
      if (withdrawn != null) {
        activate(withdrawn);
        listeners().unbound(view, name, withdrawn);
      }
    }

    private void activate(T passive) {
      if (isPassive) {
        isPassive = false;
        view.activations().end(view, passive);
      }
    }

    void settle(boolean isDone) {
      T next = value;
      if (!isDone) {
        withdraw();
      } else if (isRemoval) {
        removedIfAny();
      } else if (next != null) {
        activate(next);
        view.activations().learned(name, next);
        UnsavedBindings.recordStep(view, name, next);
        Object before = before();
        listeners().unbound(view, name, before);
        listeners().attributeSet(view, name, before, next);
      }
    }

    private void removedIfAny() {
      Object before = before();
      if (before != null) {
        removed(name, before);
      }
    }

    private @Nullable Object before() {
      return given == null || seen == null ? given : seen;
    }
  }
}
