package io.coatcheck.session.servlet;

import io.coatcheck.session.Authentication;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that one filter knows of one request: what the client presented, the session, whether it was
 * saved, and the cookie that goes out.
 *
 * <p>There is one for each request and filter, through all its dispatches. It is made anew for each
 * request and never used again. Thread-safe, since a request may go on asynchronously; the lock is
 * the request's own.
 */
final class SessionExchange {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final FilterSettings settings;
  private final SessionManager manager;
  private final SessionListeners listeners;
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final SessionTransport transport;
  private final PresentedTokens presented;
  private final OutgoingResponse outgoing;
  private final CommitWatch watch;

  // Guarded by the lock.
  private @Nullable Session session;
  private @Nullable HttpSessionView view;

  /** A session whose beginning was told, and that may never be stored. */
  private @Nullable Session unstored;

  private @Nullable SessionRequest wrapper;
  private @Nullable Instant previousAccess;
  private boolean asked;
  private int observedForwards;
  private volatile @Nullable SessionAsyncContext asyncContext;

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
    SessionHeader header = settings.header();
    List<String> tokens = header == null ? List.of() : header.tokensIn(request);
    SessionCookie cookie = settings.cookie();
    if (tokens.isEmpty() && cookie != null) {
      transport = SessionTransport.COOKIE;
      tokens = CookieHeader.valuesOf(cookie.name(), request);
    } else {
      transport = SessionTransport.HEADER;
    }
    presented = new PresentedTokens(manager, tokens);
    outgoing = new OutgoingResponse(slot(settings, transport, response), response, manager.clock());
    watch = new CommitWatch(this, response);
  }

  private static CredentialSlot slot(
      FilterSettings settings, SessionTransport by, HttpServletResponse response) {
    SessionCookie cookie = settings.cookie();
    SessionHeader header = settings.header();
    if (by == SessionTransport.COOKIE && cookie != null) {
      return new CookieSlot(cookie, response);
    }
    if (by == SessionTransport.HEADER && header != null) {
      return new HeaderSlot(header, response);
    }
    throw new IllegalArgumentException("the session filter has no such transport: " + by);
  }

  FilterSettings settings() {
    return settings;
  }

  SessionListeners listeners() {
    return listeners;
  }

  /** Returns the response as the container gave it. */
  HttpServletResponse response() {
    return response;
  }

  /** Puts the token back after the application changed headers, unless they have been sent. */
  void restoreToken() {
    run(outgoing::restoreToken);
  }

  CommitWatch watch() {
    return watch;
  }

  /** Takes note of the wrapper in use, which sees the dispatches that the container makes of it. */
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

  /** Resolves before the application runs. A failure waits until the application asks. */
  void resolveNow() {
    if (presented.areAny()) {
      run(this::resolveOnce);
    }
  }

  private void resolveOnce() {
    if (!presented.areResolved()) {
      Session live = presented.resolve();
      if (live != null) {
        begin(live);
      }
    }
  }

  private void begin(Session begun) {
    session = begun;
    previousAccess = begun.lastSeenAt();
  }

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store could not tell
   */
  @Nullable Session session() {
    return locked(this::findSession);
  }

  private @Nullable Session findSession() {
    asked = true;
    if (session != null && session.isEnded()) {
      // Another request ended it, or took it over. What the token is worth now decides whether the
      // client has a newer cookie, which a new session of this request would overwrite.
      session = null;
      presented.reconsider();
    }
    resolveOnce();
    presented.requireAnswer();
    return session;
  }

  /** Returns who is logged in by us. */
  Optional<String> principal() {
    Session current = session();
    return current == null ? Optional.empty() : current.principal();
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
    Session current = session();
    return current != null
        && presented.opened(current)
        && manager.clock().instant().isBefore(current.expiresAt());
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
          Session current = findSession();
          if (current == null) {
            if (!create) {
              return null;
            }
            outgoing.requireUncommitted("create a session");
            current = manager.create(presented.resolution());
            begin(current);
            tellCreated(current);
            if (settings.storeEmptySessions()) {
              current.keep();
              relied(current);
            }
          }
          return viewOf(current);
        });
  }

  /** A session that is never stored is told all the same: the application may rely on it. */
  private void tellCreated(Session begun) {
    if (listeners.hearOfSessions()) {
      listeners.created(viewOf(begun));
      unstored = begun;
    }
  }

  private void tellIdChanged(Session current, String oldId) {
    if (listeners.hearOfIds() && !HttpSessionView.textOf(current).equals(oldId)) {
      listeners.idChanged(viewOf(current), oldId);
    }
  }

  /**
   * Tells of the end of a session that was begun and never stored, when the request is over: nobody
   * else will.
   */
  private void tellUnstoredEnd() {
    Session begun = unstored;
    unstored = null;
    if (begun != null && begun == session && !begun.isStored() && !begun.isEnded()) {
      HttpSessionView ending = viewOf(begun);
      listeners.endOwn(
          new EndedSession(ending, ending.values()), true, () -> manager.invalidate(begun));
      forget();
    }
  }

  private HttpSessionView viewOf(Session current) {
    HttpSessionView known = view;
    if (known == null || known.session() != current) {
      known = new HttpSessionView(this, current, request.getServletContext());
      view = known;
    }
    return known;
  }

  /** Returns when the session was used before this request. */
  Instant previousAccess(Session current) {
    return locked(() -> previousAccess == null ? current.lastSeenAt() : previousAccess);
  }

  /**
   * Checks that a change of the session can still take effect.
   *
   * @throws IllegalStateException if it would create the session, whose cookie can no longer be
   *     sent
   */
  void requireUsable(Session current) {
    run(
        () -> {
          if (!current.isStored() && !current.isEphemeral() && !current.isEnded()) {
            outgoing.requireUncommitted("store a new session");
          }
        });
  }

  /**
   * Takes note that the application relies on the session. Tomcat suspends the response when a
   * forward ends. Unless the filter sees that moment, a session that begins within a forward is
   * stored right away: later, its cookie could not be sent.
   */
  void relied(Session current) {
    if (current.isAwaitingCreation() && isInUnobservedForward()) {
      beforeCommit();
    }
  }

  private boolean isInUnobservedForward() {
    SessionRequest current = wrapper;
    return observedForwards == 0
        && current != null
        && current.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI) != null;
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
   * Logs in.
   *
   * @param by how the token is to leave; null as the request came
   */
  LoginResult login(String principal, LoginOptions options, @Nullable SessionTransport by) {
    return locked(
        () -> {
          outgoing.requireUncommitted("log in");
          if (by != null) {
            outgoing.goBy(slot(settings, by, response));
          }
          Session before = findSession();
          String oldId = before == null ? "" : HttpSessionView.textOf(before);
          Authentication outcome = manager.authenticate(before, principal, options);
          if (outcome instanceof Authentication.Granted granted) {
            Session now = granted.session();
            boolean isOther = now != before;
            if (isOther) {
              begin(now);
            }
            presented.settle();
            outgoing.carryTokenOf(now);
            if (isOther) {
              tellCreated(now);
            } else {
              tellIdChanged(now, oldId);
            }
            return LoginResult.LOGGED_IN;
          }
          if (before != null && before.isEnded()) {
            forget();
            outgoing.deleteToken(presented.areAny());
          }
          return switch (((Authentication.Refused) outcome).reason()) {
            case LIMIT_REACHED -> LoginResult.LIMIT_REACHED;
            case NO_LONGER_VALID -> LoginResult.NO_LONGER_VALID;
          };
        });
  }

  /**
   * Gives the session a new secret.
   *
   * @return whether it has one now; {@code false} if it is never sent or has ended meanwhile
   */
  boolean renew(Session current) {
    return locked(
        () -> {
          outgoing.requireUncommitted("renew the session");
          current.keep();
          String oldId = HttpSessionView.textOf(current);
          boolean renewed = manager.renew(current);
          outgoing.carryTokenOf(current);
          relied(current);
          if (renewed) {
            tellIdChanged(current, oldId);
          }
          return renewed;
        });
  }

  /** Ends the session, and makes the client forget it. A store that fails is not forgotten. */
  void invalidate(HttpSessionView ending) {
    run(
        () -> {
          Session current = ending.session();
          boolean wasEphemeral = current.isEphemeral();
          try {
            listeners.endOwn(
                new EndedSession(ending, ending.values()),
                !current.isStored(),
                () -> manager.invalidate(current));
          } catch (SessionStoreException e) {
            throw outgoing.fail(e);
          }
          forget();
          if (!wasEphemeral) {
            outgoing.deleteToken(presented.areAny());
          }
        });
  }

  /** Ends the session, if there is one, and makes the client forget what it presented. */
  void logout() {
    HttpSessionView current = orFail(() -> view(false));
    if (current != null) {
      current.invalidate();
    }
    run(() -> outgoing.deleteToken(presented.areAny()));
  }

  /** There is no session any more, and none is looked for again. */
  private void forget() {
    session = null;
    view = null;
    presented.settle();
  }

  // Saving.

  /**
   * Saves, and puts the cookie into the response, because the response may be committed now.
   *
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  void beforeCommit() {
    run(
        () -> {
          outgoing.requireNoFailure();
          if (!outgoing.isCommitted()) {
            save();
            outgoing.restoreToken();
          }
        });
  }

  private void save() {
    Session current = session;
    if (current == null) {
      return;
    }
    try {
      String oldId = listeners.hearOfIds() ? HttpSessionView.textOf(current) : "";
      if (manager.renewIfDue(current)) {
        tellIdChanged(current, oldId);
      } else {
        manager.save(current);
      }
    } catch (SessionStoreException e) {
      if (asked) {
        throw outgoing.fail(e);
      }
      // The application did not ask for the session: there is nothing to lose but a touch.
    }
    outgoing.carryTokenOf(current);
  }

  /** Saves when the application is done. */
  void chainReturned() {
    run(
        () -> {
          if (outgoing.hasFailed()) {
            outgoing.answerFailure();
          } else if (outgoing.isCommitted()) {
            saveWhatIsLeft();
          } else {
            beforeCommit();
          }
          tellUnstoredEnd();
        });
  }

  /**
   * Saves while the request goes on asynchronously. The response belongs to another thread now, and
   * is left alone: whoever commits it sends the cookie, or finds out about the failure.
   */
  void wentAsync() {
    run(
        () -> {
          Session current = session;
          if (current != null && !outgoing.hasFailed()) {
            try {
              saveLate(current);
            } catch (SessionStoreException e) {
              LOG.debug("A save failed while the request goes on asynchronously", e);
            }
          }
        });
  }

  /** Saves when an asynchronous request has been completed. */
  void completed() {
    run(
        () -> {
          if (!outgoing.hasFailed()) {
            saveWhatIsLeft();
          }
          tellUnstoredEnd();
        });
  }

  /** Saves what was changed after the response was committed. */
  private void saveWhatIsLeft() {
    Session current = session;
    if (current == null) {
      return;
    }
    if (current.isAwaitingCreation()) {
      LOG.error(
          "The container committed the response before its buffer was full, and the new session {}"
              + " was not stored: its cookie could not be sent",
          current.id());
      return;
    }
    saveLate(current);
  }

  private void saveLate(Session current) {
    try {
      manager.save(current);
    } catch (SessionStoreException e) {
      if (asked) {
        throw outgoing.failLater(e);
      }
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

  private void run(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  private <T extends @Nullable Object> T locked(Supplier<T> work) {
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
