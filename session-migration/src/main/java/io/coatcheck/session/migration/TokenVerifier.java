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
   * Verifies a token.
   *
   * @param token as the client sent it, untrusted; of any length that the container accepts
   * @return its claims; empty if it is not one of the application's, was changed, or has expired
   */
  Optional<VerifiedToken> verify(String token);
}
