package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What we do to the response as the container gave it: put our token in, or answer 503. Guarded by
 * the lock of the {@link SessionExchange} that it belongs to.
 */
final class OutgoingResponse {

  private final HttpServletResponse response;
  private final InstantSource clock;
  private CredentialSlot slot;
  private @Nullable SessionStoreException failure;
  private boolean isAnswered;

  OutgoingResponse(CredentialSlot slot, HttpServletResponse response, InstantSource clock) {
    this.slot = slot;
    this.response = response;
    this.clock = clock;
  }

  boolean isCommitted() {
    return response.isCommitted();
  }

  /**
   * Checks that a cookie can still be sent.
   *
   * @param what is to be done, for the message
   * @throws IllegalStateException if it cannot
   */
  void requireUncommitted(String what) {
    if (response.isCommitted()) {
      throw new IllegalStateException(
          "it is too late to "
              + what
              + ": the response is committed, so its token can no longer be sent."
              + " Do it before the response is written");
    }
  }

  /**
   * Lets the token go another way from now on.
   *
   * @throws IllegalStateException if it has gone already
   */
  void goBy(CredentialSlot other) {
    if (slot.isFilled()) {
      throw new IllegalStateException(
          "it is too late to choose another transport: the response carries a token already");
    }
    slot = other;
  }

  /** Sends the token that the client does not have yet, if there is one. */
  void carryTokenOf(Session session) {
    if (!response.isCommitted()) {
      Optional<SessionToken> token = session.unsentToken();
      if (token.isPresent()) {
        slot.put(token.get(), maxAge(session));
        session.tokenSent();
      }
    }
  }

  private @Nullable Duration maxAge(Session session) {
    return session.isRemembered()
        ? Duration.between(clock.instant(), session.absoluteDeadline())
        : null;
  }

  /** Makes the client forget its token, if it has one or was to be sent one. */
  void deleteToken(boolean hasPresented) {
    if ((hasPresented || slot.isFilled()) && !response.isCommitted()) {
      slot.putDeletion();
    }
  }

  /** Puts the token back where something dropped, changed or doubled it. */
  void restoreToken() {
    if (!response.isCommitted()) {
      slot.restore();
    }
  }

  boolean hasFailed() {
    return failure != null;
  }

  /**
   * Throws the failure that was remembered, once more.
   *
   * @throws SessionStoreException if there was one
   */
  void requireNoFailure() {
    if (failure != null) {
      throw fail(failure);
    }
  }

  /**
   * Remembers a failure and answers 503, as soon as that is possible, so that nothing else reaches
   * the client even if the exception is swallowed.
   *
   * @return the failure, to be thrown
   */
  SessionStoreException fail(SessionStoreException e) {
    failure = e;
    if (!isAnswered && !response.isCommitted()) {
      slot.clear();
      Unavailable.answer(response, e);
      isAnswered = true;
    }
    return e;
  }

  /** Answers 503 if a failure was remembered, and that is still possible. */
  void answerFailure() {
    if (failure != null) {
      fail(failure);
    }
  }

  /** Remembers a failure that is for others to answer. */
  SessionStoreException failLater(SessionStoreException e) {
    failure = e;
    return e;
  }

  /** Tells whether the answer was 503. */
  boolean isAnswered() {
    return isAnswered;
  }
}
