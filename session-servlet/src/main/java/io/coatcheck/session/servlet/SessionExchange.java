package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All that one filter knows of one request: what the client presented, the session, whether it was
 * saved, and the cookie that goes out.
 *
 * <p>There is one for each request and filter, through all its dispatches. It is made anew for each
 * request and never used again. Thread-safe, since a request may go on asynchronously; the lock is
 * the request's own.
 */
final class SessionExchange implements SessionScope {

  private final ReentrantLock lock = new ReentrantLock();
  private final FilterSettings settings;
  private final SessionManager manager;
  private final SessionListeners listeners;
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final SessionTransport transport;
  private final PresentedTokens presented;
  private final OutgoingResponse outgoing;

  /** Null if every client is let in. */
  private final @Nullable ClientGate gate;

  private final CurrentSession current;

  /** What sees the dispatches that the container makes of the request; null before the first. */
  private @Nullable SessionRequest wrapper;

  /** How many forwards are under way whose end is seen. */
  private int observedForwards;

  private final Saving saving;

  /** Made when something is written. */
  private @Nullable CommitWatch watch;

  private volatile @Nullable SessionAsyncContext asyncContext;

  /** How many dispatches of the request are under way, one within the other. */
  private int dispatches;

  SessionExchange(
      FilterSettings settings,
      SessionListeners listeners,
      HttpServletRequest request,
      HttpServletResponse response) {
    this.settings = settings;
    this.listeners = listeners;
    this.manager = settings.manager();
    this.request = request;
    this.response = response;
    ClientCheck check = settings.clientCheck();
    gate = check == null ? null : new ClientGate(check, manager, request);
    current = new CurrentSession(this);
    presented = new PresentedTokens(settings);
    transport = presented.readFrom(request);
    outgoing = new OutgoingResponse(settings, transport, response);
    saving = new Saving(this, current, outgoing);
  }

  FilterSettings settings() {
    return settings;
  }

  @Override
  public SessionManager manager() {
    return manager;
  }

  @Override
  public SessionListeners listeners() {
    return listeners;
  }

  /** Returns the request as the container gave it. */
  HttpServletRequest request() {
    return request;
  }

  /** Returns the response as the container gave it. */
  HttpServletResponse response() {
    return response;
  }

  /** Puts the token back after the application changed headers, unless they have been sent. */
  void restoreToken() {
    run(outgoing::restoreToken);
  }

  /** Returns what foresees the commit. Responses are written by one thread at a time. */
  CommitWatch watch() {
    CommitWatch known = watch;
    if (known == null) {
      known = new CommitWatch(this, response);
      watch = known;
    }
    return known;
  }

  /** Takes note of the wrapper in use, before the application runs. */
  void wrappedBy(SessionRequest request) {
    wrapper = request;
  }

  @Nullable SessionAsyncContext asyncContext() {
    return asyncContext;
  }

  void asyncContext(SessionAsyncContext context) {
    asyncContext = context;
  }

  // What the client presented.

  private void resolveOnce() {
    if (!presented.areResolved()) {
      Session live = presented.resolve();
      if (live != null) {
        letIn(live);
      }
    }
  }

  private void letIn(Session live) {
    try {
      if (gate == null || gate.letsIn(live)) {
        current.begin(live);
      } else if (gate.isWithholding()) {
        presented.withhold(live);
      } else {
        presented.settle();
      }
    } catch (SessionStoreException e) {
      presented.fail(e);
    }
  }

  /** Returns whether a session is kept from this request until its principal logs in again. */
  boolean isWithholding() {
    return locked(
        () -> {
          findSession();
          return gate != null && gate.isWithholding();
        });
  }

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store could not tell
   */
  @Nullable Session session() {
    return locked(this::findSession);
  }

  /** As {@link #session()}, for whoever holds the lock. */
  @Nullable Session findSession() {
    saving.asked();
    Session known = current.get();
    if (known != null && known.isEnded()) {
      // Another request ended it, or took it over. What the token is worth now decides whether the
      // client has a newer cookie, which a new session of this request would overwrite.
      current.drop();
      presented.reconsider();
    }
    resolveOnce();
    presented.requireAnswer();
    return current.get();
  }

  /** Returns who is logged in by us. */
  Optional<String> principal() {
    Session live = session();
    return live == null ? Optional.empty() : live.principal();
  }

  /** Returns what the client asked for, without anything secret; null if it is no token of ours. */
  @Nullable String requestedSessionId() {
    return locked(
        () -> {
          resolveOnce();
          return presented.requestedText();
        });
  }

  boolean isRequestedSessionIdValid() {
    Session live = session();
    return live != null
        && presented.opened(live)
        && manager.clock().instant().isBefore(live.expiresAt());
  }

  boolean hasPresented() {
    return presented.areAny();
  }

  /** Tells whether it is our cookie that the request is recognised by. */
  boolean isByCookie() {
    return transport == SessionTransport.COOKIE;
  }

  /**
   * Tells whether a header of the request opened a live session.
   *
   * @throws SessionStoreException if the store could not tell
   */
  boolean isLiveByHeader() {
    return transport == SessionTransport.HEADER && session() != null;
  }

  // What the application does.

