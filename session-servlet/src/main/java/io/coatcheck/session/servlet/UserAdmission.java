package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;

/**
 * Decides whether the container's user may use a session that is not recorded as that user's, as
 * {@link ContainerUser} describes. Uses the store and calls the application, so it never holds the
 * lock of the request meanwhile.
 */
final class UserAdmission {

  private static final Resolution ABSENT = new Resolution.Absent();

  private final DispatchState state;
  private final RequestResolver resolver;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  UserAdmission(
      DispatchState state,
      RequestResolver resolver,
      OutgoingToken outgoing,
      CurrentSession current) {
    this.state = state;
    this.resolver = resolver;
    this.outgoing = outgoing;
    this.current = current;
  }

  /**
   * Admits the user to a session of no user, which gets a new secret before the application sees
   * it. Where the secret can no longer be sent, or the session is another user's, it is withheld.
   *
   * @return what the request may use
   */
  Resolution admit(Resolution.Live resolved, ContainerUser.Relation relation) {
    Session live = resolved.session();
    ContainerUser user = resolver.user();
    if (relation == ContainerUser.Relation.OTHER_USER
        || state.locked(outgoing::isCommitted)
        || !user.take(live)) {
      user.withhold(live);
      return ABSENT;
    }
    if (!resolver.manager().renew(live)) {
      // Another request was first, and its response gives the client the new secret.
      Resolution again = resolver.presented().resolveAgain();
      return again instanceof Resolution.Live ? ABSENT : again;
    }
    SessionListeners listeners = current.listeners();
    if (listeners.hasIdListeners()) {
      String oldId = ShownId.before(live.id(), live.generation());
      listeners.idChanged(state.locked(() -> current.viewOf(live)), oldId);
    }
    return resolved;
  }
}
