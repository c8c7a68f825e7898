package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Finds the session of a request: resolves what the client presented, once, and checks the client
 * and the container's user.
 *
 * <p>Changes state under the lock of the request, and releases it while the store or the
 * application is called.
 */
final class RequestResolver {

  // Release writes suffice for this field, and avoid the fence of a volatile write.
  private static final VarHandle ASKED_FOR =
      FieldHandles.of(MethodHandles.lookup(), "isAskedFor", boolean.class);

  private final DispatchState state;
  private final PresentedTokens presented;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  /**
   * The container's user of the request, and a session that belongs to another user; null while
   * there is neither.
   */
  private volatile @Nullable ContainerUser user;

  /** Whether the application asked for the session. Never reset. */
  private volatile boolean isAskedFor;

  /** Whether the container's session is checked once the presented tokens are resolved. */
  private boolean isContainerSessionDue;

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

  SessionManager manager() {
    return presented.settings().manager();
  }

  PresentedTokens presented() {
    return presented;
  }

  /** Returns what may be asked of the session that the client requested. */
  RequestedSession requested() {
    return new RequestedSession(state, this, presented);
  }

  /** Records that the application asked for the session, and so must learn of a failure. */
  void markAsked() {
    if (!isAskedFor) {
      ASKED_FOR.setRelease(this, true);
    }
  }

  boolean isAskedFor() {
    return isAskedFor;
  }

  // The session.

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store failed
   */
  @Nullable Session session() {
    Session known = knownSession();
    return known == null ? state.locked(this::findSession) : known;
  }

  /**
   * Returns the live session if nothing needs to be found out for that; null otherwise. Without the
   * lock, since an application asks often.
   */
  @Nullable Session knownSession() {
    Session known = current.get();
    if (known == null || known.isEnded() || presented.hasFailed()) {
      return null;
    }
    markAsked();
    return known;
  }

  /**
   * Returns the live session, for a caller that holds the lock once. The lock is released while the
   * store is used.
   *
   * @throws SessionStoreException if the store failed
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
   * Returns whether the client may have a token that its browser did not send, because another site
   * made it send the request. Not under the lock: earlier filters may have wrapped the request.
   */
  boolean isCookieWithheld() {
    HttpServletRequest request = state.request();
    return request != null
        && !presented.isPresent()
        && WithheldCookie.isWithheld(request, presented.settings());
  }