  @Nullable HttpSessionView view(boolean create) {
    return locked(
        () -> {
          Session live = findSession();
          if (live == null) {
            if (!create) {
              return null;
            }
            outgoing.requireUncommitted("create a session");
            live = manager.create(presented.resolution());
            current.begin(live);
            current.tellCreated(live);
            if (settings.storeEmptySessions()) {
              live.keep();
              relied(live);
            }
          }
          return current.viewOf(live);
        });
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if it would create the session, whose cookie can no longer be
   *     sent, or the request is over
   */
  @Override
  public void requireUsable(Session changed) {
    run(
        () -> {
          if (outgoing.isReleased() && !changed.isEnded()) {
            throw new IllegalStateException(
                "the request is over, and what is changed of its session now would be lost: "
                    + changed.id()
                    + ". Outside of a request, use HttpSession.getAccessor()");
          }
          if (!changed.isStored() && !changed.isEphemeral() && !changed.isEnded()) {
            outgoing.requireUncommitted("store a new session");
          }
        });
  }

  @Override
  public boolean isTooLateToStore() {
    return locked(outgoing::isCommitted);
  }

  /**
   * {@inheritDoc} One that begins within a forward whose end is not seen is stored right away:
   * later, its cookie could not be sent.
   */
  @Override
  public void relied(Session begun) {
    if (begun.isAwaitingCreation() && isInUnobservedForward()) {
      beforeCommit();
    }
  }

  @Override
  public void storeNow(Session used) {
    run(
        () -> {
          used.keep();
          beforeCommit();
        });
  }

  /**
   * Tells whether the request is within a forward whose end the filter does not see. Tomcat
   * suspends the response when a forward ends; after that no cookie can be sent.
   */
  boolean isInUnobservedForward() {
    return locked(
        () ->
            observedForwards == 0
                && wrapper != null
                && wrapper.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI) != null);
  }

  /** Begins a forward whose end the filter sees. */
  void forwardBegins() {
    run(() -> observedForwards++);
  }

  /** Ends such a forward. */
  void forwardEnds() {
    run(() -> observedForwards--);
  }

  /**
   * Checks that a token can still be sent.
   *
   * @param what is to be done, for the message
   * @throws IllegalStateException if it cannot
   */
  void requireUncommitted(String what) {
    run(() -> outgoing.requireUncommitted(what));
  }

  /** Returns what gives the client another token, or takes away the one it has. */
  Credential credential() {
    return new Credential(this, presented, outgoing, current, gate);
  }

  @Override
  public void invalidate(HttpSessionView ending) {
    credential().invalidate(ending);
  }

  // Saving.

  /**
   * Saves, and puts the cookie into the response, because the response may be committed now.
   *
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  void beforeCommit() {
    run(saving::beforeCommit);
  }

  /**
   * Takes note that the application is called, for the first time or in one more dispatch.
   *
   * @param resolves whether to find out before that what the client presented. A failure waits
   *     until the application asks.
   */
  void dispatchBegins(boolean resolves) {
    lock.lock();
    try {
      if (resolves && presented.areAny()) {
        resolveOnce();
      }
      dispatches++;
      outgoing.release(false);
    } finally {
      lock.unlock();
    }
  }

  /** Saves when the application is done, or while it goes on asynchronously on another thread. */
  void chainReturned(boolean isAsync) {
    run(() -> save(isAsync));
  }

  /** Takes note that the dispatch is done, and all is saved. */
  void dispatchEnds(boolean isAsync) {
    run(() -> end(isAsync));
  }

  /** Does both, unless the save fails: then the dispatch has not ended. */
  void dispatchReturned(boolean isAsync) {
    lock.lock();
    try {
      save(isAsync);
      end(isAsync);
    } finally {
      lock.unlock();
    }
  }

  private void save(boolean isAsync) {
    if (isAsync) {
      saving.wentAsync();
    } else {
      saving.chainReturned();
      endUnstored();
    }
  }

  private void end(boolean isAsync) {
    dispatches--;
    outgoing.release(dispatches == 0 && !isAsync);
  }

  /** Saves when an asynchronous request has been completed. */
  void completed() {
    run(
        () -> {
          try {
            saving.completed();
            endUnstored();
          } finally {
            outgoing.release(dispatches == 0);
          }
        });
  }

  private void endUnstored() {
    if (current.endUnstored(manager)) {
      credential().forget();
    }
  }

  // Failure.

  /** Does what must not be reported as done if the store fails. */
  <T extends @Nullable Object> T orFail(Supplier<T> work) {
    return locked(
        () -> {
          try {
            return work.get();
          } catch (SessionStoreException e) {
            throw outgoing.fail(e);
          }
        });
  }

  /** Answers 503 for a failure that the application let pass, unless it is too late for that. */
  boolean answersUnavailable(SessionStoreException e) {
    return locked(
        () -> {
          outgoing.fail(e);
          return outgoing.isAnswered();
        });
  }

  /** Does something under the lock. */
  void run(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /** Does something under the lock, and returns what that returns. */
  <T extends @Nullable Object> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** Tells nothing: it holds the secret. */
  @Override
  public String toString() {
    return "SessionExchange";
  }
}
