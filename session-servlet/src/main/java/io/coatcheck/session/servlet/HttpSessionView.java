package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.time.Duration;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A session as the Servlet API shows it. There is one for a session within a request, or within an
 * access outside of one.
 *
 * <p>Its id is {@code <id>~<generation>}. It changes with {@code changeSessionId}, and is not a
 * credential.
 */
class HttpSessionView implements ShownSession {

  /**
   * Guards the creation of an {@link UnsavedBindings}: the monitor of a session is the
   * application's.
   */
  private static final Object MAKING = new Object();

  private final SessionScope scope;
  private final Session session;
  private final Activations activations;

  /** Created with the first value that listens, which is rare. */
  private volatile @Nullable UnsavedBindings unsaved;

  /** The value read last, since it may be needed after the session has ended. */
  private volatile @Nullable Integer maxInactiveInterval;

  /** The session as it can be used while listeners are notified of its end; null otherwise. */
  private volatile @Nullable EndedSession ending;

  // Written by a thread of the request, and read under the lock of the request when that ends. A
  // second thread that does not see it yet joins again, which changes nothing.

  /** The application's object of a shared session; null while it has none. */
  private @Nullable SharedSession shared;

  /** The id of the session of {@link #shared}: a login may replace the session of this view. */
  private @Nullable SessionId sharedId;

  private boolean isOpen;

  HttpSessionView(SessionScope scope, Session session) {
    this.scope = scope;
    this.session = session;
    activations = scope.listeners().activations();
  }

  /** Returns the class that the container's version of the Servlet API requires. */
  static HttpSessionView of(SessionScope scope, Session session) {
    return HAS_ACCESSORS
        ? Servlet61SessionView.of(scope, session)
        : new HttpSessionView(scope, session);
  }

  /**
   * Shows an ending session in place of one that has ended, while {@code sessionDestroyed} is
   * called: in a container, the session is still valid then and about to be invalidated.
   */
  final void showEnding(@Nullable EndedSession shown) {
    ending = shown;
  }

  /**
   * Returns the view behind a session of the application; null if it is not a Coatcheck session.
   *
   * @param session the object that the application has
   */
  static @Nullable HttpSessionView in(HttpSession session) {
    if (session instanceof SharedSession shared) {
      return shared.view();
    }
    return session instanceof HttpSessionView view ? view : null;
  }

  /**
   * Returns the object for the application: this view, or, where requests share a session, the
   * shared object.
   */
  final HttpSession shown() {
    if (!scope.manager().adapter().sharesSessions()) {
      return this;
    }
    SharedSession known = shared;
    if (known != null
        && (session.isEnded() || scope.isOver() || (isOpen && session.id().equals(sharedId)))) {
      // For its own threads, a request that has logged in is no longer one of those that share.
      return scope.isOn(Thread.currentThread()) || known.serves(this) ? known : this;
    }
    close();
    known = SharedSessions.join(session, this);
    sharedId = session.id();
    isOpen = true;
    shared = known;
    if (scope.hasEndedMeanwhile()) {
      close();
    }
    return known;
  }

  /** Records that the request or the access has ended. */
  final void close() {
    SharedSession known = shared;
    if (known != null && isOpen) {
      isOpen = false;
      SharedSessions.leave(known, this);
    }
  }

  final boolean isOpen() {
    return isOpen;
  }

  final Session session() {
    return session;
  }

  @Override
  public final SessionManager manager() {
    return scope.manager();
  }

  @Override
  public final SessionId sessionId() {
    return session.id();
  }

  final SessionScope scope() {
    return scope;
  }

  final Activations activations() {
    return activations;
  }

  @Override
  public long getCreationTime() {
    return session.createdAt().toEpochMilli();
  }

  /**
   * Reading the id counts as relying on it: a new session is then stored, if it still can be. The
   * id of a stored session is read without a lock.
   */
  @Override
  public String getId() {
    if (!session.isStored() && !session.isEnded() && !scope.isTooLateToStore()) {
      keep();
    }
    return scope.manager().adapter().sharesSessions()
        ? ShownId.of(session)
        : ShownId.textOf(session);
  }

  private void keep() {
    try {
      session.keep();
    } catch (IllegalStateException e) {
      // Another thread has ended it; the id stays.
      return;
    }
    scope.onReliedUpon(session);
  }

  @Override
  public long getLastAccessedTime() {
    EndedSession shown = ending;
    if (shown != null) {
      return shown.getLastAccessedTime();
    }
    requireLive();
    return session.lastSeenAt().toEpochMilli();
  }

  @Override
  public ServletContext getServletContext() {
    return scope.servletContext();
  }

