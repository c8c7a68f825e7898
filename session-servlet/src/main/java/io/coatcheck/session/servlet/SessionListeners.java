package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EventListener;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The application's listeners of its sessions, and the values that are listeners themselves. The
 * end of a session is reported on the node that ended it, once across all nodes, by whatever thread
 * ended it. An exception of a listener is logged, and the others are still called. No listener is
 * called under a lock. Thread-safe.
 *
 * <p>All filters of one manager in one application share it, so that each listener is notified of
 * each session once, whichever filter the session is used with.
 */
final class SessionListeners implements SessionListener {

  /** All instances in use, of any application and manager; keeps none of them alive. */
  private static final List<WeakReference<SessionListeners>> SHARED = new ArrayList<>();

  /** Clients cause the events without limit. */
  private static final LimitedLog FAILURES = new LimitedLog(LOG, Duration.ofMinutes(1));

  private final SessionManager manager;
  private final ServletContext servletContext;

  /** Replaced under the lock of this. */
  private volatile RegisteredListeners registered = RegisteredListeners.NONE;

  /** The sessions that requests are about to end, with their unsaved attributes. */
  private final Map<SessionId, EndedSession> ending = new ConcurrentHashMap<>();

  private final UnreportedSessions unreported = new UnreportedSessions();

  private final ContainerValues containerValues;

  /** Shared by all sessions of a store that needs no bytes: there is nothing to remember. */
  private final Activations noActivations = new Activations(this, false);

  /** Creates an instance without listeners. */
  SessionListeners(SessionManager manager, ServletContext servletContext) {
    this.manager = manager;
    this.servletContext = servletContext;
    containerValues = new ContainerValues(manager);
  }

  /**
   * Registers the listeners of a filter, which are called from now on.
   *
   * @param servletContext the application that the filter belongs to
   * @param own the filter's listeners, in addition to those registered with the container
   * @return the instance that all filters of the manager in that application share
   */
  static SessionListeners join(
      SessionManager manager,
      ServletContext servletContext,
      SessionFilter filter,
      List<? extends EventListener> own) {
    SessionListeners joined = shared(manager, servletContext);
    joined.add(filter, own);
    return joined;
  }

  private static SessionListeners shared(SessionManager manager, ServletContext servletContext) {
    synchronized (SHARED) {
      SHARED.removeIf(known -> known.get() == null);
      for (WeakReference<SessionListeners> reference : SHARED) {
        SessionListeners known = reference.get();
        if (known != null && known.manager == manager && known.servletContext == servletContext) {
          return known;
        }
      }
      SessionListeners made = new SessionListeners(manager, servletContext);
      SHARED.add(new WeakReference<>(made));
      return made;
    }
  }

  private synchronized void add(SessionFilter filter, List<? extends EventListener> own) {
    RegisteredListeners known = registered;
    if (known.owners() == 0) {
      known = known.with(servletContext, ContainerListeners.ofOrWarn(servletContext));
      manager.addListener(this);
    }
    registered = known.with(filter, own);
  }

  /**
   * Stops calling the listeners of a filter, unless another filter has them too.
   *
   * @return whether it was the last filter
   */
  synchronized boolean leave(SessionFilter filter) {
    RegisteredListeners left = registered.without(filter);
    if (left.owners() == 1) {
      // Only the container's are left.
      left = RegisteredListeners.NONE;
      manager.removeListener(this);
    }
    registered = left;
    return left.owners() == 0;
  }

  /** Returns the application whose sessions these are. */
  ServletContext servletContext() {
    return servletContext;
  }

  /** Returns the sessions of logins under way. */
  UnreportedSessions unreported() {
    return unreported;
  }

  /** Returns the values that the container keeps in sessions. */
  ContainerValues containerValues() {
    return containerValues;
  }

  /** Returns the object that notifies the values of one session of encoding and decoding. */
  Activations activations() {
    return manager.adapter().keepsLiveValues() ? noActivations : new Activations(this, true);
  }

  /** Returns whether there are listeners of sessions. */
  boolean hasSessionListeners() {
    return !registered.ofSessions().isEmpty();
  }

  /** Returns whether there are listeners of id changes. */
  boolean hasIdListeners() {
    return !registered.ofIds().isEmpty();
  }

  /** Returns whether any listener is interested in the end of a value in a session. */
  boolean hasListenersOf(@Nullable Object value) {
    return value instanceof HttpSessionBindingListener || !registered.ofAttributes().isEmpty();
  }

  void created(HttpSession session) {
    each(
        registered.ofSessions(),
        listener -> listener.sessionCreated(new HttpSessionEvent(shown(session))));
  }

  void idChanged(HttpSession session, String oldId) {
    each(
        registered.ofIds(),
        listener -> listener.sessionIdChanged(new HttpSessionEvent(shown(session)), oldId));
  }

  /** Notifies a value that it is about to be bound. */
  void bound(HttpSession session, String name, Object value) {
    if (value instanceof HttpSessionBindingListener listener) {
      each(
          List.of(listener),
          known -> known.valueBound(new HttpSessionBindingEvent(shown(session), name, value)));
    }
  }

  /** Notifies a value that it is unbound. */
  void unbound(HttpSession session, String name, @Nullable Object value) {
    if (value instanceof HttpSessionBindingListener listener) {
      each(
          List.of(listener),
          known -> known.valueUnbound(new HttpSessionBindingEvent(shown(session), name, value)));
    }
  }

  /** Notifies a value that it is about to be encoded. */
  void willPassivate(HttpSession session, HttpSessionActivationListener value) {
    each(List.of(value), known -> known.sessionWillPassivate(new HttpSessionEvent(shown(session))));
  }

