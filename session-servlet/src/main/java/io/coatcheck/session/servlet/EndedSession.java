package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A session that has ended, as listeners are shown it: everything can be read. While {@code
 * sessionDestroyed} is called, attributes can be changed, as in a container: listeners and values
 * are notified, and nothing is stored. After that, changes are ignored until all listeners were
 * called, and illegal from then on. Thread-safe.
 */
class EndedSession implements ShownSession {

  private final SessionManager manager;
  private final SessionId sessionId;
  private volatile String id;

  /** The generation that the request has of the session, which it is about to end. */
  private final long generation;

  private final long creationTime;
  private final long lastAccessedTime;
  private final int maxInactiveInterval;
  private final boolean isNew;
  private final ServletContext servletContext;

  /** The attributes that can be read. */
  private final ConcurrentSkipListMap<String, Object> attributes;

  /** The attributes that are still to be unbound. */
  private final ConcurrentSkipListMap<String, Object> bound;

  /** The view of the request that ends the session; null if it was ended elsewhere. */
  private final @Nullable HttpSessionView view;

  /** The attributes as the request has found or last saved them. */
  private final Map<String, AttributeValue> found;

  /** The names of what the request has set or removed, and not saved. */
  private final Set<String> unsaved;

  private final AtomicBoolean isReported = new AtomicBoolean();

  /** The listeners to notify of changes; null when no changes can be made. */
  private volatile @Nullable SessionListeners listeners;

  private volatile boolean isClosed;

  /**
   * A session that was ended by another request than the one that uses it, or outside of requests.
   *
   * @param generation the generation that listeners know
   */
  EndedSession(
      SessionManager manager,
      StoredSession session,
      long generation,
      Map<String, Object> attributes,
      ServletContext servletContext) {
    this.manager = manager;
    sessionId = session.id();
    this.generation = generation;
    id = ShownId.textOf(session.id(), generation);
    creationTime = session.createdAt().toEpochMilli();
    lastAccessedTime = session.lastSeenAt().toEpochMilli();
    maxInactiveInterval = AskedTimeout.seconds(session.idleTimeout());
    isNew = false;
    view = null;
    found = session.attributes();
    unsaved = Set.of();
    this.attributes = new ConcurrentSkipListMap<>(attributes);
    bound = this.attributes.clone();
    this.servletContext = servletContext;
  }

  /** Returns a session that a request is about to end, with all that the request has of it. */
  static EndedSession of(HttpSessionView view) {
    Map<String, AttributeValue> found = view.manager().adapter().foundAttributes(view.session());
    return new EndedSession(view, found, view.values());
  }

  /** A session that a request has begun and not stored, and is about to end. */
  EndedSession(HttpSessionView view, Map<String, Object> attributes) {
    this(view, Map.of(), attributes);
  }

  /** A session that a request is about to end. */
  private EndedSession(
      HttpSessionView view, Map<String, AttributeValue> found, Map<String, Object> attributes) {
    this.found = found;
    unsaved = view.manager().adapter().unsavedAttributes(view.session());
    manager = view.manager();
    sessionId = view.sessionId();
    generation = view.session().generation();
    id = ShownId.textOf(sessionId, generation);
    creationTime = view.getCreationTime();
    lastAccessedTime = view.getLastAccessedTime();
    maxInactiveInterval = view.getMaxInactiveInterval();
    isNew = view.isNew();
    this.view = view;
    servletContext = view.getServletContext();
    this.attributes = new ConcurrentSkipListMap<>(attributes);
    bound = this.attributes.clone();
  }

  /** A copy. */
  EndedSession(EndedSession other) {
    manager = other.manager;
    sessionId = other.sessionId;
    id = other.id;
    generation = other.generation;
    creationTime = other.creationTime;
    lastAccessedTime = other.lastAccessedTime;
    maxInactiveInterval = other.maxInactiveInterval;
    isNew = other.isNew;
    view = null;
    servletContext = other.servletContext;
    attributes = other.attributes;
    bound = new ConcurrentSkipListMap<>();
    found = other.found;
    unsaved = other.unsaved;
    isClosed = true;
  }

  @Override
  public final SessionManager manager() {
    return manager;
  }

  @Override
  public final SessionId sessionId() {
    return sessionId;
  }

  final Map<String, Object> attributes() {
    return attributes;
  }

