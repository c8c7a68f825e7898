package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/** The shared session object as Servlet 6.1 shows it; see {@link Servlet61SessionView}. */
final class Servlet61SharedSession extends SharedSession {

  private Servlet61SharedSession(HttpSessionView first) {
    super(first);
  }

  static SharedSession of(HttpSessionView first) {
    return new Servlet61SharedSession(first);
  }

  @Override
  public @Nullable Accessor getAccessor() {
    return view().getAccessor();
  }
}
