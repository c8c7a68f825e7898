package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes to the container's original response: adds the token, or answers 503. Guarded by the lock
 * of the request's {@link DispatchState}; {@link #requireUsable} needs none.
 */
final class OutgoingToken {

  // Release writes suffice for these fields, and avoid the fence of a volatile write. Constructors
  // need none: an object is published after them.
  private static final VarHandle RESPONSE =
      FieldHandles.of(MethodHandles.lookup(), "response", HttpServletResponse.class);
  private static final VarHandle RELEASED =
      FieldHandles.of(MethodHandles.lookup(), "isReleased", boolean.class);

  private final FilterSettings settings;

  /** Null when the request has ended; also read without the lock. */
  private volatile @Nullable HttpServletResponse response;

  /** Null while nothing is added. */
  private @Nullable AddedHeaders added;

  /** Created when the application changes a header. */
  private @Nullable ApplicationHeaders applicationHeaders;

  /** Whether the response is only for the logged-in user. */
  private boolean isPrivate;

  // Changed under the lock and read without it.
  private volatile @Nullable SessionStoreException failure;
  private volatile boolean isReleased;

  private boolean isAnswered;

  private SessionTransport transport;

  OutgoingToken(FilterSettings settings, SessionTransport transport, HttpServletResponse response) {
    this.settings = settings;
    this.transport = transport;
    RESPONSE.set(this, response);
  }

  /** Returns the container's original response; null when the request has ended. */
  @Nullable HttpServletResponse responseIfAny() {
    return response;
  }

  private HttpServletResponse response() {
    HttpServletResponse known = response;
    if (known == null) {
      throw new IllegalStateException("the request has ended");
    }
    return known;
  }

  /**
   * Forgets the response and the headers that were added to it, since the request has ended.
   *
   * @return the headers, for {@link #resume}; null if none were added
   */
  @Nullable AddedHeaders forget() {
    AddedHeaders sent = added == null ? null : added.keptBeside(applicationHeaders);
    RESPONSE.setRelease(this, null);
    added = null;
    applicationHeaders = null;
    return sent;
  }

  /** Resumes a request that seemed to have ended, for its error page. */
  void resume(HttpServletResponse again, @Nullable AddedHeaders sent) {
    response = again;
    if (sent != null) {
      added = sent;
      applicationHeaders = sent.applicationHeaders();
    }
  }

  /** Returns the headers that the application has changed. */
  ApplicationHeaders applicationHeaders() {
    ApplicationHeaders known = applicationHeaders;
    if (known == null) {
      known = new ApplicationHeaders(response());
      applicationHeaders = known;
    }
    return known;
  }

  private AddedHeaders added() {
    AddedHeaders known = added;
    if (known == null) {
      known = new AddedHeaders(settings);
      added = known;
    }
    return known;
  }

  /** Returns whether nothing is added to the response, so far. */
  boolean isEmpty() {
    return added == null && !isPrivate;
  }

  private boolean isFilled() {
    return added != null && added.hasToken();
  }

  /**
   * Returns whether nothing can be added to the response, or nothing may be: see {@link #release}.
   */
  boolean isCommitted() {
    HttpServletResponse known = response;
    try {
      return isReleased || known == null || known.isCommitted();
    } catch (RuntimeException e) {
      if (isReleased) {
        // The container has taken it back meanwhile.
        return true;
      }
      throw e;
    }
  }

  /**
   * Sets whether the request has ended. Then the response is left alone: containers reuse the
   * object for the next request of the connection, which may come from another client.
   */
  void release(boolean isOver) {
    if (isReleased != isOver) {
      RELEASED.setRelease(this, isOver);
    }
  }

  boolean isReleased() {
    return isReleased;
  }

  /**
   * Checks that a cookie can still be sent.
   *
   * @param what is to be done, for the message
   * @throws IllegalStateException if it cannot
   */
  void requireUncommitted(String what) {
    requireUncommitted(what, "");
  }

  /**
   * Checks that a token can still be sent.
   *
   * @param what is to be done, for the message
   * @param orElse the end of the message, with another solution
   */
  void requireUncommitted(String what, String orElse) {
    if (isCommitted()) {
      throw new IllegalStateException(
          "it is too late to "
              + what
              + (isReleased ? ": the request has ended" : ": the response is committed")
              + ", so its token can no longer be sent."
              + " Do it before the response is written"
              + orElse);
    }
  }

  /**
   * Checks that a change of a session can still be stored, and its token be sent if it is new.
   *
   * @throws IllegalStateException if it would create the session, whose cookie can no longer be
   *     sent, or the request has ended
   */
  void requireUsable(Session changed) {
    // Without the lock: another thread may hold it while it calls the response of a filter in
    // front.
    if (isReleased && !changed.isEnded()) {
      throw new IllegalStateException(
          "the request has ended, and what is changed of its session now would be lost: "
              + changed.id()
              + ". Outside of a request, use HttpSession.getAccessor()");
    }
    if (!changed.isStored() && !changed.isEphemeral() && !changed.isEnded()) {
      requireUncommitted(
          "store a new session",
          ", or have every session stored as soon as it is begun:"
              + " SessionFilterBuilder.storeEmptySessions(true)");
    }
  }

  /**
   * Changes the transport of the token.
   *
   * @throws IllegalArgumentException if the filter does not have that transport
   * @throws IllegalStateException if the token has been sent already
   */
  void useTransport(SessionTransport other) {
    if (isFilled()) {
      throw new IllegalStateException(
          "it is too late to choose another transport: the response carries a token already");
    }
    ResponseCarrier carrier = AddedHeaders.carrier(settings, other, response());
    added().replaceToken(carrier);
    transport = other;
  }

