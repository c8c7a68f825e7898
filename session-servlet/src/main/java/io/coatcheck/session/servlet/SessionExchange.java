package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state that one filter keeps for one request, and what the wrappers do with it. Its parts are
 * the request and its dispatches ({@link DispatchState}), the resolution of what the client
 * presented ({@link RequestResolver}), the session and the application's view of it ({@link
 * CurrentSession}), its save ({@link CommitSave}) and what is added to the response ({@link
 * OutgoingToken}).
 *
 * <p>There is one for each request and filter, through all dispatches of the request. It is never
 * reused. Thread-safe, since a request may continue asynchronously: its parts share the lock of the
 * {@link DispatchState}.
 */
final class SessionExchange implements SessionScope {

  private final SessionListeners listeners;
  private final DispatchState state;
  private final RequestResolver resolver;
  private final OutgoingToken outgoing;
  private final CurrentSession current;
  private final CommitSave saving;

  /** Null while the request has not continued asynchronously. */
  private volatile @Nullable AsyncCycle asyncCycle;

  /** The actions that run before a logout ends anything; null if there are none. */
  private volatile @Nullable BeforeLogout beforeLogout;

  /**
   * The headers that were added to the response of a request that has ended, until they are taken.
   */
  private @Nullable AddedHeaders sent;

  SessionExchange(
      FilterSettings settings,
      SessionListeners listeners,
      HttpServletRequest request,
      HttpServletResponse response) {
    this.listeners = listeners;
    state = new DispatchState(request);
    current = new CurrentSession(this);
    PresentedTokens presented = new PresentedTokens(settings);
    SessionTransport transport = presented.readFrom(request);
    outgoing = new OutgoingToken(settings, transport, response);
    resolver = new RequestResolver(state, request, presented, outgoing, current);
    saving = new CommitSave(state, resolver, outgoing, current);
  }

  FilterSettings settings() {
    return resolver.presented().settings();
  }

  @Override
  public SessionManager manager() {
    return settings().manager();
  }

  @Override
  public SessionListeners listeners() {
    return listeners;
  }

  @Override
  public ServletContext servletContext() {
    return listeners.servletContext();
  }

  /** Returns the request and its dispatches. */
  DispatchState state() {
    return state;
  }

  /** Returns the object that finds the session of this request. */
  RequestResolver resolver() {
    return resolver;
  }

  /** Returns the object that logs in and replaces the client's token. */
  RequestAuthenticator authenticator() {
    return new RequestAuthenticator(this, resolver, outgoing, current);
  }

  /** Returns the object that ends sessions of the client. */
  RequestLogout logout() {
    return new RequestLogout(this, resolver, outgoing, current);
  }

  /** Returns the object that saves the session, and guards the response until then. */
  CommitSave saving() {
    return saving;
  }

  /** Returns the headers that the application has changed. */
  ApplicationHeaders applicationHeaders() {
    return outgoing.applicationHeaders();
  }

  /** Returns the container's original request; null when it has ended. */
  @Nullable HttpServletRequest request() {
    return state.request();
  }

  /** Returns the latest asynchronous cycle; null if there is none, or the request has ended. */
  @Nullable AsyncCycle asyncCycle() {
    return asyncCycle;
  }

  void asyncCycle(@Nullable AsyncCycle latest) {
    asyncCycle = latest;
  }

  // The session.

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store failed
   */
  @Nullable Session session() {
    return resolver.session();
  }

  /** Returns the session of this request, if it is known by now; without using the store. */
  @Nullable Session sessionIfKnown() {
    return current.get();
  }

  /** Returns the principal logged in through Coatcheck. */
  Optional<String> principal() {
    Session live = session();
    return live == null ? Optional.empty() : live.principal();
  }

  /** Returns what the application sees of a session of this request. */
  HttpSessionView viewOf(Session seen) {
    HttpSessionView known = current.viewIfAny(seen);
    return known == null ? state.locked(() -> current.viewOf(seen)) : known;
  }

  /** Returns what the application sees of the session; null if there is none. */
  @Nullable HttpSessionView view(boolean create) {
    HttpSessionView known = current.viewIfAny(resolver.knownSession());
    return known == null
        ? new SessionOpening(this, resolver, outgoing, current).open(create)
        : known;
  }

  // Calls of the application.

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if it would create the session, whose cookie can no longer be
   *     sent, or the request has ended
   */
  @Override
  public void requireUsable(Session changed) {
    outgoing.requireUsable(changed);
  }

  @Override
  public boolean isTooLateToStore() {
    return outgoing.isCommitted();
  }

  /**
   * {@inheritDoc} A session that begins within a forward whose end is not seen is stored at once:
   * later, its cookie could not be sent.
   */
  @Override
  public void onReliedUpon(Session begun) {
    if (begun.isAwaitingCreation() && isInUnobservedForward()) {
      beforeCommit();
    }
  }

  @Override
  public void storeNow(Session used) {
    used.keep();
    beforeCommit();
  }

  @Override
  public <T> T step(Session used, Supplier<T> step) {
    requireUsable(used);
    resolver.markAsked();
    return saving.orFail(() -> current.whileEncoded(used, step));
  }

  /** Registers an action for {@link BridgeRequest#beforeLogout}. */
  void beforeLogout(Runnable action) {
    state.run(() -> beforeLogout = new BeforeLogout(beforeLogout, action));
  }

