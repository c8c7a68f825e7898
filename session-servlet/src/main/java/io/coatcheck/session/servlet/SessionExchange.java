package io.coatcheck.session.servlet;

import io.coatcheck.session.Authentication;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
final class SessionExchange {

  private static final Resolution ABSENT = new Resolution.Absent();

  private final ReentrantLock lock = new ReentrantLock();
  private final FilterSettings settings;
  private final SessionManager manager;
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final List<String> presented;
  private final CookieSlot cookie;
  private final CommitWatch watch;

  // Guarded by the lock.
  private @Nullable Resolution resolution;
  private @Nullable SessionStoreException unresolved;
  private @Nullable SessionStoreException failure;
  private @Nullable Session session;
  private @Nullable HttpSessionView view;
  private @Nullable SessionRequest wrapper;
  private @Nullable SessionId requestedId;
  private @Nullable String requestedText;
  private @Nullable Instant previousAccess;
  private boolean isAnswered;
  private boolean asked;
  private int observedForwards;
  private volatile @Nullable SessionAsyncContext asyncContext;

  SessionExchange(
      FilterSettings settings, HttpServletRequest request, HttpServletResponse response) {
    this.settings = settings;
    this.manager = settings.manager();
    this.request = request;
    this.response = response;
    presented = CookieHeader.valuesOf(settings.cookie().name(), request);
    cookie = new CookieSlot(settings.cookie(), response);
    watch = new CommitWatch(this, response);
  }

  FilterSettings settings() {
    return settings;
  }

  /** Returns the response as the container gave it. */
  HttpServletResponse response() {
    return response;
  }

  /** Puts the cookie back after the application changed headers, unless they have been sent. */
  void restoreCookie() {
    locked(
        () -> {
          if (!response.isCommitted()) {
            cookie.restore();
          }
          return null;
        });
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
    if (!presented.isEmpty()) {
      locked(
          () -> {
            if (resolution == null) {
              resolve();
            }
            return null;
          });
    }
  }

