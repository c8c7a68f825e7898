package io.coatcheck.session.migration;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.MalformedURLException;
import java.text.ParseException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** What an application does to verify a provider's tokens, with nimbus and the provider's keys. */
final class ProviderTokens {

  private final String issuer;
  private final DefaultJWTProcessor<SecurityContext> logouts;
  private final DefaultJWTProcessor<SecurityContext> logins;

  ProviderTokens(IdentityProvider provider) throws MalformedURLException {
    issuer = provider.issuer();
    logouts = processor(provider, new JOSEObjectType("logout+jwt"));
    logins = processor(provider, JOSEObjectType.JWT);
  }

  private static DefaultJWTProcessor<SecurityContext> processor(
      IdentityProvider provider, JOSEObjectType type) throws MalformedURLException {
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(type));
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(
            JWSAlgorithm.RS256, JWKSourceBuilder.create(provider.keys().toURL()).build()));
    // The tests move the clock: the filter checks the expiry.
    processor.setJWTClaimsSetVerifier((claims, context) -> {});
    return processor;
  }

  Optional<VerifiedLogout> logout(String token) {
    try {
      JWTClaimsSet claims = logouts.process(token, null);
      Map<String, Object> events = claims.getJSONObjectClaim("events");
      String subject = claims.getSubject();
      String sid = claims.getStringClaim("sid");
      if (!isOurs(claims)
          || events == null
          || !events.containsKey(IdentityProvider.EVENT)
          || claims.getClaim("nonce") != null
          || claims.getJWTID() == null
          || claims.getIssueTime() == null
          || (subject == null && sid == null)) {
        return Optional.empty();
      }
      Instant issuedAt = claims.getIssueTime().toInstant();
      Instant expiresAt =
          claims.getExpirationTime() == null
              ? issuedAt.plusSeconds(120)
              : claims.getExpirationTime().toInstant();
      return Optional.of(
          new VerifiedLogout(
              issuer,
              Optional.ofNullable(subject),
              Optional.ofNullable(sid),
              claims.getJWTID(),
              issuedAt,
              expiresAt));
    } catch (KeySourceException e) {
      throw new IllegalStateException("the provider's keys cannot be fetched", e);
    } catch (ParseException | BadJOSEException | JOSEException e) {
      return Optional.empty();
    }
  }

  JWTClaimsSet login(String idToken) throws Exception {
    JWTClaimsSet claims = logins.process(idToken, null);
    if (!isOurs(claims)) {
      throw new IllegalArgumentException("not for this application");
    }
    return claims;
  }

  private boolean isOurs(JWTClaimsSet claims) {
    return issuer.equals(claims.getIssuer())
        && claims.getAudience().contains(IdentityProvider.CLIENT);
  }
}
