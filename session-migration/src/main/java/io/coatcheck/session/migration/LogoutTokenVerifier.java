package io.coatcheck.session.migration;

import java.util.Optional;

/**
 * Verifies the logout tokens that an identity provider posts, with the library that the application
 * uses for its ID tokens. Must be thread-safe; called on the threads of requests.
 *
 * <p>The filter trusts the result. It must check what OpenID Connect Back-Channel Logout 1.0,
 * section 2.6, demands: one fixed algorithm, never the one that the token names, and the provider's
 * key; the issuer, and an audience that is this application; the expiry; that there is a {@code
 * jti}, and a member {@code http://schemas.openid.net/event/backchannel-logout} in {@code events};
 * that there is no {@code nonce}, so that it is not an ID token.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface LogoutTokenVerifier {

  /**
   * Verifies a logout token. If it throws an exception, it has not decided: the answer is 503, and
   * the provider may post the token again. Throw one if the provider's keys cannot be fetched. It
   * is logged as {@link TokenVerifier#verify} describes.
   *
   * @param token as it was posted, untrusted; at most {@value LogoutForm#MAX_BYTES} characters
   * @return its claims; empty if it is not the provider's, is not for this application, or names
   *     neither a user nor a session
   */
  Optional<VerifiedLogout> verify(String token);
}
