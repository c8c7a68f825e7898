package io.coatcheck.examples.fromjwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.source.ImmutableSecret;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.coatcheck.session.migration.VerifiedToken;
import java.security.SecureRandom;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Issues and verifies the tokens of the old application. */
final class Tokens {

  /** The claim that the old application believes. */
  static final String IS_ADMIN = "isAdmin";

  private static final String ISSUER = "https://shop.example";
  private static final String AUDIENCE = "shop";
  private static final Duration LIFETIME = Duration.ofDays(7);

  private final byte[] key;
  private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

  /**
   * Prepares the verifier.
   *
   * @param key 32 bytes, the same on all nodes
   */
  Tokens(byte[] key) {
    this.key = key.clone();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT));
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(JWSAlgorithm.HS256, new ImmutableSecret<>(this.key)));
    processor.setJWTClaimsSetVerifier(
        new DefaultJWTClaimsVerifier<>(
            AUDIENCE,
            new JWTClaimsSet.Builder().issuer(ISSUER).build(),
            Set.of("sub", "jti", "iat", "exp")));
  }

  /** Returns tokens that no other process can verify. */
  static Tokens withNewKey() {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return new Tokens(key);
  }

  /** Issues a token that is valid for a week, whatever happens in that week. */
  String issue(String name, boolean isAdmin) {
    Instant now = Instant.now();
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .subject(name)
            .jwtID(UUID.randomUUID().toString())
            .claim(IS_ADMIN, isAdmin)
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plus(LIFETIME)))
            .build();
    JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.HS256).type(JOSEObjectType.JWT).build();
    SignedJWT token = new SignedJWT(header, claims);
    try {
      token.sign(new MACSigner(key));
    } catch (JOSEException e) {
      throw new IllegalStateException("The key does not fit the algorithm", e);
    }
    return token.serialize();
  }

  /** Returns the claims of a token; empty if it is not one of these, or has expired. */
  Optional<JWTClaimsSet> claims(String token) {
    try {
      return Optional.of(processor.process(token, null));
    } catch (ParseException | BadJOSEException refused) {
      return Optional.empty();
    } catch (JOSEException e) {
      throw new IllegalStateException("The token could not be verified", e);
    }
  }

  /** Verifies a token for the exchange. */
  Optional<VerifiedToken> verified(String token) {
    return claims(token)
        .map(
            claims ->
                VerifiedToken.of(
                    claims.getSubject(),
                    claims.getIssuer(),
                    claims.getJWTID(),
                    claims.getIssueTime().toInstant(),
                    claims.getExpirationTime().toInstant()));
  }
}
