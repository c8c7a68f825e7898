package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Finds the session of a request: resolves what the client presented, once, checks the client and
 * the container's user, and begins a new session where there is none.
 *
 * <p>Changes state under the lock of the request, and releases it while the store or the
 * application is called.
 */
final class RequestResolver {

  private static final Resolution ABSENT = new Resolution.Absent();

  private final DispatchState state;
  private final PresentedTokens presented;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  /**
   * The container's user of the request, and a session that belongs to another user; null while
   * there is neither.
   */
  private volatile @Nullable ContainerUser user;

  /** Whether the application asked for the session; guarded by the lock. */
  private boolean isAskedFor;

  RequestResolver(
      DispatchState state,
      HttpServletRequest request,
      PresentedTokens presented,
      OutgoingToken outgoing,
      CurrentSession current) {
    this.state = state;
    this.presented = presented;
    this.outgoing = outgoing;
    this.current = current;
    String name = ContainerUser.ofDispatch(request);
    if (name != null) {
      user = new ContainerUser(name);
    }
  }

  private SessionManager manager() {
    return presented.settings().manager();
  }

  PresentedTokens presented() {
    return presented;
  }

  /** Records that the application asked for the session, and so must learn of a failure. */
  void markAsked() {
    isAskedFor = true;
  }

  boolean isAskedFor() {
    return state.locked(() -> isAskedFor);
  }

  // The session.

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store failed
   */
  @Nullable Session session() {
    state.lock();
    try {
      return findSession();
    } finally {
      state.unlock();
    }
  }

  /**
   * As {@link #session()}, for a caller that holds the lock, once. The lock is released while the
   * store is used.
   */
  @Nullable Session findSession() {
    markAsked();
    Session known = current.get();
    if (known != null && known.isEnded()) {
      // Another request ended it, or took it over. How the token resolves now decides whether the
      // client has a newer cookie, which a new session of this request would overwrite.
      current.drop();
      presented.reconsider();
    }
    resolveOnce();
    presented.requireAnswer();
    return current.get();
  }

  /**
   * Resolves a token as if the client had presented it, if it presented none and there is no
   * session.
   *
   * @throws SessionStoreException if the store failed
   */
  boolean present(SessionToken token) {
    state.lock();
    try {
      HttpServletRequest now = state.request();
      if (now == null || presented.areAny() || current.get() != null) {
        return false;
      }
      presented.add(token, now);
      return findSession() != null;
    } finally {
      state.unlock();
    }
  }

  /**
   * Resolves the tokens before the first dispatch, which no other thread knows of yet. A failure of
   * the store is kept until the application asks for the session.
   */
  void resolveAhead() {
    if (!presented.areAny() || presented.areResolved()) {
      return;
    }
    Resolution found = null;
    SessionStoreException failure = null;
    try {
      found = ask();
    } catch (SessionStoreException e) {
      failure = e;
    }
    HttpServletRequest now = state.request();
    if (found != null && found.guardsNewerToken() && now != null) {
      presented.markLater(Navigation.isOwn(now));
    }
    learn(found, failure);
  }

  /**
   * Resolves what the client presented, once. The caller holds the lock, which is released
   * meanwhile.
   */
  private void resolveOnce() {
    if (presented.areResolved()) {
      return;
    }
    if (!presented.areAny()) {
      presented.settle();
      return;
    }
    Resolution found = null;
    SessionStoreException failure = null;
    state.unlock();
    try {
      found = ask();
    } catch (SessionStoreException e) {
      failure = e;
    } finally {
      state.lock();
    }
    learn(found, failure);
  }

  /** Keeps the resolution, or the failure, unless another thread was first; with the lock. */
  private void learn(@Nullable Resolution found, @Nullable SessionStoreException failure) {
    if (presented.areResolved()) {
      return;
    }
    if (found == null) {
      presented.fail(failure);
    } else {
      presented.learn(found);
      if (found instanceof Resolution.Live live) {
        current.begin(live.session());
        outgoing.carryTokenOf(live.session());
      }
    }
  }

  /**
   * Resolves what the client presented, with the store and the application; without the lock.
   *
   * @throws SessionStoreException if the store failed
   */
  private Resolution ask() {
    Resolution found = presented.ask();
    return found instanceof Resolution.Live live ? admitUser(live) : found;
  }

  // A new session.

  /**
   * Returns whether the client may have a token that its browser did not send, because another site
   * made it send the request. Not under the lock: earlier filters may have wrapped the request.
   */
  boolean isCookieWithheld() {
    FilterSettings settings = presented.settings();
    SessionCookie cookie = settings.cookie();
    HttpServletRequest now = state.request();
    return cookie != null
        && now != null
        && !presented.areAny()
        && WithheldCookie.isWithheld(now, cookie.sameSite(), settings.crossOrigin())
        && !settings.crossSiteLogins().matches(now);
  }

  /** Begins a session where there is none; under the lock. */
  Session begin(boolean isCookieWithheld) {
    outgoing.requireUncommitted("create a session");
    if (isCookieWithheld) {
      WithheldCookie.log();
    }
    Session begun =
        isCookieWithheld ? manager().adapter().createEphemeral() : presented.createSession();
    current.beginDraft(begun);
    return begun;
  }

