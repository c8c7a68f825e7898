package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/** As {@link AccessibleView}, of the object that all requests of a session get. */
final class AccessibleSharedSession extends SharedSession {

  private AccessibleSharedSession(SessionAnchor anchor) {
    super(anchor);
  }

  static SharedSession make(SessionAnchor anchor) {
    return new AccessibleSharedSession(anchor);
  }

  @Override
  public @Nullable Accessor getAccessor() {
    return view().getAccessor();
  }
}
