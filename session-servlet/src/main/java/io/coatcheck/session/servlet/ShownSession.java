package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpSession;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A session as the application holds it. Several objects show one session: one for each request,
 * one that requests share, and one that listeners are shown at its end. They are equal, so that an
 * application that keeps all sessions in a set can remove in {@code sessionDestroyed} what it added
 * in {@code sessionCreated}.
 */
interface ShownSession extends HttpSession {

  /** Whether the container has Servlet 6.1, in which a session has an accessor. */
  boolean HAS_ACCESSORS =
      Arrays.stream(HttpSession.class.getMethods())
          .anyMatch(method -> method.getName().equals("getAccessor"));

  /** Returns the manager: sessions of two managers may have the same id, if one was imported. */
  SessionManager manager();

  /**
   * Returns the id of the session, which stays the same when its secret is renewed. A login changes
   * it only where the session had ended, or was never to be stored.
   */
  SessionId sessionId();

  /** Returns whether an object shows the same session. */
  static boolean isSame(ShownSession one, @Nullable Object other) {
    return one == other
        || (other instanceof ShownSession shown
            && shown.manager() == one.manager()
            && shown.sessionId().equals(one.sessionId()));
  }
}