  private void resolve() {
    try {
      Resolution found = manager.resolve(presented);
      resolution = found;
      if (found instanceof Resolution.Live live) {
        session = live.session();
        previousAccess = session.lastSeenAt();
        if (requestedId == null) {
          requestedId = session.id();
          requestedText = HttpSessionView.textOf(session);
        }
      }
    } catch (SessionStoreException e) {
      unresolved = e;
      resolution = ABSENT;
    }
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
      resolution = null;
    }
    if (resolution == null) {
      resolve();
    }
    if (unresolved != null) {
      throw unresolved;
    }
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
          if (requestedText == null && !presented.isEmpty()) {
            if (resolution == null) {
              resolve();
            }
            if (requestedText == null) {
              requestedText =
                  presented.stream()
                      .flatMap(text -> SessionToken.parse(text).stream())
                      .findFirst()
                      .map(token -> token.id().toString())
                      .orElse(null);
            }
          }
          return requestedText;
        });
  }

  boolean isRequestedSessionIdValid() {
    Session current = session();
    return current != null
        && current.id().equals(requestedId)
        && manager.clock().instant().isBefore(current.expiresAt());
  }

  boolean hasPresented() {
    return !presented.isEmpty();
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
            requireUncommitted("create a session");
            current = manager.create(resolution == null ? ABSENT : resolution);
            begin(current);
            if (settings.storeEmptySessions()) {
              current.keep();
              relied(current);
            }
          }
          return viewOf(current);
        });
  }

  private void begin(Session begun) {
    session = begun;
    previousAccess = begun.lastSeenAt();
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
    if (!current.isStored() && !current.isEphemeral() && !current.isEnded()) {
      requireUncommitted("store a new session");
    }
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
    locked(() -> observedForwards++);
  }

  /** Ends such a forward. */
  void forwardEnds() {
    locked(() -> observedForwards--);
  }

  LoginResult login(String principal, LoginOptions options) {
    return locked(
        () -> {
          requireUncommitted("log in");
          Session before = findSession();
          Authentication outcome = manager.authenticate(before, principal, options);
          if (outcome instanceof Authentication.Granted granted) {
            if (granted.session() != before) {
              begin(granted.session());
            }
            resolution = ABSENT;
            deliver();
            return LoginResult.LOGGED_IN;
          }
          if (before != null && before.isEnded()) {
            forget();
            deleteCookie();
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
          requireUncommitted("renew the session");
          current.keep();
          boolean renewed = manager.renew(current);
          deliver();
          relied(current);
          return renewed;
        });
  }

  /** Ends the session, and makes the client forget it. A store that fails is not forgotten. */
  void invalidate(Session current) {
    locked(
        () -> {
          boolean wasEphemeral = current.isEphemeral();
          try {
            manager.invalidate(current);
          } catch (SessionStoreException e) {
            throw fail(e);
          }
          forget();
          if (!wasEphemeral) {
            deleteCookie();
          }
          return null;
        });
  }

  /** Ends the session, if there is one, and makes the client forget what it presented. */
  void logout() {
    HttpSessionView current = view(false);
    if (current != null) {
      current.invalidate();
    }
    deleteCookie();
  }

  /** Makes the client forget whatever it presented, and what it was to be sent. */
  void deleteCookie() {
    locked(
        () -> {
          if ((cookie.isFilled() || hasPresented()) && !response.isCommitted()) {
            cookie.put(settings.cookie().delete());
          }
          return null;
        });
  }

  /** There is no session any more, and none is looked for again. */
  private void forget() {
    session = null;
    view = null;
    resolution = ABSENT;
  }

  // Saving.

  /**
   * Saves, and puts the cookie into the response, because the response may be committed now.
   *
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  void beforeCommit() {
    locked(
        () -> {
          if (failure != null) {
            throw fail(failure);
          }
          if (!response.isCommitted()) {
            save();
            cookie.restore();
          }
          return null;
        });
  }

  private void save() {
    Session current = session;
    if (current == null) {
      return;
    }
    try {
      if (!manager.renewIfDue(current)) {
        manager.save(current);
      }
    } catch (SessionStoreException e) {
      if (asked) {
        throw fail(e);
      }
      // The application did not ask for the session: there is nothing to lose but a touch.
    }
    deliver();
  }

  private void deliver() {
    Session current = session;
    if (current != null && !response.isCommitted()) {
      current
          .unsentToken()
          .ifPresent(
              token -> {
                cookie.put(settings.cookie().set(token, maxAge(current)));
                current.tokenSent();
              });
    }
  }

  private @Nullable Duration maxAge(Session current) {
    return current.isRemembered()
        ? Duration.between(manager.clock().instant(), current.absoluteDeadline())
        : null;
  }

  /**
   * Saves when the application is done, or has gone on asynchronously: then the response belongs to
   * another thread, and is left alone.
   */
  void chainReturned(boolean isAsync) {
    locked(
        () -> {
          if (failure == null) {
            if (isAsync || response.isCommitted()) {
              saveLate(isAsync);
            } else {
              beforeCommit();
            }
          }
          return null;
        });
  }

  /** Saves what was changed after the response was committed. */
  void completed() {
    locked(
        () -> {
          if (failure == null) {
            saveLate(false);
          }
          return null;
        });
  }

  private void saveLate(boolean cookieCanFollow) {
    Session current = session;
    if (current == null || (current.isAwaitingCreation() && !cookieCanFollow)) {
      return;
    }
    try {
      manager.save(current);
    } catch (SessionStoreException e) {
      if (asked) {
        failure = e;
        throw e;
      }
    }
  }

  // Failure.

  /** Remembers a failure, so that nothing else reaches the client even if it is swallowed. */
  private SessionStoreException fail(SessionStoreException e) {
    failure = e;
    if (!isAnswered && !response.isCommitted()) {
      cookie.clear();
      Unavailable.answer(response);
      isAnswered = true;
    }
    return e;
  }

  /** Answers 503 for a failure that the application let pass, unless it is too late for that. */
  boolean answersUnavailable(SessionStoreException e) {
    return locked(
        () -> {
          fail(e);
          return isAnswered;
        });
  }

  /** Puts the cookie back after the container dropped what the application had written. */
  void errorDispatchBegins() {
    locked(
        () -> {
          if (!response.isCommitted()) {
            watch.bufferWasReset();
            cookie.restore();
          }
          return null;
        });
  }

  private void requireUncommitted(String what) {
    if (response.isCommitted()) {
      throw new IllegalStateException(
          "it is too late to "
              + what
              + ": the response is committed, so its cookie can no longer be sent."
              + " Do it before the response is written");
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