  /** Notifies a value that it was decoded, or that its encoding has ended. */
  void didActivate(HttpSession session, HttpSessionActivationListener value) {
    each(List.of(value), known -> known.sessionDidActivate(new HttpSessionEvent(shown(session))));
  }

  /** Reports that an attribute was set, with the old value if there was one, else the new one. */
  void attributeSet(HttpSession session, String name, @Nullable Object before, Object value) {
    each(
        registered.ofAttributes(),
        listener -> {
          if (before == null) {
            listener.attributeAdded(new HttpSessionBindingEvent(shown(session), name, value));
          } else {
            listener.attributeReplaced(new HttpSessionBindingEvent(shown(session), name, before));
          }
        });
  }

  void attributeRemoved(HttpSession session, String name, Object before) {
    each(
        registered.ofAttributes(),
        listener ->
            listener.attributeRemoved(new HttpSessionBindingEvent(shown(session), name, before)));
  }

  /** Reports that the application has removed an attribute that the session does not have. */
  void absentRemoved(HttpSession session, String name) {
    each(
        registered.ofAttributes(),
        listener -> {
          if (listener instanceof AttributeRemovalListener known) {
            known.absentRemoved(shown(session), name);
          }
        });
  }

  /**
   * Runs work that may end a session of this request. Its end is reported with the attributes that
   * were stored, and with what the request has changed and not saved.
   */
  @SuppressWarnings("ReferenceEquality") // What two requests have of one session is equal.
  <T> T whileEnding(EndedSession session, Supplier<T> work) {
    ending.put(session.sessionId(), session);
    try {
      return work.get();
    } finally {
      ending.computeIfPresent(session.sessionId(), (id, known) -> known == session ? null : known);
    }
  }

  /**
   * Ends a session of this request, as {@link #whileEnding}.
   *
   * @param isUnstored whether the store does not have the session, and so does not report its end
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

  /** Reports, once, the attributes that a login dropped from a session that continues. */
  void dropped(HttpSessionView session, Map<String, Object> before) {
    before.forEach(
        (name, value) -> {
          if (session.getAttribute(name) == null) {
            UnsavedBindings unsaved = session.unsaved();
            if (unsaved != null) {
              unsaved.removed(name);
            }
            session.activations().read(session, name, value);
            session.activations().removed(name);
            unbound(session, name, value);
            attributeRemoved(session, name, value);
          }
        });
  }

  /**
   * Reports, once, that a session has ended and that its attributes are unbound. Until that is
   * done, listeners may still change the session, as in a container.
   */
  private void ended(EndedSession session) {
    if (session.reportBegins(this)) {
      each(
          registered.ofSessionsReversed(),
          listener -> listener.sessionDestroyed(new HttpSessionEvent(shown(session))));
      session.reportUnbound(this);
      endedForTheContainer(session);
    }
  }

  private void endedForTheContainer(EndedSession session) {
    containerValues
        .removeAll(session.sessionId())
        .forEach((name, value) -> unbound(new EndedSession.Invalid(session), name, value));
  }

  @Override
  public void onEvent(SessionEvent event) {
    if (event instanceof SessionEvent.Created created) {
      unreported.created(created.session());
    } else if (event instanceof SessionEvent.Authenticated login) {
      containerValues.loggedIn(login.session());
    } else if (event instanceof SessionEvent.Ended end) {
      if (unreported.remove(end.session().id())) {
        return;
      }
      // Even if it is not needed, since the login in progress must know of the end.
      long generation = unreported.announced(end.session());
      EndedSession known = ending.get(end.session().id());
      if (known != null) {
        Map<String, Object> read = known.correctBy(end.session());
        if (!read.isEmpty()) {
          Activations activations = activations();
          read.forEach((name, value) -> activations.read(known, name, value));
        }
        unreported.unbound(known);
        ended(known);
      } else {
        inApplication(() -> ended(end.session(), generation));
      }
    } else if (event instanceof SessionEvent.EndedElsewhere end) {
      inApplication(
          () ->
              endedForTheContainer(
                  new EndedSession(
                      manager,
                      end.session(),
                      end.session().generation(),
                      Map.of(),
                      servletContext)));
    }
  }

  private void ended(StoredSession session, long generation) {
    EndedSession ended =
        new EndedSession(manager, session, generation, valuesOf(manager, session), servletContext);
    Activations activations = activations();
    ended.attributes().forEach((name, value) -> activations.read(ended, name, value));
    ended(ended);
  }

  /** Returns the values of the application's attributes, decoded from what is stored. */
  static Map<String, Object> valuesOf(SessionManager manager, StoredSession session) {
    Map<String, Object> values = new TreeMap<>(manager.attributesOf(session));
    values.keySet().removeIf(ReservedNames::areOurs);
    return values;
  }

  /** The thread may not belong to the application, such as the one that cleans up. */
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

  /** Returns the application's object for a session. */
  private static HttpSession shown(HttpSession session) {
    return session instanceof HttpSessionView view ? view.shown() : session;
  }

  private static <T> void each(List<T> listeners, Consumer<T> what) {
    for (T listener : listeners) {
      try {
        what.accept(listener);
      } catch (Throwable e) {
        // Also a checked exception that is not declared.
        String name = listener.getClass().getName();
        // Of its methods, one may fail for each request, and another rarely.
        FAILURES.error(
            name + " " + e.getClass().getName(), "A listener of sessions failed: " + name, e);
      }
    }
  }
}
