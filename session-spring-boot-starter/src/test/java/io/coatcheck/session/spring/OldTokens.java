package io.coatcheck.session.spring;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** The JSON Web Tokens that clients of an application have, and the decoder that it has had. */
@TestConfiguration(proxyBeanMethods = false)
class OldTokens {

  static final String PREFIX = "coatcheck.migration.jwt.";
  static final String JWT = PREFIX + "enabled=true";
  static final String ACCESS = PREFIX + "required-claims=aud=shop,token_type=access";
  static final String PRINCIPAL = "coatcheck.security.context=principal";

  private static final byte[] KEY =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  // docs/SPRING.md shows it.
  @Bean
  JwtDecoder jwtDecoder() {
    NimbusJwtDecoder decoder =
        NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY, "HmacSHA256")).build();
    decoder.setJwtValidator(JwtValidators.createDefaultWithIssuer("https://shop.example"));
    return decoder;
  }

  /** Starts an application that exchanges them. */
  static Site exchangedBy(Class<?>... application) {
    return exchangedBy(List.of(application));
  }

  /** Starts an application that exchanges them, with more properties. */
  static Site exchangedBy(List<Class<?>> application, String... properties) {
    List<Class<?>> sources = new ArrayList<>(application);
    sources.add(OldTokens.class);
    List<String> all = new ArrayList<>(List.of(properties));
    all.addAll(List.of("coatcheck.store=memory", PRINCIPAL, JWT, ACCESS));
    return Site.start(sources, all.toArray(String[]::new));
  }

  /** Returns the header with a user's access token. */
  static String bearer(String user) throws JOSEException {
    return bearer(user, "access");
  }

  /** Returns the header with a token of a type. */
  static String bearer(String user, String type) throws JOSEException {
    Instant now = Instant.now();
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader(JWSAlgorithm.HS256),
            new JWTClaimsSet.Builder()
                .subject(user)
                .issuer("https://shop.example")
                .audience("shop")
                .claim("token_type", type)
                .jwtID(UUID.randomUUID().toString())
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(300)))
                .build());
    jwt.sign(new MACSigner(KEY));
    return "Bearer " + jwt.serialize();
  }
}
