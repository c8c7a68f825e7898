package io.coatcheck.benchmarks;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTVerifier;
import com.auth0.jwt.algorithms.Algorithm;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.jsonwebtoken.JwtParser;
import io.jsonwebtoken.Jwts;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A signed token in a cookie, with the contents of a session: the same claims for each library,
 * with key and parser reused. It cannot be revoked, so only its speed is comparable.
 */
final class Jwt implements Contestant {

  enum Signature {
    HS256,
    RS256,
    ES256
  }

  enum Library {
    JAVA_JWT,
    JJWT,
    NIMBUS
  }

  private interface Verifier {
    @Nullable String subject(String token) throws ParseException, JOSEException;
  }

  /**
   * Signing 100,000 tokens with a private key would take minutes; each token costs the same to
   * verify.
   */
  private static final int MAX_TOKENS = 2_000;

  private static final String PREFIX = "token=";

  private final String[] cookies;
  private final Verifier verifier;

  Jwt(Library library, Signature signature, int sessions) {
    int tokens = signature == Signature.HS256 ? sessions : Math.min(sessions, MAX_TOKENS);
    cookies = new String[tokens];
    try {
      Keys keys = Keys.generate(signature);
      for (int i = 0; i < tokens; i++) {
        cookies[i] = Cookies.line("token", token(keys.algorithm(), i));
      }
      verifier =
          switch (library) {
            case JAVA_JWT -> javaJwt(keys);
            case JJWT -> jjwt(keys);
            case NIMBUS -> nimbus(keys);
          };
    } catch (GeneralSecurityException | JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  private record Keys(Algorithm algorithm, Key verification) {

    static Keys generate(Signature signature) throws GeneralSecurityException {
      return switch (signature) {
        case HS256 -> {
          byte[] secret = new byte[32];
          new SeededRandom().nextBytes(secret);
          yield new Keys(Algorithm.HMAC256(secret), new SecretKeySpec(secret, "HmacSHA256"));
        }
        case RS256 -> {
          KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
          generator.initialize(2048);
          KeyPair pair = generator.generateKeyPair();
          yield new Keys(
              Algorithm.RSA256((RSAPublicKey) pair.getPublic(), (RSAPrivateKey) pair.getPrivate()),
              pair.getPublic());
        }
        case ES256 -> {
          KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
          generator.initialize(new ECGenParameterSpec("secp256r1"));
          KeyPair pair = generator.generateKeyPair();
          yield new Keys(
              Algorithm.ECDSA256((ECPublicKey) pair.getPublic(), (ECPrivateKey) pair.getPrivate()),
              pair.getPublic());
        }
      };
    }
  }

  /** Returns a token with the claims of all contestants. */
  static String token(Algorithm algorithm, int session) {
    Instant now = Instant.now();
    return JWT.create()
        .withJWTId(UUID.randomUUID().toString())
        .withSubject(Workload.principal(session))
        .withIssuedAt(now)
        .withExpiresAt(now.plus(Duration.ofHours(12)))
        .withClaim(Workload.LOCALE, Workload.locale(session))
        .withClaim(Workload.CART, Workload.cart(session))
        .sign(algorithm);
  }

  private static Verifier javaJwt(Keys keys) {
    JWTVerifier verifier = JWT.require(keys.algorithm()).build();
    return token -> verifier.verify(token).getSubject();
  }

  private static Verifier jjwt(Keys keys) {
    JwtParser parser =
        keys.verification() instanceof SecretKey secret
            ? Jwts.parser().verifyWith(secret).build()
            : Jwts.parser().verifyWith((PublicKey) keys.verification()).build();
    return token -> parser.parseSignedClaims(token).getPayload().getSubject();
  }

  private static Verifier nimbus(Keys keys) throws JOSEException {
    Key key = keys.verification();
    JWSVerifier verifier;
    if (key instanceof SecretKey secret) {
      verifier = new MACVerifier(secret);
    } else if (key instanceof RSAPublicKey rsa) {
      verifier = new RSASSAVerifier(rsa);
    } else {
      verifier = new ECDSAVerifier((ECPublicKey) key);
    }
    return token -> {
      SignedJWT parsed = SignedJWT.parse(token);
      if (!parsed.verify(verifier)) {
        return null;
      }
      JWTClaimsSet claims = parsed.getJWTClaimsSet();
      return claims.getExpirationTime().toInstant().isAfter(Instant.now())
          ? claims.getSubject()
          : null;
    };
  }

  @Override
  public @Nullable Object read(int session) {
    return principal(cookies[session % cookies.length]);
  }

  /** Returns the {@code Cookie} line of each token. */
  String[] cookies() {
    return cookies.clone();
  }

  /** Returns the principal of the token in a {@code Cookie} line, or null. */
  @Nullable String principal(String cookie) {
    try {
      return verifier.subject(Cookies.value(cookie, PREFIX));
    } catch (ParseException | JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns whose token a session's requests come with. */
  int bearer(int session) {
    return session % cookies.length;
  }

  /** Returns this one: parsers and verifiers may be used by several threads. */
  @Override
  public Contestant forAnotherThread() {
    return this;
  }

  @Override
  public void close() {}
}
