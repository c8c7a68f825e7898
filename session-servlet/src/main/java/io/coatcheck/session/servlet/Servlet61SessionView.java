package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import org.jspecify.annotations.Nullable;

/**
 * A session as Servlet 6.1 shows it. A separate class, since containers of Servlet 6.0 lack the
 * type that it names and never load it.
 */
final class Servlet61SessionView extends HttpSessionView {

  private Servlet61SessionView(SessionScope scope, Session session) {
    super(scope, session);
  }

  static HttpSessionView of(SessionScope scope, Session session) {
    return new Servlet61SessionView(scope, session);
  }

  /**
   * Stores the session first, with all changes so far, so that the accessor sees what another
   * request would see.
   *
   * @return null for a session that is never stored, which nothing can access after the request
   * @throws IllegalStateException if the session has ended, or is new and can no longer be stored
   */
  @Override
  public @Nullable Accessor getAccessor() {
    requireLive();
    Session used = session();
    if (used.isEphemeral()) {
      return null;
    }
    if (!used.isStored()) {
      scope().requireUsable(used);
    }
    scope().storeNow(used);
    requireLive();
    return new SessionAccessor(scope().manager(), scope().listeners(), getServletContext(), used);
  }
}
