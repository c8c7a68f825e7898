package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/** The shared session object as Servlet 6.1 shows it; see {@link AccessibleView}. */
final class AccessibleSharedSession extends SharedSession {

  private AccessibleSharedSession(HttpSessionView first) {
    super(first);
  }

  static SharedSession of(HttpSessionView first) {
    return new AccessibleSharedSession(first);
  }

  @Override
  public @Nullable Accessor getAccessor() {
    return view().getAccessor();
  }
}
