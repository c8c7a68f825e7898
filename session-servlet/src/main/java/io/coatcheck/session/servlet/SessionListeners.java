package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EventListener;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom the application wants to be told about its sessions: listeners, and values that are
 * listeners themselves. The end of a session is told on the node that ended it, once over all
 * nodes, by whatever thread it happens on. One that throws is logged and stops nobody else.
 * Thread-safe.
 */
final class SessionListeners implements SessionListener {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private final SessionManager manager;
  private final ServletContext servletContext;
  private final List<HttpSessionListener> ofSessions;
  private final List<HttpSessionListener> ofSessionsReversed;
  private final List<HttpSessionAttributeListener> ofAttributes;
  private final List<HttpSessionIdListener> ofIds;

  /** What requests are about to end by themselves, with what they have not saved. */
  private final Map<SessionId, EndedSession> ending = new ConcurrentHashMap<>();

  private final ContainerValues containerValues;

  /** For all sessions of a store that needs no bytes: it has nothing to remember. */
  private final Activations noActivations = new Activations(this, false);

  /**
   * Begins with these listeners, each once, in this order.
   *
   * @param servletContext the application that they belong to
   */
  SessionListeners(
      SessionManager manager,
      ServletContext servletContext,
      List<? extends EventListener> listeners) {
    this.manager = manager;
    this.servletContext = servletContext;
    containerValues = new ContainerValues(manager);
    Set<EventListener> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
    List<HttpSessionListener> sessions = new ArrayList<>();
    List<HttpSessionAttributeListener> attributes = new ArrayList<>();
    List<HttpSessionIdListener> ids = new ArrayList<>();
    for (EventListener listener : listeners) {
      if (distinct.add(listener)) {
        if (listener instanceof HttpSessionListener known) {
          sessions.add(known);
        }
        if (listener instanceof HttpSessionAttributeListener known) {
          attributes.add(known);
        }
        if (listener instanceof HttpSessionIdListener known) {
          ids.add(known);
        }
      }
    }
    ofSessions = List.copyOf(sessions);
    Collections.reverse(sessions);
    ofSessionsReversed = List.copyOf(sessions);
    ofAttributes = List.copyOf(attributes);
    ofIds = List.copyOf(ids);
  }

  /** Returns what the container keeps at sessions. */
  ContainerValues containerValues() {
    return containerValues;
  }

  /** Returns who tells the values of one session that they become bytes. */
  Activations activations() {
    return manager.keepsLiveValues() ? noActivations : new Activations(this, true);
  }

  /** Tells whether anybody wants to hear of a session's beginning. */
  boolean hearOfSessions() {
    return !ofSessions.isEmpty();
  }

  /** Tells whether anybody wants to hear of another id. */
  boolean hearOfIds() {
    return !ofIds.isEmpty();
  }

  void created(HttpSession session) {
    each(ofSessions, listener -> listener.sessionCreated(new HttpSessionEvent(session)));
  }

  void idChanged(HttpSession session, String oldId) {
    each(ofIds, listener -> listener.sessionIdChanged(new HttpSessionEvent(session), oldId));
  }

  /** Tells a value that it is about to be bound. */
  void bound(HttpSession session, String name, Object value) {
    if (value instanceof HttpSessionBindingListener listener) {
      each(
          List.of(listener),
          known -> known.valueBound(new HttpSessionBindingEvent(session, name, value)));
    }
  }

  /** Tells a value that it is bound no more. */
  void unbound(HttpSession session, String name, @Nullable Object value) {
    if (value instanceof HttpSessionBindingListener listener) {
      each(
          List.of(listener),
          known -> known.valueUnbound(new HttpSessionBindingEvent(session, name, value)));
    }
  }

  /** Tells a value that bytes are about to be made of it. */
  void willPassivate(HttpSession session, HttpSessionActivationListener value) {
    each(List.of(value), known -> known.sessionWillPassivate(new HttpSessionEvent(session)));
  }

  /** Tells a value that it was made of bytes, or that bytes were made of it. */
  void didActivate(HttpSession session, HttpSessionActivationListener value) {
    each(List.of(value), known -> known.sessionDidActivate(new HttpSessionEvent(session)));
  }

  /** Tells that an attribute was set; with the old value where there was one, else the new one. */
  void attributeSet(HttpSession session, String name, @Nullable Object before, Object value) {
    each(
        ofAttributes,
        listener -> {
          if (before == null) {
            listener.attributeAdded(new HttpSessionBindingEvent(session, name, value));
          } else {
            listener.attributeReplaced(new HttpSessionBindingEvent(session, name, before));
          }
        });
  }

  void attributeRemoved(HttpSession session, String name, Object before) {
    each(
        ofAttributes,
        listener -> listener.attributeRemoved(new HttpSessionBindingEvent(session, name, before)));
  }

  /**
   * Does what may end a session of this request. Its end is told with the attributes that the
   * request had, saved or not.
   */
  <T> T whileEnding(EndedSession session, Supplier<T> work) {
    ending.put(session.sessionId(), session);
    try {
      return work.get();
    } finally {
      ending.remove(session.sessionId(), session);
    }
  }

  /**
   * Does what ends a session of this request, as {@link #whileEnding}.
   *
   * @param isUnstored whether the store does not know the session, so that it tells nothing
   */
  void endOwn(EndedSession session, boolean isUnstored, Runnable end) {
    whileEnding(
        session,
        () -> {
          end.run();
          return true;
        });
    if (isUnstored) {
      ended(session);
    }
  }

  /** Tells that a session has ended, and its attributes that they are bound no more. */
  void ended(EndedSession session) {
    each(ofSessionsReversed, listener -> listener.sessionDestroyed(new HttpSessionEvent(session)));
    session
        .attributes()
        .forEach(
            (name, value) -> {
              unbound(session, name, value);
              attributeRemoved(session, name, value);
            });
    endedForTheContainer(session);
  }

  private void endedForTheContainer(EndedSession session) {
    containerValues
        .removeAll(session.sessionId())
        .forEach((name, value) -> unbound(new InvalidSession(session), name, value));
  }

  @Override
  public void onEvent(SessionEvent event) {
    if (event instanceof SessionEvent.Ended end) {
      EndedSession known = ending.get(end.session().id());
      if (known != null) {
        ended(known);
      } else {
        inApplication(() -> ended(end.session()));
      }
    } else if (event instanceof SessionEvent.EndedElsewhere end) {
      inApplication(
          () -> endedForTheContainer(new EndedSession(end.session(), Map.of(), servletContext)));
    }
  }

  private void ended(StoredSession session) {
    EndedSession ended = new EndedSession(session, manager.attributesOf(session), servletContext);
    Activations activations = activations();
    ended.attributes().forEach((name, value) -> activations.read(ended, name, value));
    ended(ended);
  }

  /** The thread may be nobody's, such as the one that cleans up. */
  private void inApplication(Runnable work) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(servletContext.getClassLoader());
    try {
      work.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static <T> void each(List<T> listeners, Consumer<T> what) {
    for (T listener : listeners) {
      try {
        what.accept(listener);
      } catch (RuntimeException | Error e) {
        LOG.error("A listener of sessions failed: {}", listener.getClass().getName(), e);
      }
    }
  }
}
