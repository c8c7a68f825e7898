package io.coatcheck.session.migration;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** An OpenID Connect provider that serves its keys and signs ID tokens and logout tokens. */
final class IdentityProvider implements AutoCloseable {

  static final String CLIENT = "shop";
  static final String EVENT = "http://schemas.openid.net/event/backchannel-logout";

  private static final RSAKey KEY = newKey();

  private final InstantSource clock;
  private final HttpServer server;

  IdentityProvider(InstantSource clock) throws Exception {
    this.clock = clock;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    byte[] keys = new JWKSet(KEY).toString(true).getBytes(StandardCharsets.UTF_8);
    server.createContext(
        "/jwks",
        exchange -> {
          exchange.sendResponseHeaders(200, keys.length);
          exchange.getResponseBody().write(keys);
          exchange.close();
        });
    server.start();
  }

  static RSAKey newKey() {
    try {
      return new RSAKeyGenerator(2048).keyID("one").generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  static RSAKey key() {
    return KEY;
  }

  String issuer() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  URI keys() {
    return URI.create(issuer() + "/jwks");
  }

  String idToken(String subject, String sid) throws Exception {
    return sign(
        claims().subject(subject).claim("sid", sid).claim("nonce", "n").build(), "JWT", KEY);
  }

  String logoutToken(UnaryOperator<JWTClaimsSet.Builder> changes) throws Exception {
    return sign(logoutClaims(changes), "logout+jwt", KEY);
  }

  JWTClaimsSet logoutClaims(UnaryOperator<JWTClaimsSet.Builder> changes) {
    return changes.apply(claims().claim("events", Map.of(EVENT, Map.of()))).build();
  }

  static String sign(JWTClaimsSet claims, String type, RSAKey key) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256)
                .keyID(key.getKeyID())
                .type(new JOSEObjectType(type))
                .build(),
            claims);
    jwt.sign(new RSASSASigner(key));
    return jwt.serialize();
  }

  private JWTClaimsSet.Builder claims() {
    Instant now = clock.instant();
    return new JWTClaimsSet.Builder()
        .issuer(issuer())
        .audience(CLIENT)
        .jwtID(UUID.randomUUID().toString())
        .issueTime(Date.from(now))
        .expirationTime(Date.from(now.plus(Duration.ofMinutes(2))));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
