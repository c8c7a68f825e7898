package io.coatcheck.session.spring;

import io.coatcheck.session.migration.TokenVerifier;
import io.coatcheck.session.migration.VerifiedToken;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/**
 * Verifies tokens with the application's {@link JwtDecoder}, whose validators decide, and accepts
 * access tokens only.
 */
final class DecoderVerifier implements TokenVerifier {

  private final JwtDecoder decoder;
  private final String principalClaim;
  private final AccessTokens accessTokens;

  DecoderVerifier(JwtDecoder decoder, String principalClaim, AccessTokens accessTokens) {
    this.decoder = decoder;
    this.principalClaim = principalClaim;
    this.accessTokens = accessTokens;
  }

  @Override
  public Optional<VerifiedToken> verify(String token) {
    Jwt jwt;
    try {
      jwt = decoder.decode(token);
    } catch (BadJwtException e) {
      // The decoder throws this for a token that is not valid, and another exception if it cannot
      // tell.
      return Optional.empty();
    }
    if (!accessTokens.matches(jwt)) {
      return Optional.empty();
    }
    String principal = jwt.getClaimAsString(principalClaim);
    String issuer = jwt.getClaimAsString("iss");
    Instant issuedAt = jwt.getIssuedAt();
    Instant expiresAt = jwt.getExpiresAt();
    if (principal == null || principal.isEmpty() || issuedAt == null || expiresAt == null) {
      return Optional.empty();
    }
    if (issuedAt.equals(expiresAt.minusSeconds(1))) {
      // The decoder put it there because the token says nothing. No condition on the time of issue
      // would exclude such a token.
      return Optional.empty();
    }
    Instant loginAt = loginAt(jwt, issuedAt);
    return loginAt == null
        ? Optional.empty()
        : Optional.of(
            VerifiedToken.of(
                principal, issuer == null ? "" : issuer, jwt.getId(), loginAt, expiresAt));
  }

  /**
   * Returns when the user logged in: a token may have been issued later, without a new login. Null
   * if it says so in a way that cannot be read.
   */
  private static @Nullable Instant loginAt(Jwt token, Instant issuedAt) {
    try {
      Instant loginAt = token.getClaimAsInstant("auth_time");
      return loginAt == null ? issuedAt : loginAt;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