  /**
   * Corrects what the request had of the session by what was stored when it ended, since another
   * request may have changed it, or renewed its secret, meanwhile. What the request has changed and
   * not saved stays, and so do its objects of values that are stored as it found them.
   *
   * @return the values that came from the store
   */
  final Map<String, Object> correctBy(StoredSession stored) {
    if (view == null || isReported.get()) {
      return Map.of();
    }
    // A failed login of this request has given it a new secret, of which no listener was notified.
    // Listeners were notified of the secrets that other requests have given it.
    boolean isRekeyedHere = view.session().generation() != generation;
    id = ShownId.textOf(sessionId, stored.generation() - (isRekeyedHere ? 1 : 0));
    Map<String, AttributeValue> others = new HashMap<>();
    stored
        .attributes()
        .forEach(
            (name, value) -> {
              if (!unsaved.contains(name) && !isSame(found.get(name), value)) {
                others.put(name, value);
              }
            });
    attributes
        .keySet()
        .removeIf(
            name ->
                !unsaved.contains(name)
                    && (others.containsKey(name) || !stored.attributes().containsKey(name)));
    Map<String, Object> values =
        others.isEmpty()
            ? Map.of()
            : SessionListeners.valuesOf(manager, stored.toBuilder().attributes(others).build());
    attributes.putAll(values);
    bound.clear();
    bound.putAll(attributes);
    return values;
  }

  private static boolean isSame(@Nullable AttributeValue one, AttributeValue other) {
    return one != null && (one.isSameAs(other) || (!one.isLive() && one.equals(other)));
  }

  /**
   * Begins to report the end.
   *
   * @return {@code false} if that was done before
   */
  final boolean reportBegins(SessionListeners toBeNotified) {
    if (!isReported.compareAndSet(false, true)) {
      return false;
    }
    listeners = toBeNotified;
    UnsavedBindings unsaved = view == null ? null : view.unsaved();
    if (unsaved != null) {
      unsaved.sessionEnds(bound);
    }
    if (view != null) {
      view.showEnding(this);
    }
    return true;
  }

  /** Reports that all attributes are unbound. */
  final void reportUnbound(SessionListeners toBeNotified) {
    listeners = null;
    if (view != null) {
      view.showEnding(null);
    }
    for (var next = bound.pollFirstEntry(); next != null; next = bound.pollFirstEntry()) {
      toBeNotified.unbound(this, next.getKey(), next.getValue());
      toBeNotified.attributeRemoved(this, next.getKey(), next.getValue());
    }
    isClosed = true;
  }

  @Override
  public long getCreationTime() {
    return creationTime;
  }

  @Override
  public String getId() {
    return id;
  }

  @Override
  public long getLastAccessedTime() {
    return lastAccessedTime;
  }

  @Override
  public ServletContext getServletContext() {
    return servletContext;
  }

  @Override
  public void setMaxInactiveInterval(int interval) {
    // Allowed on an invalid session, where it has no effect.
  }

  @Override
  public int getMaxInactiveInterval() {
    return maxInactiveInterval;
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    return attributes.get(name);
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    return Collections.enumeration(attributes.keySet());
  }

  @Override
  public void setAttribute(String name, @Nullable Object value) {
    if (value == null) {
      removeAttribute(name);
      return;
    }
    requireOpen();
    SessionListeners notified = listeners;
    if (notified == null) {
      return;
    }
    boolean isOther = attributes.get(name) != value;
    if (isOther) {
      notified.bound(this, name, value);
    }
    // The value may have set the attribute when it was notified.
    Object before = attributes.put(name, value);
    bound.put(name, value);
    if (isOther) {
      notified.unbound(this, name, before);
    }
    notified.attributeSet(this, name, before, value);
  }

  @Override
  public void removeAttribute(String name) {
    requireOpen();
    SessionListeners notified = listeners;
    if (notified == null) {
      return;
    }
    attributes.remove(name);
    Object before = bound.remove(name);
    if (before != null) {
      notified.unbound(this, name, before);
      notified.attributeRemoved(this, name, before);
    }
  }

  /** Ignored: it is ending already. */
  @Override
  public void invalidate() {
    requireOpen();
  }

  private void requireOpen() {
    if (isClosed) {
      throw ended();
    }
  }

  @Override
  public boolean isNew() {
    return isNew;
  }

  final IllegalStateException ended() {
    return new IllegalStateException("the session has ended: " + sessionId);
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
    return "HttpSession[" + id + ", ended]";
  }

  /**
   * An ended session as it is shown to a container's own values. They call methods that fail on an
   * invalid session, to distinguish its end from a mere removal.
   */
  static final class Invalid extends EndedSession {

    Invalid(EndedSession session) {
      super(session);
    }

    @Override
    public long getCreationTime() {
      throw ended();
    }
  }
}
