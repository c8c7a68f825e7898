package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.time.Duration;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session as the Servlet API shows it. There is one for a session within a request.
 *
 * <p>Its id is {@code <id>~<generation>}: it changes with {@code changeSessionId}, and opens
 * nothing.
 */
final class HttpSessionView implements HttpSession {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);
  private static final int NO_LIMIT = -1;

  private final SessionExchange exchange;
  private final Session session;
  private final ServletContext servletContext;

  /** As it was last asked for, since it may be asked for when the session has ended. */
  private volatile int maxInactiveInterval;

  HttpSessionView(SessionExchange exchange, Session session, ServletContext servletContext) {
    this.exchange = exchange;
    this.session = session;
    this.servletContext = servletContext;
    maxInactiveInterval = seconds(session);
  }

  Session session() {
    return session;
  }

  static String textOf(Session session) {
    return session.id() + "~" + session.generation();
  }

  @Override
  public long getCreationTime() {
    return session.createdAt().toEpochMilli();
  }

  /** Reading the id is relying on it: a new session is stored then, if it still can be. */
  @Override
  public String getId() {
    if (!session.isEnded() && !exchange.response().isCommitted()) {
      keep();
    }
    return textOf(session);
  }

  private void keep() {
    session.keep();
    exchange.relied(session);
  }

  @Override
  public long getLastAccessedTime() {
    requireLive();
    return exchange.previousAccess(session).toEpochMilli();
  }

  @Override
  public ServletContext getServletContext() {
    return servletContext;
  }

  @Override
  public void setMaxInactiveInterval(int interval) {
    maxInactiveInterval = interval;
    if (!session.isEnded()) {
      exchange.requireUsable(session);
      session.idleTimeout(interval <= 0 ? null : Duration.ofSeconds(interval));
      exchange.relied(session);
    }
  }

  @Override
  public int getMaxInactiveInterval() {
    if (!session.isEnded()) {
      maxInactiveInterval = seconds(session);
    }
    return maxInactiveInterval;
  }

  private static int seconds(Session session) {
    return session
        .idleTimeout()
        .map(timeout -> (int) Math.min(Math.max(timeout.toSeconds(), 1), Integer.MAX_VALUE))
        .orElse(NO_LIMIT);
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    return session.attribute(name);
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    return Collections.enumeration(session.attributeNames());
  }

  /**
   * The new value is told before it can be read, the old one after it no longer can (Servlet 6.1,
   * 7.4).
   */
  @Override
  public void setAttribute(String name, @Nullable Object value) {
    if (value == null) {
      removeAttribute(name);
      return;
    }
    exchange.requireUsable(session);
    Object before = session.attribute(name);
    boolean isOther = before != value;
    if (isOther) {
      tell(name, value, HttpSessionBindingListener::valueBound);
    }
    boolean isSet = false;
    try {
      session.attribute(name, value);
      isSet = true;
    } finally {
      if (!isSet && isOther) {
        tell(name, value, HttpSessionBindingListener::valueUnbound);
      }
    }
    exchange.relied(session);
    if (isOther) {
      tell(name, before, HttpSessionBindingListener::valueUnbound);
    }
  }

  @Override
  public void removeAttribute(String name) {
    Object before = session.attribute(name);
    if (before != null) {
      session.attribute(name, null);
      tell(name, before, HttpSessionBindingListener::valueUnbound);
    }
  }

  @Override
  public void invalidate() {
    Map<String, Object> bound = new LinkedHashMap<>();
    for (String name : session.attributeNames()) {
      if (session.attribute(name) instanceof HttpSessionBindingListener listener) {
        bound.put(name, listener);
      }
    }
    exchange.invalidate(session);
    bound.forEach((name, value) -> tell(name, value, HttpSessionBindingListener::valueUnbound));
  }

  @Override
  public boolean isNew() {
    requireLive();
    return session.isNew();
  }

  private void requireLive() {
    if (session.isEnded()) {
      throw new IllegalStateException("the session has ended: " + session.id());
    }
  }

  /** Tells a value what happens to it. One that throws changes nothing about that. */
  private void tell(
      String name,
      @Nullable Object value,
      BiConsumer<HttpSessionBindingListener, HttpSessionBindingEvent> what) {
    if (value instanceof HttpSessionBindingListener listener) {
      try {
        what.accept(listener, new HttpSessionBindingEvent(this, name, value));
      } catch (RuntimeException | Error e) {
        LOG.error("An attribute failed to hear of its binding: {}", value.getClass().getName(), e);
      }
    }
  }

  @Override
  public String toString() {
    return "HttpSession[" + textOf(session) + "]";
  }
}
