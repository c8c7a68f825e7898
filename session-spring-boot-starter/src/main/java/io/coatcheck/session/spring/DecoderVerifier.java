package io.coatcheck.session.spring;

import io.coatcheck.session.migration.TokenVerifier;
import io.coatcheck.session.migration.VerifiedToken;
import java.time.Instant;
import java.util.Optional;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/** Verifies tokens with the application's {@link JwtDecoder}, whose validators decide. */
final class DecoderVerifier implements TokenVerifier {

  private final JwtDecoder decoder;
  private final String principalClaim;

  DecoderVerifier(JwtDecoder decoder, String principalClaim) {
    this.decoder = decoder;
    this.principalClaim = principalClaim;
  }

  @Override
  public Optional<VerifiedToken> verify(String token) {
    Jwt jwt;
    try {
      jwt = decoder.decode(token);
    } catch (BadJwtException e) {
      // What the decoder throws for a token that is not valid; if it cannot tell, it throws
      // another.
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
    return Optional.of(
        VerifiedToken.of(
            principal, issuer == null ? "" : issuer, jwt.getId(), issuedAt, expiresAt));
  }
}
