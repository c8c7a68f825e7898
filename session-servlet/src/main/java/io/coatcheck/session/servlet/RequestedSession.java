package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.store.SessionStoreException;
import org.jspecify.annotations.Nullable;

/**
 * The session that a client requested with the token that it presented, whether the request got it
 * or not. Answers what the Servlet API and others ask of it. Has no state of its own.
 */
final class RequestedSession {

  private final DispatchState state;
  private final RequestResolver resolver;
  private final PresentedTokens presented;

  RequestedSession(DispatchState state, RequestResolver resolver, PresentedTokens presented) {
    this.state = state;
    this.resolver = resolver;
    this.presented = presented;
  }

  /** Returns whether the client presented anything as its token, whether it opens one or not. */
  boolean isPresented() {
    return state.locked(presented::isPresent);
  }

  /** Returns the id, without the secret; null if the client presented no Coatcheck token. */
  @Nullable String id() {
    return state.locked(
        () -> {
          resolver.resolveOnce();
          return presented.requestedText();
        });
  }

  /** Returns whether the client presented a token of the session with this id, and it has ended. */
  boolean hasEnded(String id) {
    return state.locked(() -> presented.isOfEnded(id));
  }

  /**
   * Returns whether a header of the request opened a live session.
   *
   * @throws SessionStoreException if the store failed
   */
  boolean isLiveByHeader() {
    return presented.areByHeader() && resolver.session() != null;
  }

  /**
   * Returns whether another request has given the session a new secret, and this request has had no
   * session since.
   */
  boolean isRekeyed() {
    return state.locked(() -> resolver.findSession() == null && presented.areReplaced());
  }

  /** Returns whether the session with this id is the withheld one, as far as is known. */
  boolean isWithheld(String id) {
    Session withheld = presented.withheld();
    return withheld != null && withheld.id().toString().equals(id);
  }

  /**
   * Returns whether the session is withheld from this request until its principal logs in again.
   */
  boolean isWithheld() {
    return state.locked(
        () -> {
          resolver.findSession();
          return presented.withheld() != null;
        });
  }
}