  /** Runs the actions that must precede a logout, unless an earlier one has run them. */
  void prepareLogout() {
    BeforeLogout registered = beforeLogout;
    if (registered != null) {
      registered.run();
      // Another thread of the request may have registered more by now, or done the same.
      state.run(() -> beforeLogout = beforeLogout == null ? null : beforeLogout.since(registered));
    }
  }

  @Override
  public void invalidate(HttpSessionView ending) {
    logout().invalidate(ending);
  }

  /** Returns whether the request has ended, so that the container's objects serve another one. */
  @Override
  public boolean isOver() {
    return outgoing.isReleased();
  }

  /** {@inheritDoc} The thread of a dispatch ends the request itself; any other takes the lock. */
  @Override
  public boolean hasEndedMeanwhile() {
    return !isOn(Thread.currentThread()) && state.locked(outgoing::isReleased);
  }

  @Override
  public boolean isOn(Thread other) {
    return state.isOn(other);
  }

  @Override
  public boolean isLeft() {
    return !isOver() && state.isOn(null);
  }

  /**
   * Returns whether the request is within a forward whose end the filter does not see. Tomcat
   * suspends the response when a forward ends; after that no cookie can be sent.
   */
  boolean isInUnobservedForward() {
    return !outgoing.isReleased() && state.isForwardUnobserved();
  }

  // The life of the request.

  /** Saves the session, and adds the token to the response, which may be committed now. */
  void beforeCommit() {
    saving.beforeCommit();
  }

  /** Begins a dispatch; under the lock, unless it is the first. */
  void enter() {
    state.enter();
    outgoing.release(false);
  }

  /**
   * Saves when the application has returned, even if it continues asynchronously on another thread.
   */
  void chainReturned(boolean isAsync) {
    Session stored = saving.chainReturned(isAsync);
    state.run(() -> saving.send(stored, isAsync));
  }

  /** Records that the dispatch has ended, and all is saved. */
  void dispatchEnds(boolean isAsync) {
    endUnstored(
        state.locked(
            () -> {
              state.leave();
              return release(!isAsync);
            }));
  }

  /**
   * Saves and ends the dispatch. If the save fails, the dispatch has not ended.
   *
   * @param isAsync whether the response belongs to another thread by now
   * @param mayEnd whether no listener of an asynchronous request remains to be notified
   */
  void dispatchReturned(boolean isAsync, boolean mayEnd) {
    List<HttpSessionView> unstored;
    Session stored = saving.chainReturned(isAsync);
    state.lock();
    try {
      while (!isAsync && saving.isActionDue()) {
        // Another thread has registered it during the save.
        state.unlock();
        try {
          stored = saving.chainReturned(false);
        } finally {
          state.lock();
        }
      }
      saving.send(stored, isAsync);
      state.leave();
      unstored = release(mayEnd);
    } finally {
      state.unlock();
    }
    endUnstored(unstored);
  }

  /** Saves when an asynchronous request has been completed. */
  void completed() {
    try {
      saving.completed();
    } finally {
      endUnstored(state.locked(() -> release(true)));
      sent = null;
    }
  }

  /**
   * Ends the request if no dispatch is under way, and forgets it and its secrets. What remains is
   * reachable from a session that the application has kept.
   *
   * @return the sessions that must end with the request
   */
  private List<HttpSessionView> release(boolean mayEnd) {
    boolean isOver = mayEnd && state.isIdle();
    outgoing.release(isOver);
    if (!isOver) {
      return List.of();
    }
    current.closeViews();
    List<HttpSessionView> unstored = current.takeUnstored();
    if (!unstored.isEmpty()) {
      resolver.presented().settle();
    }
    state.forget();
    saving.forget();
    if (asyncCycle != null) {
      asyncCycle = null;
    }
    resolver.presented().forget();
    sent = outgoing.forget();
    return unstored;
  }

  /**
   * Ends sessions that were begun and never stored: no store will report their end. Runs the
   * actions registered during the last save.
   */
  private void endUnstored(List<HttpSessionView> unstored) {
    for (HttpSessionView ending : unstored) {
      listeners.endOwn(EndedSession.of(ending), true, () -> manager().invalidate(ending.session()));
    }
    if (outgoing.isReleased()) {
      current.abandonUnsaved();
      saving.runActions();
    }
  }

  /**
   * Returns, once, the headers that were added to the response of a request that has ended, for
   * {@link #resume}; null if there are none.
   */
  @Nullable AddedHeaders takeSent() {
    AddedHeaders taken = sent;
    if (taken != null) {
      sent = null;
    }
    return taken;
  }

  /**
   * Resumes a request that seemed to have ended: containers make their error pages after that.
   *
   * @param added as {@link #takeSent} returned it
   */
  void resume(
      HttpServletRequest request, HttpServletResponse response, @Nullable AddedHeaders added) {
    state.run(
        () -> {
          if (request() == null) {
            state.resume(request);
            if (resolver.presented().areForgotten()) {
              resolver.presented().readFrom(request);
            }
            outgoing.resume(response, added);
          }
        });
  }

  /** Shows nothing: it holds the secret. */
  @Override
  public String toString() {
    return "SessionExchange";
  }
}
