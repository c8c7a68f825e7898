package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.Session;
import io.coatcheck.session.log.LimitedLog;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The container's own session for the same browser, beside the Coatcheck session. It is created by
 * code that uses the container's own request, such as a {@code ServletRequestListener} of CDI or
 * Spring, which runs before every filter. Its content must not outlive the login during which it
 * was stored. So the container's session carries the id of the logged-in Coatcheck session, and
 * ends
 *
 * <ul>
 *   <li>at each logout and {@code invalidate} of the Coatcheck session;
 *   <li>at a login, and before the application is called, where it carries the id of another
 *       session;
 *   <li>before the application is called, where the client presents a token of the session whose id
 *       it carries, and that session has ended or is withheld by the {@link ClientCheck}.
 * </ul>
 *
 * <p>On excluded paths, where no session is looked up before the application is called, the last
 * two are done when the application asks for the session.
 *
 * <p>A login through Coatcheck changes the id of a container's session that carries no id of a
 * Coatcheck session, and keeps its content, as it keeps the content of an anonymous Coatcheck
 * session. A container's session without such a login is left alone: the container may keep its own
 * user there.
 *
 * <p>Each filter has one. Thread-safe. Never used under a lock, since it calls the application.
 */
final class ContainerSession {

  /** What an application does in a listener fails for each client. */
  private static final LimitedLog PROBLEMS = new LimitedLog(LOG, Duration.ofMinutes(1));

  /** The attribute of the container's session that has the id of the Coatcheck session. */
  private final String attribute;

  private final AtomicBoolean isReported = new AtomicBoolean();

  /**
   * Creates the object of one filter.
   *
   * @param name of its cookie or header, which differs between filters
   */
  ContainerSession(String name) {
    attribute = ContainerSession.class.getName() + "." + name;
  }

  private static @Nullable HttpSession of(@Nullable HttpServletRequest request) {
    try {
      return request == null ? null : SessionRequest.complete(request).getSession(false);
    } catch (IllegalStateException e) {
      // The container has finished the request, or has no sessions at all.
      return null;
    }
  }

  /**
   * Returns whether the client asks the container for a session, by its id. Otherwise there can be
   * one only if it was created in this request, and that one carries no id of a Coatcheck session.
   * To ask for the id first is cheaper: for the session itself, Tomcat takes a lock that all
   * requests share.
   */
  private static boolean isAskedFor(HttpServletRequest request) {
    return SessionRequest.complete(request).getRequestedSessionId() != null;
  }

  private @Nullable Object ownerOf(HttpSession session) {
    try {
      return session.getAttribute(attribute);
    } catch (IllegalStateException e) {
      // It has ended since.
      return null;
    }
  }

  private void setOwner(HttpSession session, Session owner) {
    try {
      session.setAttribute(attribute, owner.id().toString());
    } catch (IllegalStateException e) {
      LOG.debug("The container's session has ended", e);
    }
  }

  /**
   * Ends it before the application is called, if it belongs to a session other than this request's.
   * That does not count as use of the session by the application: if the store has failed, only a
   * request that uses it is answered with 503.
   */
  void begin(HttpServletRequest request, RequestResolver resolver) {
    HttpSession session = isAskedFor(request) ? of(request) : null;
    Object owner = session == null ? null : ownerOf(session);
    if (session == null || owner == null) {
      return;
    }
    FilterSettings settings = resolver.presented().settings();
    if (resolver.presented().areResolved()) {
      endIfAnothers(session, owner, resolver);
    } else {
      resolver.checkContainerSessionOnce(!settings.excluded().matches(request));
    }
  }

  /** As {@link #begin}, when the session of this request has just been looked up. */
  void resolved(HttpServletRequest request, RequestResolver resolver) {
    HttpSession session = of(request);
    Object owner = session == null ? null : ownerOf(session);
    if (session != null && owner != null) {
      endIfAnothers(session, owner, resolver);
    }
  }

  private static void endIfAnothers(HttpSession session, Object owner, RequestResolver resolver) {
    Session live = resolver.sessionIfResolved();
    RequestedSession requested = resolver.requested();
    boolean isAnothers =
        live == null
            ? requested.hasEnded(owner.toString()) || requested.isWithheld(owner.toString())
            : live.principal().isPresent() && !owner.equals(live.id().toString());
    if (isAnothers) {
      end(session);
    }
  }

  /** Logs that there is one, and ties it to the session of this request. */
  void settle(HttpServletRequest request, SessionExchange exchange) {
    HttpSession session = of(request);
    if (session == null) {
      return;
    }
    Session live = exchange.sessionIfKnown();
    if (live != null && live.principal().isPresent() && ownerOf(session) == null) {
      setOwner(session, live);
    }
    if (exchange.resolver().containerUser() == null && isReported.compareAndSet(false, true)) {
      LOG.warn(
          "The container has its own session for a request that passed the session filter."
              + " What is kept there is not in the sessions of Coatcheck, nor in their store."
              + " Something asks the container's request for its session: a filter in front of the"
              + " session filter, which has to come first, for REQUEST, FORWARD, ASYNC and ERROR;"
              + " or a ServletRequestListener, such as those of CDI and Spring's"
              + " RequestContextListener (use RequestContextFilter, after the session filter)");
    }
  }

  /** Ties it to the logged-in session, or ends it if it belongs to another session. */
  void loggedIn(@Nullable HttpServletRequest request, Session now) {
    HttpSession session = of(request);
    if (session == null || request == null) {
      return;
    }
    Object owner = ownerOf(session);
    if (owner != null && !owner.equals(now.id().toString())) {
      end(session);
      return;
    }
    try {
      SessionRequest.complete(request).changeSessionId();
      setOwner(session, now);
    } catch (IllegalStateException e) {
      LOG.debug("The container's session could not be given another id, and ends", e);
      end(session);
    }
  }

  /** Ends it at a logout. */
  void end(@Nullable HttpServletRequest request) {
    HttpSession session = of(request);
    if (session != null) {
      end(session);
    }
  }

  private static void end(HttpSession session) {
    try {
      session.invalidate();
    } catch (IllegalStateException e) {
      LOG.debug("The container's session had ended", e);
    } catch (RuntimeException e) {
      PROBLEMS.error("", "The container's session could not be ended", e);
    }
  }
}