  /**
   * Deletes a presented token that opened nothing, since each page may look it up again. If the new
   * session is stored, the client gets its token instead. Background requests of a page delete
   * nothing: their response may come after that of a login.
   */
  void deleteDeadToken(Session begun) {
    HttpServletRequest now = state.request();
    if (now != null && !Navigation.isMadeByPage(now)) {
      state.run(
          () -> {
            if (current.get() == begun && !begun.isStored()) {
              outgoing.deleteToken(presented);
            }
          });
    }
  }

  // The end of a session.

  /**
   * Drops a session that has ended, unless the request has another one by now, which a listener may
   * have begun; under the lock.
   *
   * @param isForGood whether the request looks for no session again; {@code false} if it has begun
   *     anew, so that the presented tokens may resolve differently by now
   */
  void letGoOf(Session ended, boolean isForGood) {
    if (current.get() == null || current.get() == ended) {
      current.forget();
      if (isForGood) {
        presented.settle();
      } else {
        presented.reconsider();
      }
    }
  }

  /**
   * Makes the client forget its token, unless it gets the token of a session that a listener has
   * begun and stored; under the lock.
   */
  void deleteToken() {
    Session begun = current.get();
    if (begun == null || !begun.isStored()) {
      presented.settle();
      outgoing.deleteToken(presented);
    }
  }

  // What was requested.

  /**
   * Returns the requested session id, without the secret; null if the client presented no token of
   * ours.
   */
  @Nullable String requestedSessionId() {
    return state.locked(
        () -> {
          resolveOnce();
          return presented.requestedText();
        });
  }

  boolean isRequestedSessionIdValid() {
    Session live = session();
    return live != null
        && presented.opened(live)
        && manager().clock().instant().isBefore(live.expiresAt());
  }

  /** Returns whether the client presented a token of a session that has ended. */
  boolean hasPresentedEnded(String id) {
    return state.locked(() -> presented.isOfEnded(id));
  }

  /**
   * Returns whether a header of the request opened a live session.
   *
   * @throws SessionStoreException if the store failed
   */
  boolean isLiveByHeader() {
    return presented.areByHeader() && session() != null;
  }

  /**
   * Returns whether another request has given this request's session a new secret, and this request
   * has had no session since.
   */
  boolean isRekeyed() {
    return state.locked(() -> findSession() == null && presented.areReplaced());
  }

  /** Returns whether the session with this id is the withheld one, as far as is known. */
  boolean isWithholding(String id) {
    Session withheld = presented.withheld();
    return withheld != null && withheld.id().toString().equals(id);
  }

  /** Returns whether a session is withheld from this request until its principal logs in again. */
  boolean isWithholding() {
    return state.locked(
        () -> {
          findSession();
          return presented.withheld() != null;
        });
  }

  // The container's user.

  /**
   * Admits the container's user to a session. A session without a user gets a new secret before the
   * application sees it; if the secret can no longer be sent, the session is not shown.
   */
  private Resolution admitUser(Resolution.Live resolved) {
    Session live = resolved.session();
    ContainerUser.Relation relation = ContainerUser.relation(containersUser(), live);
    if (relation == ContainerUser.Relation.OWN) {
      return resolved;
    }
    if (relation == ContainerUser.Relation.ANOTHERS
        || state.locked(outgoing::isCommitted)
        || !user().take(live)) {
      user().withhold(live);
      return ABSENT;
    }
    String oldId = HttpSessionView.textOf(live);
    if (!manager().renew(live)) {
      // Another request was first, and its response gives the client the new secret.
      Resolution again = presented.askAgain();
      return again instanceof Resolution.Live ? ABSENT : again;
    }
    SessionListeners listeners = current.listeners();
    if (listeners.hasIdListeners()) {
      listeners.idChanged(state.locked(() -> current.viewOf(live)), oldId);
    }
    return resolved;
  }

  /** Returns the container's user, who may be none. */
  ContainerUser user() {
    return state.locked(
        () -> {
          ContainerUser known = user;
          if (known == null) {
            known = new ContainerUser(null);
            user = known;
          }
          return known;
        });
  }

  /** Returns the name of the container's user of this request; null if there is none. */
  @Nullable String containersUser() {
    ContainerUser known = user;
    return known == null ? null : known.name();
  }

  /** Assigns a session that is about to be stored to the user. */
  void takeForUser(Session begun) {
    ContainerUser known = user;
    if (known != null && begun.isAwaitingCreation()) {
      known.take(begun);
    }
  }

  /**
   * Returns the session that is withheld because it belongs to another user; null if there is none.
   */
  @Nullable Session anothersSession() {
    ContainerUser known = user;
    return known == null ? null : known.withheld();
  }

  /**
   * Ends the session that is withheld because it belongs to another user.
   *
   * @return how many sessions were ended
   */
  int endAnothers() {
    Session anothers = anothersSession();
    ContainerUser known = user;
    if (known != null) {
      known.release();
    }
    return anothers != null && manager().invalidate(anothers) ? 1 : 0;
  }

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "RequestResolver";
  }
}
