package io.coatcheck.session.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

@DisplayName("The verifier, with a JwtDecoder that fetches its keys")
class FetchedKeysTest {

  private volatile JWKSet published = new JWKSet();
  private volatile boolean isDown;
  private HttpServer issuer;
  private DecoderVerifier verifier;

  @BeforeEach
  void start() throws IOException {
    issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer.createContext(
        "/keys",
        exchange -> {
          byte[] keys = published.toString().getBytes(UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(isDown ? 503 : 200, keys.length);
          exchange.getResponseBody().write(keys);
          exchange.close();
        });
    issuer.start();
    verifier =
        new DecoderVerifier(
            NimbusJwtDecoder.withJwkSetUri(
                    "http://localhost:" + issuer.getAddress().getPort() + "/keys")
                .jwsAlgorithm(SignatureAlgorithm.RS256)
                .jwsAlgorithm(SignatureAlgorithm.ES256)
                .build(),
            "sub",
            new AccessTokens(null, List.of("aud=shop")));
  }

  @AfterEach
  void stop() {
    issuer.stop(0);
  }

  private static RSAKey rsaKey(String id) throws JOSEException {
    return new RSAKeyGenerator(2048).keyID(id).generate();
  }

  private static ECKey ecKey(String id) throws JOSEException {
    return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
  }

  private void publish(JWK... keys) {
    published = new JWKSet(List.of(keys)).toPublicJWKSet();
  }

  private static String signed(RSAKey key) throws JOSEException {
    return signed(JWSAlgorithm.RS256, key, new RSASSASigner(key));
  }

  private static String signed(ECKey key) throws JOSEException {
    return signed(JWSAlgorithm.ES256, key, new ECDSASigner(key));
  }

  private static String signed(JWSAlgorithm algorithm, JWK key, JWSSigner signer)
      throws JOSEException {
    Instant now = Instant.now();
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(algorithm).keyID(key.getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .subject("ann")
                .audience("shop")
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(3_600)))
                .build());
    token.sign(signer);
    return token.serialize();
  }

  @Test
  @DisplayName("accepts the key that the issuer has changed to, and refuses one that it has not")
  void rotation() throws JOSEException {
    RSAKey first = rsaKey("first");
    ECKey second = ecKey("second");
    publish(first);
    assertThat(verifier.verify(signed(first))).isPresent();
    assertThat(verifier.verify(signed(second))).isEmpty();
    publish(first, second);
    assertThat(verifier.verify(signed(second))).isPresent();
    assertThat(verifier.verify(signed(first))).isPresent();
    assertThat(verifier.verify(signed(ecKey("second")))).isEmpty();
  }

  @Test
  @DisplayName("refuses no token while the keys cannot be fetched, since a client would delete it")
  void outage() throws JOSEException {
    ECKey known = ecKey("known");
    RSAKey later = rsaKey("later");
    publish(known);
    assertThat(verifier.verify(signed(known))).isPresent();
    publish(known, later);
    String token = signed(later);
    isDown = true;
    assertThatThrownBy(() -> verifier.verify(token)).isInstanceOf(JwtException.class);
    assertThat(verifier.verify(signed(known))).isPresent();
    assertThat(verifier.verify("garbage")).isEmpty();
    isDown = false;
    assertThat(verifier.verify(token)).isPresent();
  }
}
