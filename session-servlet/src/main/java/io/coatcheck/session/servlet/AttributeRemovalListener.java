package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;

/**
 * Implemented by an {@link HttpSessionAttributeListener} that is also notified when the application
 * removes an attribute that the session does not have, which the Servlet API reports to no
 * listener. For a bridge to a framework that removes its attribute as a logout, where the session
 * keeps the user in another way. It is registered as every attribute listener, and must be
 * thread-safe.
 *
 * @since 0.1.0
 */
public interface AttributeRemovalListener {

  /**
   * Called after {@code HttpSession.removeAttribute}, or {@code setAttribute} with null, for a name
   * without a value, on the thread of the caller. Not called for a session that is not stored yet.
   * Its exceptions are logged.
   */
  void absentRemoved(HttpSession session, String name);
}
