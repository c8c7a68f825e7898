package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionHeader;
import io.coatcheck.session.servlet.SessionTransport;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.MutableClock;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JwtExchangeTest {

  private static final byte[] KEY =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final String ISSUER = "https://issuer.example";

  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final InMemorySessionStore store =
      InMemorySessionStore.builder().copyOnRead(true).build();
  private final AtomicReference<Instant> passwordChangedAt = new AtomicReference<>(Instant.MIN);
  private JwtExchange exchange;
  private Node node;
  private Node another;

  @BeforeEach
  void start() throws Exception {
    SessionManager manager = manager();
    exchange =
        JwtExchange.builder(manager, this::verified)
            .validIf(token -> token.issuedAt().isAfter(passwordChangedAt.get()))
            .build();
    node = new Node(manager, exchange);
    SessionManager other = manager();
    another = new Node(other, JwtExchange.builder(other, this::verified).build());
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
    another.close();
  }

  private SessionManager manager() {
    return SessionManager.builder(store)
        .clock(clock)
        .cleanUpInterval(Duration.ZERO)
        .sessionsPerPrincipal(3, WhenFull.REFUSE_NEWCOMER)
        .build();
  }

  private Optional<VerifiedToken> verified(String token) {
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      if (!JWSAlgorithm.HS256.equals(jwt.getHeader().getAlgorithm())
          || !jwt.verify(new MACVerifier(KEY))) {
        return Optional.empty();
      }
      JWTClaimsSet claims = jwt.getJWTClaimsSet();
      if (!ISSUER.equals(claims.getIssuer()) || !claims.getAudience().contains("shop")) {
        return Optional.empty();
      }
      return Optional.of(
          VerifiedToken.of(
              claims.getSubject(),
              claims.getIssuer(),
              claims.getJWTID(),
              claims.getIssueTime().toInstant(),
              claims.getExpirationTime().toInstant()));
    } catch (ParseException | JOSEException e) {
      return Optional.empty();
    }
  }

  private String bearer(String principal, String id) throws Exception {
    return bearer(principal, id, Duration.ofHours(1), KEY);
  }

  private String bearer(String principal, String id, Duration lifetime, byte[] key)
      throws Exception {
    Instant now = clock.instant();
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader(JWSAlgorithm.HS256),
            new JWTClaimsSet.Builder()
                .subject(principal)
                .issuer(ISSUER)
                .audience("shop")
                .jwtID(id)
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plus(lifetime)))
                .build());
    jwt.sign(new MACSigner(key));
    return "Bearer " + jwt.serialize();
  }

  @Test
  void token_isExchangedForASession() throws Exception {
    Node.Answer first = node.get("/", "Authorization", bearer("alice", "1"));
    assertThat(first.principal()).isEqualTo("alice");
    assertThat(first.result()).contains("exchanged");
    Node.Answer next = another.get("/", "Cookie", first.cookie().orElseThrow());
    assertThat(next.principal()).isEqualTo("alice");
    assertThat(next.result()).isEmpty();
    assertThat(exchange.counts().accepted()).isEqualTo(1);
  }

  @Test
  void token_replayed_opensNothing_onAnyNode_norAfterTheLogout() throws Exception {
    for (String id : new String[] {"1", null}) {
      String token = bearer("alice", id);
      Node.Answer first = node.get("/", "Authorization", token);
      for (Node each : List.of(node, another)) {
        Node.Answer replayed = each.get("/", "Authorization", token);
        assertThat(replayed.principal()).isEqualTo("anonymous");
        assertThat(replayed.result()).contains("spent");
        assertThat(replayed.cookie()).isEmpty();
      }
      node.get("/logout", "Cookie", first.cookie().orElseThrow());
      assertThat(another.get("/", "Authorization", token).principal()).isEqualTo("anonymous");
      clock.advance(Duration.ofSeconds(1));
    }
  }

  /** Two bits of the last character of a signature of 32 bytes mean nothing. */
  @Test
  void signatureWrittenInAnotherWay_isTheSameToken() throws Exception {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    String token = bearer("alice", null);
    int last = alphabet.indexOf(token.charAt(token.length() - 1));
    String another = token.substring(0, token.length() - 1) + alphabet.charAt(last + 1);
    assertThat(verified(another.substring("Bearer ".length()))).as("the verifier").isPresent();
    assertThat(node.get("/", "Authorization", token).result()).contains("exchanged");
    assertThat(node.get("/", "Authorization", another).result()).contains("spent");
  }

  @Test
  void fiftyRequestsAtOnce_makeOneSession() throws Exception {
    String token = bearer("alice", "1");
    List<CompletableFuture<Node.Answer>> answers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      answers.add((i % 2 == 0 ? node : another).send("/", "Authorization", token));
    }
    long loggedIn = 0;
    for (CompletableFuture<Node.Answer> answer : answers) {
      loggedIn += answer.get().principal().equals("alice") ? 1 : 0;
    }
    assertThat(loggedIn).isEqualTo(1);
    assertThat(node.manager().sessionsOf("alice")).hasSize(1);
  }

  @Test
  void wrongToken_isRefused() throws Exception {
    byte[] anotherKey = "fedcba9876543210fedcba9876543210".getBytes(StandardCharsets.US_ASCII);
    for (String header :
        List.of(
            bearer("alice", "1", Duration.ofHours(1), anotherKey),
            bearer("alice", "1", Duration.ofSeconds(-1), KEY),
            bearer("alice", "1", Duration.ofDays(401), KEY),
            "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
            "Bearer x",
            "bearer \u00e4")) {
      Node.Answer answer = node.get("/", "Authorization", header);
      assertThat(answer.principal()).isEqualTo("anonymous");
      assertThat(answer.result()).contains("refused");
      assertThat(answer.cookie()).isEmpty();
    }
    assertThat(exchange.counts().refused()).isEqualTo(6);
  }

  @Test
  void otherCredentials_areLeftAlone() throws Exception {
    for (String header : List.of("Basic YTpi", "Bearer", "Bearer  ", "Digest x")) {
      Node.Answer answer = node.get("/", "Authorization", header);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.result()).isEmpty();
    }
  }

  @Test
  void anotherSite_exchangesNothing() throws Exception {
    String token = bearer("mallory", "1");
    Node.Answer forced = node.get("/", "Authorization", token, "Sec-Fetch-Site", "cross-site");
    assertThat(forced.principal()).isEqualTo("anonymous");
    assertThat(forced.result()).isEmpty();
    assertThat(node.get("/", "Authorization", token).principal()).isEqualTo("mallory");
  }

  @Test
  void freshLogin_isNotClaimed_forAnOldToken() throws Exception {
    String token = bearer("alice", "1");
    String recent = bearer("bob", "2");
    clock.advance(Duration.ofSeconds(59));
    String bobs = node.get("/", "Authorization", recent).cookie().orElseThrow();
    assertThat(node.get("/recent", "Cookie", bobs).principal()).isEqualTo("true");
    clock.advance(Duration.ofMinutes(5));
    assertThat(node.get("/recent", "Authorization", token).principal()).isEqualTo("false");
    Instant loginAt = node.manager().sessionsOf("alice").get(0).authenticatedAt().orElseThrow();
    assertThat(loginAt).isEqualTo(clock.instant().minusSeconds(359));
  }

  @Test
  void tokenFromAFastClock_isALoginOfNow_andOneFromBefore1970OfThen() throws Exception {
    AtomicReference<Instant> issuedAt = new AtomicReference<>(clock.instant().plusSeconds(60));
    SessionManager manager = manager();
    Instant expiry = clock.instant().plusSeconds(3_600);
    TokenVerifier verifier =
        token -> Optional.of(VerifiedToken.of("carol", ISSUER, token, issuedAt.get(), expiry));
    Node own = new Node(manager, JwtExchange.builder(manager, verifier).build());
    try {
      assertThat(own.get("/recent", "Authorization", "Bearer 1").principal()).isEqualTo("true");
      issuedAt.set(Instant.EPOCH.minusSeconds(1));
      assertThat(own.get("/recent", "Authorization", "Bearer 2").principal()).isEqualTo("false");
      assertThat(manager.sessionsOf("carol"))
          .extracting(session -> session.authenticatedAt().orElseThrow())
          .containsExactlyInAnyOrder(clock.instant().minusMillis(1), Instant.EPOCH);
    } finally {
      own.close();
    }
  }

  /** A verifier that allows for clocks that differ accepts a token a while longer. */
  @Test
  void tokenThatHasExpired_andIsStillVerified_isUsedUpByTheLogout() throws Exception {
    Instant later = clock.instant().plusSeconds(3_600);
    AtomicReference<Instant> expiry = new AtomicReference<>(later);
    SessionManager manager = manager();
    TokenVerifier verifier =
        token ->
            Optional.of(VerifiedToken.of("carol", ISSUER, token, clock.instant(), expiry.get()));
    Node own = new Node(manager, JwtExchange.builder(manager, verifier).build());
    try {
      String cookie = own.get("/", "Authorization", "Bearer 1").cookie().orElseThrow();
      expiry.set(clock.instant().minusSeconds(1));
      assertThat(own.get("/", "Authorization", "Bearer 2").result()).contains("refused");
      Node.Answer bye = own.get("/logout", "Cookie", cookie, "Authorization", "Bearer 2");
      assertThat(bye.status()).isEqualTo(200);
      assertThat(manager.sessionsOf("carol")).isEmpty();
      expiry.set(later);
      assertThat(own.get("/", "Authorization", "Bearer 2").result()).contains("spent");
    } finally {
      own.close();
    }
  }

  /** A program that keeps no cookie: otherwise it would be logged in for one request. */
  @Test
  void program_getsTheSessionsTokenInAHeader() throws Exception {
    SessionManager manager = manager();
    JwtExchange forPrograms =
        JwtExchange.builder(manager, this::verified).transport(SessionTransport.HEADER).build();
    Node own = new Node(manager, forPrograms, filter -> filter.header(SessionHeader.bearer()));
    try {
      Node.Answer first = own.get("/", "Authorization", bearer("alice", "1"));
      assertThat(first.principal()).isEqualTo("alice");
      assertThat(first.result()).contains("exchanged");
      assertThat(first.cookies()).isEmpty();
      String ours = "Bearer " + first.token().orElseThrow();
      Node.Answer next = own.get("/", "Authorization", ours);
      assertThat(next.principal()).isEqualTo("alice");
      assertThat(next.result()).isEmpty();
      own.get("/logout", "Authorization", ours);
      assertThat(own.get("/", "Authorization", bearer("alice", "1")).result()).contains("spent");
    } finally {
      own.close();
    }
  }

  @Test
  void loggedInAlready_keepsTheSession() throws Exception {
    String cookie = node.get("/", "Authorization", bearer("alice", "1")).cookie().orElseThrow();
    Node.Answer answer = node.get("/", "Cookie", cookie, "Authorization", bearer("bob", "2"));
    assertThat(answer.principal()).isEqualTo("alice");
    assertThat(answer.result()).isEmpty();
  }

  @Test
  void passwordChangedSince_isRefused() throws Exception {
    String token = bearer("alice", "1");
    passwordChangedAt.set(clock.instant());
    assertThat(node.get("/", "Authorization", token).result()).contains("refused");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void limitReached_isRefused_andTheTokenStaysGood() throws Exception {
    for (int i = 0; i < 3; i++) {
      node.get("/", "Authorization", bearer("alice", "full" + i));
    }
    String token = bearer("alice", "1");
    assertThat(node.get("/", "Authorization", token).result()).contains("refused");
    node.manager().revokeAllOf("alice");
    assertThat(node.get("/", "Authorization", token).principal()).isEqualTo("alice");
  }

  @Test
  void lifetime_outOfRange_isRefusedByTheBuilder() {
    JwtExchange.Builder builder = JwtExchange.builder(node.manager(), this::verified);
    for (Duration lifetime : List.of(Duration.ZERO, Duration.ofDays(401))) {
      assertThatThrownBy(() -> builder.maximumLifetime(lifetime))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("maximumLifetime must be positive and at most 400 days: " + lifetime);
    }
  }
}