  /**
   * Resolves a token as if the client had presented it, if it presented none, has none that was
   * withheld, and there is no session.
   *
   * @throws SessionStoreException if the store failed
   */
  boolean present(SessionToken token) {
    if (isCookieWithheld()) {
      WithheldCookie.log();
      return false;
    }
    PresentedTokens.Presenter presenter = state.read(presented::presenter);
    state.lock();
    try {
      if (presenter == null
          || state.request() == null
          || presented.isPresent()
          || current.get() != null) {
        return false;
      }
      presented.add(token, presenter);
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
    if (!presented.isPresent() || presented.areResolved()) {
      return;
    }
    Resolution found = null;
    SessionStoreException failure = null;
    try {
      found = resolve();
    } catch (SessionStoreException e) {
      failure = e;
    }
    HttpServletRequest request = state.request();
    if (found != null && found.guardsNewerToken() && request != null) {
      presented.markLater(Navigation.isOwn(request));
    }
    Session unsent = accept(found, failure);
    if (unsent != null) {
      endUnsent(unsent);
    }
    Session live = current.get();
    if (live != null) {
      // Nearly every application uses it, and needs no lock for it then.
      current.viewOf(live);
    }
  }

  /**
   * Resolves what the client presented, once. The caller holds the lock, which is released
   * meanwhile.
   */
  void resolveOnce() {
    if (presented.areResolved()) {
      return;
    }
    if (!presented.isPresent()) {
      presented.settle();
      return;
    }
    Resolution found = null;
    SessionStoreException failure = null;
    state.unlock();
    try {
      found = resolve();
    } catch (SessionStoreException e) {
      failure = e;
    } finally {
      state.lock();
    }
    Session unsent = accept(found, failure);
    boolean isCheckDue = isContainerSessionDue;
    isContainerSessionDue = false;
    if (unsent != null || isCheckDue) {
      state.unlock();
      try {
        if (unsent != null) {
          endUnsent(unsent);
        }
        HttpServletRequest request = isCheckDue ? state.request() : null;
        if (request != null) {
          presented.settings().containerSession().resolved(request, this);
        }
      } finally {
        state.lock();
      }
    }
  }

  /**
   * Checks the container's session when the presented tokens are resolved, if there are any.
   *
   * @param isNow whether to resolve them for that; else that is left to the application
   */
  void checkContainerSessionOnce(boolean isNow) {
    state.run(
        () -> {
          isContainerSessionDue = presented.isPresent();
          if (isNow) {
            // Not the application has asked: a failure is kept until it does.
            resolveOnce();
          }
        });
  }

  /** Returns the live session, as far as is known; without using the store. */
  @Nullable Session sessionIfResolved() {
    Session known = current.get();
    return known == null || known.isEnded() ? null : known;
  }

  /**
   * Keeps the resolution, or the failure, unless another thread was first; with the lock.
   *
   * @return a session to {@linkplain #endUnsent end}; null if there is none
   */
  private @Nullable Session accept(
      @Nullable Resolution found, @Nullable SessionStoreException failure) {
    if (presented.areResolved() && !isRenewedHere(found)) {
      return null;
    }
    if (found == null) {
      presented.fail(failure);
    } else {
      presented.accept(found);
      if (found instanceof Resolution.Live live) {
        current.begin(live.session());
        // It has a new one if it was assigned to the container's user.
        outgoing.carryRenewedTokenOf(live.session());
        if (live.session().unsentToken().isPresent()) {
          current.drop();
          presented.settle();
          return live.session();
        }
      }
    }
    return null;
  }

  /**
   * Ends a session whose new token could not be sent, since another thread of the request has
   * committed the response meanwhile: no client can present it any more. Without the lock.
   */
  private void endUnsent(Session unsent) {
    try {
      manager().invalidate(unsent);
    } catch (SessionStoreException e) {
      state.run(() -> presented.fail(e));
    }
  }

  /**
   * Returns whether this request has given the session a new secret, while another thread of it, or
   * a listener, has found the presented one superseded for that reason. That one may have got a
   * session that is never stored, which ends with the request.
   */
  private boolean isRenewedHere(@Nullable Resolution found) {
    return found instanceof Resolution.Live live
        && live.session().unsentToken().isPresent()
        && presented.areReplaced()
        && (current.get() == null || current.get().isEphemeral());
  }

  /**
   * Resolves what the client presented, with the store and the application; without the lock.
   *
   * @throws SessionStoreException if the store failed
   */
  private Resolution resolve() {
    Resolution found = presented.resolve();
    if (found instanceof Resolution.Live live) {
      found = manager().adapter().storeUrgentActivity(live);
    }
    return found instanceof Resolution.Live live ? admitUser(live) : found;
  }

  // The end of a session.

  /**
   * Drops a session that has ended, unless the request has another one by now, which a listener may
   * have begun; under the lock.
   *
   * @param isForGood whether the request looks for no session again; {@code false} if it has begun
   *     again, so that the presented tokens may resolve differently by now
   */
  void release(Session ended, boolean isForGood) {
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

  // The container's user.

  /** Admits the container's user to a session, which nearly always is that user's. */
  private Resolution admitUser(Resolution.Live resolved) {
    ContainerUser.Relation relation = ContainerUser.relation(containerUser(), resolved.session());
    return relation == ContainerUser.Relation.OWN
        ? resolved
        : new UserAdmission(state, this, outgoing, current).admit(resolved, relation);
  }

  /** Returns the container's user, who may be none. */
  ContainerUser user() {
    return state.locked(
        () -> {
          ContainerUser known = user == null ? new ContainerUser(null) : user;
          user = known;
          return known;
        });
  }

  /** Returns the container's user, without the lock; null if nothing has asked about it so far. */
  @Nullable ContainerUser userIfAny() {
    return user;
  }

  /** Returns the name of the container's user of this request; null if there is none. */
  @Nullable String containerUser() {
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

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "RequestResolver";
  }
}
