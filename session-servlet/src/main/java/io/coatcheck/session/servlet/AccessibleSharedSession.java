package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/** As {@link AccessibleView}, of the object that all requests of a session get. */
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
