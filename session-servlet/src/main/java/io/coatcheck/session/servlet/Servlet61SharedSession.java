package io.coatcheck.session.servlet;

import io.coatcheck.session.token.SessionId;
import org.jspecify.annotations.Nullable;

/** The shared session object as Servlet 6.1 shows it; see {@link Servlet61SessionView}. */
final class Servlet61SharedSession extends SharedSession {

  private Servlet61SharedSession(SessionId id, HttpSessionView first) {
    super(id, first);
  }

  static SharedSession of(SessionId id, HttpSessionView first) {
    return new Servlet61SharedSession(id, first);
  }

  @Override
  public @Nullable Accessor getAccessor() {
    return view().getAccessor();
  }
}
