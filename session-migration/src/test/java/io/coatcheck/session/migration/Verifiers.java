package io.coatcheck.session.migration;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTVerifier;
import com.auth0.jwt.algorithms.Algorithm;
import com.auth0.jwt.exceptions.JWTVerificationException;
import com.auth0.jwt.interfaces.DecodedJWT;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.proc.SingleKeyJWSKeySelector;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.jsonwebtoken.Claims;
import io.jsonwebtoken.Jws;
import io.jsonwebtoken.JwtParser;
import io.jsonwebtoken.Jwts;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/**
 * Verifiers of access tokens (RFC 9068) that an issuer signs with RS256, one for each library. Each
 * checks what docs/MIGRATING.md lists. If the keys cannot be had, it throws: the token is not
 * refused.
 */
enum Verifiers {
  NIMBUS {
    @Override
    TokenVerifier of(RSAPublicKey key) {
      DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
      processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType(TYPE)));
      processor.setJWSKeySelector(new SingleKeyJWSKeySelector<>(JWSAlgorithm.RS256, key));
      processor.setJWTClaimsSetVerifier(
          new DefaultJWTClaimsVerifier<>(
              AUDIENCE, new JWTClaimsSet.Builder().issuer(ISSUER).build(), REQUIRED));
      return token -> {
        try {
          JWTClaimsSet claims = processor.process(token, null);
          return Optional.of(
              VerifiedToken.of(
                  claims.getSubject(),
                  claims.getIssuer(),
                  claims.getJWTID(),
                  claims.getIssueTime().toInstant(),
                  claims.getExpirationTime().toInstant()));
        } catch (ParseException | BadJOSEException refused) {
          return Optional.empty();
        } catch (JOSEException e) {
          throw new IllegalStateException("The token could not be verified", e);
        }
      };
    }
  },

  JAVA_JWT {
    @Override
    TokenVerifier of(RSAPublicKey key) {
      JWTVerifier verifier =
          JWT.require(Algorithm.RSA256(key))
              .withIssuer(ISSUER)
              .withAudience(AUDIENCE)
              .withClaimPresence("sub")
              .withClaimPresence("jti")
              .withClaimPresence("iat")
              .withClaimPresence("exp")
              .build();
      return token -> {
        try {
          DecodedJWT jwt = verifier.verify(token);
          // Unlike the others, it ignores "crit", which RFC 7515, section 4.1.11, forbids.
          if (!TYPE.equals(jwt.getType()) || !jwt.getHeaderClaim("crit").isMissing()) {
            return Optional.empty();
          }
          return Optional.of(
              VerifiedToken.of(
                  jwt.getSubject(),
                  jwt.getIssuer(),
                  jwt.getId(),
                  jwt.getIssuedAtAsInstant(),
                  jwt.getExpiresAtAsInstant()));
        } catch (JWTVerificationException refused) {
          return Optional.empty();
        }
      };
    }
  },

  JJWT {
    @Override
    TokenVerifier of(RSAPublicKey key) {
      JwtParser parser =
          Jwts.parser()
              .verifyWith(key)
              // Without this it would accept whatever suits the key: RS512, PS256.
              .sig()
              .clear()
              .add(Jwts.SIG.RS256)
              .and()
              .requireIssuer(ISSUER)
              .requireAudience(AUDIENCE)
              .build();
      return token -> {
        try {
          Jws<Claims> jws = parser.parseSignedClaims(token);
          Claims claims = jws.getPayload();
          if (!TYPE.equals(jws.getHeader().getType()) || !claims.keySet().containsAll(REQUIRED)) {
            return Optional.empty();
          }
          return Optional.of(
              VerifiedToken.of(
                  claims.getSubject(),
                  claims.getIssuer(),
                  claims.getId(),
                  claims.getIssuedAt().toInstant(),
                  claims.getExpiration().toInstant()));
        } catch (io.jsonwebtoken.JwtException | IllegalArgumentException refused) {
          return Optional.empty();
        }
      };
    }
  },

  SPRING {
    @Override
    TokenVerifier of(RSAPublicKey key) {
      NimbusJwtDecoder decoder =
          NimbusJwtDecoder.withPublicKey(key)
              .signatureAlgorithm(SignatureAlgorithm.RS256)
              .validateType(false)
              // Asked of the claims as they came: the decoder makes up an "iat" that is missing.
              .jwtProcessorCustomizer(
                  processor ->
                      processor.setJWTClaimsSetVerifier(
                          new DefaultJWTClaimsVerifier<>(null, REQUIRED)))
              .build();
      decoder.setJwtValidator(
          new DelegatingOAuth2TokenValidator<>(
              // It replaces the check of the type that was switched off above.
              new JwtTypeValidator(List.of(TYPE)),
              new JwtTimestampValidator(),
              new JwtIssuerValidator(ISSUER),
              new JwtClaimValidator<List<String>>(
                  JwtClaimNames.AUD, audience -> audience != null && audience.contains(AUDIENCE))));
      return token -> {
        try {
          Jwt jwt = decoder.decode(token);
          return Optional.of(
              VerifiedToken.of(
                  Objects.requireNonNull(jwt.getSubject()),
                  Objects.requireNonNull(jwt.getClaimAsString(JwtClaimNames.ISS)),
                  jwt.getId(),
                  Objects.requireNonNull(jwt.getIssuedAt()),
                  Objects.requireNonNull(jwt.getExpiresAt())));
        } catch (BadJwtException refused) {
          return Optional.empty();
        }
      };
    }
  };

  static final String ISSUER = "https://issuer.example";
  static final String AUDIENCE = "shop";
  static final String TYPE = "at+jwt";
  static final Set<String> REQUIRED = Set.of("sub", "jti", "iat", "exp");

  /** Returns a verifier of the tokens whose signatures fit a key. */
  abstract TokenVerifier of(RSAPublicKey key);
}
