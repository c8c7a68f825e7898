package io.coatcheck.test.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

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
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A provider of OpenID Connect that asks no questions: every visitor is {@code ann} at first. */
public final class Partner implements AutoCloseable {

  /** A code for which there is no token. */
  public static final String USED = "used";

  /** A code for an ID token with the signature of another provider. */
  public static final String FORGED = "forged";

  private final HttpServer server;
  private final RSAKey key;
  private final RSAKey otherKey;
  private final Map<String, String> nonces = new ConcurrentHashMap<>();
  private volatile String user = "ann";

  public Partner() throws IOException, JOSEException {
    key = new RSAKeyGenerator(2048).keyID("1").generate();
    otherKey = new RSAKeyGenerator(2048).keyID("1").generate();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    json(
        "/.well-known/openid-configuration",
        request ->
            """
            {"issuer": "%1$s", "authorization_endpoint": "%1$s/authorize",
             "token_endpoint": "%1$s/token", "jwks_uri": "%1$s/keys",
             "userinfo_endpoint": "%1$s/user", "subject_types_supported": ["public"],
             "response_types_supported": ["code"], "scopes_supported": ["openid", "profile"],
             "id_token_signing_alg_values_supported": ["RS256"]}"""
                .formatted(url()));
    json("/keys", request -> new JWKSet(key.toPublicJWK()).toString());
    json(
        "/user",
        request ->
            "{\"sub\": \"%s\", \"name\": \"Ann\", \"address\": {\"country\": \"NL\"}}"
                .formatted(user));
    json("/token", this::tokens);
    server.createContext("/authorize", this::authorize);
    server.start();
  }

  /** Sets who the visitors are from now on. */
  public void visitedBy(String name) {
    user = name;
  }

  public String url() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  private void json(String path, Function<Map<String, String>, String> answer) {
    server.createContext(
        path,
        exchange -> {
          byte[] body =
              answer
                  .apply(fields(new String(exchange.getRequestBody().readAllBytes(), UTF_8)))
                  .getBytes(UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  private void authorize(HttpExchange exchange) throws IOException {
    Map<String, String> request = fields(exchange.getRequestURI().getRawQuery());
    String code = "code" + nonces.size();
    nonces.put(code, request.getOrDefault("nonce", ""));
    exchange
        .getResponseHeaders()
        .add(
            "Location",
            request.get("redirect_uri")
                + "?code="
                + code
                + "&state="
                + URLEncoder.encode(request.get("state"), UTF_8));
    exchange.sendResponseHeaders(302, -1);
    exchange.close();
  }

  private String tokens(Map<String, String> request) {
    String code = request.get("code");
    if (code.equals(USED)) {
      return "{\"error\": \"invalid_grant\"}";
    }
    Instant now = Instant.now();
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .issuer(url())
            .subject(user)
            .audience(List.of("shop"))
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(300)))
            .claim("nonce", nonces.get(code))
            .claim("sid", "session of " + code)
            .claim("groups", List.of("staff", "buyers"))
            .claim("address", Map.of("country", "NL"))
            .claim("email_verified", true)
            .build();
    return """
        {"access_token": "an access token", "token_type": "Bearer", "expires_in": 300, "scope": "profile",
         "refresh_token": "a refresh token", "id_token": "%s"}"""
        .formatted(signed(claims, JOSEObjectType.JWT, code.equals(FORGED) ? otherKey : key));
  }

  /** Returns a logout token for all sessions of {@code ann} that began here. */
  public String logoutToken() {
    return logoutToken(new JWTClaimsSet.Builder().subject("ann"));
  }

  /** Returns a logout token for the session that began with a code, numbered from 0. */
  public String logoutToken(int code) {
    return logoutToken(new JWTClaimsSet.Builder().claim("sid", "session of code" + code));
  }

  private String logoutToken(JWTClaimsSet.Builder begun) {
    Instant now = Instant.now();
    JWTClaimsSet claims =
        begun
            .issuer(url())
            .audience(List.of("shop"))
            .jwtID(UUID.randomUUID().toString())
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(120)))
            .claim("events", Map.of("http://schemas.openid.net/event/backchannel-logout", Map.of()))
            .build();
    return signed(claims, new JOSEObjectType("logout+jwt"), key);
  }

  private static String signed(JWTClaimsSet claims, JOSEObjectType type, RSAKey by) {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("1").type(type).build(), claims);
    try {
      token.sign(new RSASSASigner(by));
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
    return token.serialize();
  }

  private static Map<String, String> fields(String encoded) {
    return Stream.of(encoded.split("&"))
        .map(field -> field.split("=", 2))
        .filter(field -> field.length == 2)
        .collect(Collectors.toMap(field -> field[0], field -> URLDecoder.decode(field[1], UTF_8)));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