  /**
   * Sends the token that the client does not have yet, if there is one, and the hint that lets it
   * read on every node what this request stored.
   */
  void carryTokenOf(Session session) {
    if (!session.isSettled() && !isCommitted()) {
      Optional<SessionToken> token = session.unsentToken();
      if (token.isPresent()) {
        added().token(transport, response()).put(token.get().value(), maxAge(session));
        session.markTokenSent();
      }
      HintTransport hints = settings.hints();
      if (hints != null) {
        Optional<String> hint = hints.take(session);
        if (hint.isPresent()) {
          added().hint(hints, transport, response()).put(hint.get(), hints.maxAge());
        }
      }
    }
  }

  /** Sends the token of a session that the client's token has opened, if it has a new one. */
  void carryRenewedTokenOf(Session session) {
    if (!session.isSettled()) {
      boolean isNew = session.unsentToken().isPresent();
      carryTokenOf(session);
      if (isNew && added != null) {
        added.tokenIsRenewed();
      }
    }
  }

  /** Sends the token of a login. */
  void carryLogin(Session session) {
    carryTokenOf(session);
    if (added != null) {
      added.tokenIsOfLogin();
    }
  }

  private @Nullable Duration maxAge(Session session) {
    return session.isRemembered()
        ? Duration.between(settings.manager().clock().instant(), session.absoluteDeadline())
        : null;
  }

  /** Makes the client forget its token and its hint, if it has any or would have been sent any. */
  void deleteToken(PresentedTokens presented) {
    if (isCommitted()) {
      return;
    }
    if (added != null) {
      added.tokenHasEnded();
    }
    if (presented.isToBeForgotten() || isFilled()) {
      added().token(transport, response()).putDeletion();
    }
    HintTransport hints = settings.hints();
    if (hints != null && (presented.hasHints() || (added != null && added.hasHint()))) {
      added().hint(hints, transport, response()).putDeletion();
    }
  }

  /**
   * Records that a session was ended at its user's request, so that the browser is asked to clear
   * the data that the application has chosen. A client without a session is not asked, so that
   * another site cannot clear data with a request that comes without the cookie.
   *
   * @param isExplicit whether it was a logout; {@code false} if the session was invalidated, which
   *     may be a part of a login
   */
  void endedByUser(PresentedTokens presented, boolean isExplicit) {
    Set<SiteData> chosen = settings.siteData();
    if (chosen.isEmpty() || isCommitted() || !(presented.isToBeForgotten() || isFilled())) {
      return;
    }
    added().endedByUser(chosen, isExplicit, response());
  }

  /** Records that a user was logged in. */
  void loggedIn() {
    if (added != null) {
      added.loggedIn();
    }
  }

  /** Writes the header that was deferred until it is known whether the request logs a user in. */
  void writeSiteData() {
    if (added != null && !isCommitted()) {
      added.writeSiteData(response());
    }
  }

  /**
   * Keeps the response out of caches, even after a reset, unless the application sets a caching
   * header.
   */
  void keepOutOfCaches() {
    isPrivate = true;
    if (!isCommitted()) {
      IncludedHeaders.write(response(), NoStore::putInto);
    }
  }

  /** Writes token and hint again if they were dropped, changed or doubled. */
  void restoreToken() {
    if (!isEmpty() && !isCommitted()) {
      if (isPrivate && !response().containsHeader(NoStore.CACHE_CONTROL)) {
        IncludedHeaders.write(response(), NoStore::putInto);
      }
      if (added != null) {
        added.restore(response());
      }
    }
  }

  /** Returns the failure that was remembered; null if there is none. */
  @Nullable SessionStoreException failure() {
    return failure;
  }

  /**
   * Remembers a failure and answers 503 as soon as possible, so that nothing else reaches the
   * client even if the exception is swallowed. The client gets a token only if the one that it has
   * was replaced before the failure: otherwise it would be logged out.
   *
   * @return the failure, to be thrown
   */
  SessionStoreException fail(SessionStoreException e) {
    failure = e;
    if (isAnswerable()) {
      ResponseCarrier renewed = added == null ? null : added.forgetToken();
      applicationHeaders().withdraw(this::isOurs);
      if (added != null) {
        added.forgetSiteData();
        added = null;
      }
      if (renewed != null) {
        renewed.restore();
      }
      ErrorResponse.answer(response(), e);
      isAnswered = true;
    }
    return e;
  }

  private boolean isAnswerable() {
    return !isAnswered && !isCommitted() && PlainAnswer.isPossible(response());
  }

  /** Answers 500, if that is still possible. The token is sent, since its session is stored. */
  void answerError() {
    if (isAnswerable()) {
      applicationHeaders().withdraw((name, value) -> false);
      restoreToken();
      int status = HttpServletResponse.SC_INTERNAL_SERVER_ERROR;
      PlainAnswer.send(response(), status, "The request has failed.\n");
      isAnswered = true;
    }
  }

  private boolean isOurs(String name, String value) {
    return SiteDataHeader.isOfName(name)
        ? added != null && added.isSiteData(value)
        : settings.isOurHeader(name, value);
  }

  /** Remembers a failure that other code answers. */
  SessionStoreException failLater(SessionStoreException e) {
    failure = e;
    return e;
  }

  /** Returns whether the response was answered with 503. */
  boolean isAnswered() {
    return isAnswered;
  }
}
