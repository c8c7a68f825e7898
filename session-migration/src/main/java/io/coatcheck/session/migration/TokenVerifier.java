package io.coatcheck.session.migration;

import java.util.Optional;

/**
 * Verifies the tokens that the application issued before it moved to sessions, with the library
 * that it uses for that. Must be thread-safe; called on the threads of requests.
 *
 * <p>The exchange trusts the result. It must accept only access tokens of this application: one
 * fixed algorithm, never the one that the token names; the application's issuer and audience; an
 * expiry in the future; the type of an access token, neither an ID token nor a refresh token.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface TokenVerifier {

  /**
   * Verifies a token. A verifier refuses a token by returning empty. If it throws an exception, it
   * has not decided, for example because the keys of the issuer cannot be fetched: the request is
   * answered with 503, its cookies and the session stay, and the token can be exchanged later.
   *
   * <p>The exception is logged as a warning, without its stack trace, at most once a second. It is
   * logged as an error, with its stack trace, if its root cause is an error, or an exception of
   * {@code java.lang} or {@code java.util}, such as a {@code NullPointerException}: that is a fault
   * in the code. So throw an {@code IllegalStateException} with its cause, if there is one.
   *
   * @param token as the client sent it, untrusted; of any length that the container accepts
   * @return its claims; empty if it is not one of the application's, was changed, or has expired
   */
  Optional<VerifiedToken> verify(String token);
}