  @Override
  public void setMaxInactiveInterval(int interval) {
    maxInactiveInterval = interval;
    if (!session.isEnded()) {
      scope.requireUsable(session);
      session.setIdleTimeout(interval <= 0 ? null : Duration.ofSeconds(interval));
      AskedTimeout.keep(session, interval);
      scope.onReliedUpon(session);
    }
  }

  @Override
  public int getMaxInactiveInterval() {
    Integer known = maxInactiveInterval;
    if (known == null || !session.isEnded()) {
      known = AskedTimeout.seconds(session.idleTimeout());
      maxInactiveInterval = known;
    }
    return known;
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    if (ContainerValues.owns(name)) {
      return containerValues().get(session, name);
    }
    EndedSession shown = ending;
    if (shown != null) {
      return shown.getAttribute(name);
    }
    Object value = session.attribute(name);
    activations.read(this, name, value);
    return value;
  }

  private ContainerValues containerValues() {
    return scope.listeners().containerValues();
  }

  private Set<String> names() {
    Set<String> names = session.attributeNames();
    names.removeIf(ReservedNames::areOurs);
    return names;
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    EndedSession shown = ending;
    return shown == null ? Collections.enumeration(names()) : shown.getAttributeNames();
  }

  /**
   * The new value is notified before it can be read, the old one after it no longer can be (Servlet
   * 6.1, 7.4), and the listeners last.
   */
  @Override
  public void setAttribute(String name, @Nullable Object value) {
    if (value == null) {
      removeAttribute(name);
      return;
    }
    if (ContainerValues.owns(name)) {
      ReservedNames.requireContainers(name, value);
      containerValues().put(session, name, value);
      return;
    }
    EndedSession shown = ending;
    if (shown != null) {
      shown.setAttribute(name, value);
      return;
    }
    ReservedNames.requireNotOurs(name);
    if (isSharedNow()) {
      new AtomicAttributes(this).set(name, value);
    } else {
      DeferredAttributes.set(this, name, value);
    }
  }

  /** Returns whether a change is stored at once, so that other requests see it. */
  private boolean isSharedNow() {
    return scope.manager().adapter().sharesSessions() && session.isStored();
  }

  @Override
  public void removeAttribute(String name) {
    if (ContainerValues.owns(name)) {
      scope.listeners().unbound(this, name, containerValues().remove(session, name));
      return;
    }
    EndedSession shown = ending;
    if (shown != null) {
      shown.removeAttribute(name);
      return;
    }
    ReservedNames.requireNotOurs(name);
    if (isSharedNow()) {
      new AtomicAttributes(this).remove(name);
    } else {
      DeferredAttributes.remove(this, name);
    }
  }

  @Override
  public void invalidate() {
    EndedSession shown = ending;
    if (shown != null) {
      shown.invalidate();
      return;
    }
    requireLive();
    scope.invalidate(this);
  }

  /** Records a value that is bound and not stored; null if there is none of that name. */
  final void recordBinding(String name, @Nullable Object value) {
    if (value instanceof HttpSessionBindingListener listener) {
      unsavedForMore().set(name, listener);
    } else if (unsaved != null) {
      unsaved.removed(name);
    }
  }

  private UnsavedBindings unsavedForMore() {
    synchronized (MAKING) {
      UnsavedBindings known = unsaved;
      if (known == null) {
        known = new UnsavedBindings(this);
        unsaved = known;
      }
      return known;
    }
  }

  /**
   * Returns the values that were bound here and are not stored; null if none of them is a binding
   * listener.
   */
  final @Nullable UnsavedBindings unsaved() {
    return unsaved;
  }

  /** Notifies the values that turned out not to be stored. */
  final void settleUnsaved() {
    UnsavedBindings known = unsaved;
    if (known != null) {
      known.settle();
    }
  }

  /** Notifies all values that are not stored, since nothing more is saved. */
  final void abandonUnsaved() {
    UnsavedBindings known = unsaved;
    if (known != null) {
      known.abandon();
    }
  }

  /** Returns all values that can be read. */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    for (String name : names()) {
      Object value = getAttribute(name);
      if (value != null) {
        values.put(name, value);
      }
    }
    return values;
  }

  @Override
  public boolean isNew() {
    EndedSession shown = ending;
    if (shown != null) {
      return shown.isNew();
    }
    requireLive();
    return session.isNew();
  }

  /**
   * Checks that the session can still be used.
   *
   * @throws IllegalStateException if it has ended
   */
  final void requireLive() {
    if (session.isEnded()) {
      throw new IllegalStateException("the session has ended: " + session.id());
    }
  }

  @Override
  public final boolean equals(@Nullable Object other) {
    return ShownSession.isSame(this, other);
  }

  @Override
  public final int hashCode() {
    return sessionId().hashCode();
  }

  @Override
  public String toString() {
    return "HttpSession[" + ShownId.textOf(session) + "]";
  }
}
