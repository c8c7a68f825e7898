package io.coatcheck.session.servlet;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A session that has ended, as listeners are shown it: everything can be read, nothing changed. */
class EndedSession implements HttpSession {

  private final SessionId sessionId;
  private final String id;
  private final long creationTime;
  private final long lastAccessedTime;
  private final int maxInactiveInterval;
  private final boolean isNew;
  private final ServletContext servletContext;
  private final Map<String, Object> attributes;

  /** A session that was ended by somebody else than the request that uses it, or by none. */
  EndedSession(
      StoredSession session, Map<String, Object> attributes, ServletContext servletContext) {
    sessionId = session.id();
    id = HttpSessionView.textOf(session.id(), session.generation());
    creationTime = session.createdAt().toEpochMilli();
    lastAccessedTime = session.lastSeenAt().toEpochMilli();
    maxInactiveInterval = HttpSessionView.seconds(session.idleTimeout());
    isNew = false;
    this.attributes = attributes;
    this.servletContext = servletContext;
  }

  /** A session that a request is about to end. */
  EndedSession(HttpSessionView view, Map<String, Object> attributes) {
    sessionId = view.session().id();
    id = HttpSessionView.textOf(view.session());
    creationTime = view.getCreationTime();
    lastAccessedTime = view.getLastAccessedTime();
    maxInactiveInterval = view.getMaxInactiveInterval();
    isNew = view.isNew();
    servletContext = view.getServletContext();
    this.attributes = attributes;
  }

  /** The same. */
  EndedSession(EndedSession other) {
    sessionId = other.sessionId;
    id = other.id;
    creationTime = other.creationTime;
    lastAccessedTime = other.lastAccessedTime;
    maxInactiveInterval = other.maxInactiveInterval;
    isNew = other.isNew;
    servletContext = other.servletContext;
    attributes = other.attributes;
  }

  final SessionId sessionId() {
    return sessionId;
  }

  final Map<String, Object> attributes() {
    return attributes;
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
    // Allowed on a session that is invalid, and without effect on one.
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
    throw ended();
  }

  @Override
  public void removeAttribute(String name) {
    throw ended();
  }

  @Override
  public void invalidate() {
    throw ended();
  }

  @Override
  public boolean isNew() {
    return isNew;
  }

  final IllegalStateException ended() {
    return new IllegalStateException("the session has ended: " + sessionId);
  }

  @Override
  public String toString() {
    return "HttpSession[" + id + ", ended]";
  }
}
