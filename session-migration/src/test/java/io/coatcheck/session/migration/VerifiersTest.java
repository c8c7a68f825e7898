package io.coatcheck.session.migration;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the verifiers of the common libraries refuse, through the exchange on a real server. */
class VerifiersTest {

  private static final String HEADER = "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}";

  private static KeyPair key;
  private static KeyPair foreign;
  private static final Map<Verifiers, Node> NODES = new EnumMap<>(Verifiers.class);

  @BeforeAll
  static void start() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    key = generator.generateKeyPair();
    foreign = generator.generateKeyPair();
    for (Verifiers verifier : Verifiers.values()) {
      SessionManager manager =
          SessionManager.builder(InMemorySessionStore.builder().build()).build();
      TokenVerifier verified = verifier.of((RSAPublicKey) key.getPublic());
      NODES.put(verifier, new Node(manager, JwtExchange.builder(manager, verified).build()));
    }
  }

  @AfterAll
  static void stop() throws Exception {
    for (Node node : NODES.values()) {
      node.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void rightToken_isExchanged(Verifiers verifier) throws Exception {
    for (String header : List.of(HEADER, "{\"typ\":\"at+jwt\",\"alg\":\"RS256\",\"kid\":\"1\"}")) {
      Node.Answer answer = present(verifier, signed(header, claims()));
      assertThat(answer.result()).contains("exchanged");
      assertThat(answer.principal()).isEqualTo("alice");
    }
    String severalAudiences = with("aud", "[\"till\",\"shop\"]");
    assertThat(present(verifier, signed(HEADER, severalAudiences)).principal()).isEqualTo("alice");
  }

  @ParameterizedTest
  @EnumSource
  void sameIdInAnotherToken_isSpent(Verifiers verifier) throws Exception {
    String claims = claims();
    String again = claims.replace("\"sub\":\"alice\"", "\"sub\":\"bob\"");
    assertThat(present(verifier, signed(HEADER, claims)).result()).contains("exchanged");
    assertThat(present(verifier, signed(HEADER, again)).result()).contains("spent");
  }

  static Stream<Arguments> attacks() throws GeneralSecurityException {
    long now = Instant.now().getEpochSecond();
    Map<String, String> tokens = new TreeMap<>();
    // The algorithm is fixed, whatever the token names.
    tokens.put("no signature", unsigned("{\"alg\":\"none\",\"typ\":\"at+jwt\"}"));
    tokens.put("no signature, in capitals", unsigned("{\"alg\":\"NONE\",\"typ\":\"at+jwt\"}"));
    tokens.put("the signature left out", unsigned(HEADER));
    tokens.put("no algorithm", signed("{\"typ\":\"at+jwt\"}", claims()));
    tokens.put("HS256 with the public key", confused(key.getPublic().getEncoded()));
    tokens.put("HS256 with the public key as PEM", confused(pem().getBytes(US_ASCII)));
    tokens.put("HS256 with the modulus", confused(modulus()));
    tokens.put(
        "RS512 of the right key",
        signed("{\"alg\":\"RS512\",\"typ\":\"at+jwt\"}", claims(), "SHA512withRSA", key));
    tokens.put(
        "another algorithm named", signed("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", claims()));
    tokens.put("another key", signed(HEADER, claims(), "SHA256withRSA", foreign));
    tokens.put(
        "another key, which the token brings",
        signed(
            "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"jwk\":" + jwk(foreign) + "}",
            claims(),
            "SHA256withRSA",
            foreign));
    tokens.put(
        "a critical extension that no verifier knows",
        signed("{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"crit\":[\"coat\"],\"coat\":1}", claims()));
    tokens.put("changed claims", changed());
    // The claims.
    tokens.put("another issuer", signed(HEADER, with("iss", "\"https://evil.example\"")));
    tokens.put("no issuer", signed(HEADER, with("iss", null)));
    tokens.put("another audience", signed(HEADER, with("aud", "\"till\"")));
    tokens.put("an audience that begins alike", signed(HEADER, with("aud", "\"shop2\"")));
    tokens.put("no audience", signed(HEADER, with("aud", null)));
    tokens.put("no expiry", signed(HEADER, with("exp", null)));
    tokens.put("expired", signed(HEADER, with("exp", String.valueOf(now - 30))));
    tokens.put("expired long ago", signed(HEADER, with("exp", "0")));
    tokens.put("an expiry beyond all dates", signed(HEADER, with("exp", "1e300")));
    tokens.put("an expiry that is a text", signed(HEADER, with("exp", "\"never\"")));
    tokens.put("an expiry in a thousand years", signed(HEADER, with("exp", "33000000000")));
    tokens.put("not valid yet", signed(HEADER, with("nbf", String.valueOf(now + 3_600))));
    tokens.put("no user", signed(HEADER, with("sub", null)));
    tokens.put("no id", signed(HEADER, with("jti", null)));
    tokens.put("no time of issue", signed(HEADER, with("iat", null)));
    tokens.put("issued in a year", signed(HEADER, with("iat", String.valueOf(now + 31_536_000))));
    // The type.
    tokens.put("an ID token", signed("{\"alg\":\"RS256\",\"typ\":\"JWT\"}", claims()));
    tokens.put("a logout token", signed("{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}", claims()));
    tokens.put("no type", signed("{\"alg\":\"RS256\"}", claims()));
    // No tokens.
    tokens.put("claims that are no JSON", signed(HEADER, "alice"));
    tokens.put("claims that are a list", signed(HEADER, "[]"));
    tokens.put("a nested list", signed(HEADER, "[".repeat(2_000)));
    tokens.put("dots", "..");
    tokens.put("five parts", "a.b.c.d.e");
    List<Arguments> attacks = new ArrayList<>();
    for (Verifiers verifier : Verifiers.values()) {
      tokens.forEach((name, token) -> attacks.add(Arguments.of(verifier, name, token)));
    }
    return attacks.stream();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("attacks")
  void wrongToken_isRefused(Verifiers verifier, String attack, String token) throws Exception {
    Node.Answer answer = present(verifier, token);
    assertThat(answer.status()).as(attack).isEqualTo(200);
    assertThat(answer.result()).as(attack).contains("refused");
    assertThat(answer.principal()).as(attack).isEqualTo("anonymous");
    assertThat(answer.cookies()).as(attack).isEmpty();
  }

  private static Node.Answer present(Verifiers verifier, String token) throws Exception {
    Node node = NODES.get(verifier);
    return node.get("/", "Authorization", "Bearer " + token);
  }

  private static String claims() {
    return with("nonce", null);
  }

  /** Returns the claims of a right token, but for one; without it, if the value is null. */
  private static String with(String claim, @Nullable String value) {
    long now = Instant.now().getEpochSecond();
    Map<String, String> claims = new TreeMap<>();
    claims.put("iss", quoted(Verifiers.ISSUER));
    claims.put("aud", quoted(Verifiers.AUDIENCE));
    claims.put("sub", quoted("alice"));
    claims.put("jti", quoted(UUID.randomUUID().toString()));
    claims.put("iat", String.valueOf(now));
    claims.put("exp", String.valueOf(now + 3_600));
    if (value == null) {
      claims.remove(claim);
    } else {
      claims.put(claim, value);
    }
    return claims.entrySet().stream()
        .map(each -> quoted(each.getKey()) + ":" + each.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static String signed(String header, String claims) throws GeneralSecurityException {
    return signed(header, claims, "SHA256withRSA", key);
  }

  private static String signed(String header, String claims, String algorithm, KeyPair by)
      throws GeneralSecurityException {
    String content = encoded(header) + "." + encoded(claims);
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(by.getPrivate());
    signature.update(content.getBytes(US_ASCII));
    return content + "." + encoded(signature.sign());
  }

  private static String unsigned(String header) {
    return encoded(header) + "." + encoded(claims()) + ".";
  }

  /** The public key is no secret; who knows it must not be able to sign. */
  private static String confused(byte[] secret) throws GeneralSecurityException {
    String content = encoded("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}") + "." + encoded(claims());
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    return content + "." + encoded(mac.doFinal(content.getBytes(US_ASCII)));
  }

  private static String changed() throws GeneralSecurityException {
    String[] parts = signed(HEADER, claims()).split("\\.", -1);
    return parts[0] + "." + encoded(with("sub", quoted("root"))) + "." + parts[2];
  }

  private static String pem() {
    return "-----BEGIN PUBLIC KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getPublic().getEncoded())
        + "\n-----END PUBLIC KEY-----\n";
  }

  private static byte[] modulus() {
    return ((RSAPublicKey) key.getPublic()).getModulus().toByteArray();
  }

  private static String jwk(KeyPair pair) {
    RSAPublicKey rsa = (RSAPublicKey) pair.getPublic();
    return "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}"
        .formatted(
            encoded(rsa.getModulus().toByteArray()),
            encoded(rsa.getPublicExponent().toByteArray()));
  }

  private static String encoded(String text) {
    return encoded(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
