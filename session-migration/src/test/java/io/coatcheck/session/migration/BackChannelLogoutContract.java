package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A provider posts logout tokens to an application on two nodes with one store. */
abstract class BackChannelLogoutContract {

  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private final List<RelyingParty> nodes = new ArrayList<>();
  private IdentityProvider provider;
  private FaultyStore faulty;
  private RelyingParty node;
  private RelyingParty another;

  /** Returns a store for each of two nodes, with the same sessions, which are empty at first. */
  abstract List<SessionStore> stores();

  @BeforeEach
  void start() throws Exception {
    provider = new IdentityProvider(clock);
    List<SessionStore> stores = stores();
    faulty = FaultyStore.wrap(stores.get(0));
    node = node(faulty);
    another = node(stores.get(1));
  }

  private RelyingParty node(SessionStore store) throws Exception {
    return node(store, Duration.ZERO);
  }

  private RelyingParty node(SessionStore store, Duration renewInterval) throws Exception {
    SessionManager manager =
        SessionManager.builder(store)
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .renewInterval(renewInterval)
            .listener(events::add)
            .build();
    ProviderTokens tokens = new ProviderTokens(provider);
    RelyingParty started =
        new RelyingParty(
            manager, BackChannelLogout.builder(manager, tokens::logout).build(), tokens);
    nodes.add(started);
    return started;
  }

  @AfterEach
  void stop() throws Exception {
    for (RelyingParty each : nodes) {
      each.close();
    }
    provider.close();
  }

  private String logIn(RelyingParty at, String subject, String sid) throws Exception {
    return at.logIn(provider.idToken(subject, sid)).orElseThrow();
  }

  private String ofSubject(String subject) throws Exception {
    return provider.logoutToken(claims -> claims.subject(subject));
  }

  private void nextSecond() {
    clock.advance(Duration.ofSeconds(1));
  }

  @Test
  void subject_endsAllItsSessions_onEveryNode() throws Exception {
    String first = logIn(node, "alice", "s1");
    String second = logIn(another, "alice", "s2");
    String bob = logIn(another, "bob", "s3");
    HttpResponse<String> answer = node.post(ofSubject("alice"));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    assertThat(answer.headers().firstValue("Set-Cookie")).isEmpty();
    for (RelyingParty each : nodes) {
      assertThat(each.user(first)).isEqualTo("anonymous");
      assertThat(each.user(second)).isEqualTo("anonymous");
      assertThat(each.user(bob)).isEqualTo("bob");
    }
  }

  /** A renewal replaces the secret and the id that is shown, and the record of the login stays. */
  @Test
  void sid_endsItsSession_afterARenewal() throws Exception {
    RelyingParty renewing = node(faulty, Duration.ofMinutes(10));
    String cookie = logIn(renewing, "alice", "s1");
    clock.advance(Duration.ofMinutes(11));
    String renewed =
        RelyingParty.send(renewing.request("/").header("Cookie", cookie).build())
            .headers()
            .firstValue("Set-Cookie")
            .map(header -> header.substring(0, header.indexOf(';')))
            .orElseThrow();
    assertThat(another.user(renewed)).isEqualTo("alice");
    String token = provider.logoutToken(claims -> claims.claim("sid", "s1"));
    assertThat(another.post(token).statusCode()).isEqualTo(200);
    assertThat(renewing.user(renewed)).isEqualTo("anonymous");
  }

  @Test
  void sid_endsItsSessionsOnly_withAndWithoutASubject() throws Exception {
    List<UnaryOperator<JWTClaimsSet.Builder>> kinds =
        List.of(
            claims -> claims.claim("sid", "s1"),
            claims -> claims.claim("sid", "s1").subject("alice"));
    for (UnaryOperator<JWTClaimsSet.Builder> kind : kinds) {
      String ended = logIn(node, "alice", "s1");
      String alsoEnded = logIn(another, "alice", "s1");
      String kept = logIn(node, "alice", "s2");
      assertThat(another.post(provider.logoutToken(kind)).statusCode()).isEqualTo(200);
      assertThat(node.user(ended)).isEqualTo("anonymous");
      assertThat(node.user(alsoEnded)).isEqualTo("anonymous");
      assertThat(node.user(kept)).isEqualTo("alice");
      nextSecond();
    }
  }

  @Test
  void sidWithoutARecordedLogin_endsTheSessionsOfTheSubject() throws Exception {
    String cookie = logIn(node, "alice", null);
    String token = provider.logoutToken(claims -> claims.claim("sid", "s9").subject("alice"));
    assertThat(node.post(token).statusCode()).isEqualTo(200);
    assertThat(node.user(cookie)).isEqualTo("anonymous");
  }

  /** A user who has logged out already counts as logged out: section 2.7. */
  @Test
  void tokenThatEndsNothing_isAnsweredAsDone_andReported() throws Exception {
    List<String> tokens =
        List.of(
            ofSubject("carol"),
            provider.logoutToken(claims -> claims.claim("sid", "s9")),
            provider.logoutToken(claims -> claims.claim("sid", "s9").subject("carol")));
    for (String token : tokens) {
      events.clear();
      assertThat(node.post(token).statusCode()).isEqualTo(200);
      assertThat(events)
          .hasOnlyElementsOfType(SessionEvent.ForeignCredential.class)
          .extracting(event -> ((SessionEvent.ForeignCredential) event).outcome())
          .containsExactly(CredentialOutcome.UNMATCHED);
    }
    assertThat(node.endpoint().counts().unmatched()).isEqualTo(3);
    assertThat(node.endpoint().counts().accepted()).isZero();
    nextSecond();
    logIn(another, "carol", "s10");
    nextSecond();
    node.post(provider.logoutToken(claims -> claims.claim("sid", "s10")));
    assertThat(node.endpoint().counts().accepted()).isEqualTo(1);
  }

  @Test
  void sid_endsItsSession_alsoAfterLaterLoginsHaveProlongedThat() throws Exception {
    String cookie = logIn(node, "alice", "s1");
    Instant beyond = clock.instant().plus(Duration.ofHours(13));
    while (clock.instant().isBefore(beyond)) {
      clock.advance(Duration.ofMinutes(29));
      cookie = another.logInAgain(cookie);
    }
    node.manager().cleanUp();
    assertThat(node.user(cookie)).isEqualTo("alice");
    assertThat(node.post(provider.logoutToken(claims -> claims.claim("sid", "s1"))).statusCode())
        .isEqualTo(200);
    assertThat(another.user(cookie)).isEqualTo("anonymous");
  }

  /** The provider also posts its token after a logout that began in the application. */
  @Test
  void sidWhoseSessionHasEnded_endsNoSessionsOfOtherSids() throws Exception {
    String ended = logIn(node, "alice", "s1");
    String other = logIn(node, "alice", "s2");
    String withoutSid = logIn(another, "alice", null);
    String underWay = provider.idToken("alice", "s3");
    node.logOut(ended);
    nextSecond();
    String token = provider.logoutToken(claims -> claims.claim("sid", "s1").subject("alice"));
    assertThat(another.post(token).statusCode()).isEqualTo(200);
    assertThat(node.user(other)).isEqualTo("alice");
    assertThat(node.user(withoutSid)).as("it may be of that sid").isEqualTo("anonymous");
    assertThat(node.logIn(underWay)).as("a login at the same time").isPresent();
  }

  @Test
  void sidWithoutARecordedLogin_thatOvertakesALoginWithoutASid_preventsIt() throws Exception {
    String underWay = provider.idToken("alice", null);
    nextSecond();
    node.post(provider.logoutToken(claims -> claims.claim("sid", "s9").subject("alice")));
    assertThat(another.logIn(underWay)).isEmpty();
  }

  @Test
  void tokenWithoutAnExpiry_isAccepted_forTwoMinutes_andWhatClocksDiffer() throws Exception {
    String cookie = logIn(node, "alice", "s1");
    String token = provider.logoutToken(claims -> claims.subject("alice").expirationTime(null));
    String late = provider.logoutToken(claims -> claims.subject("alice").expirationTime(null));
    clock.advance(Duration.ofMinutes(7).minusSeconds(1));
    assertThat(node.post(token).statusCode()).isEqualTo(200);
    assertThat(node.user(cookie)).isEqualTo("anonymous");
    assertThat(another.post(token).statusCode()).as("once more").isEqualTo(400);
    String later = logIn(node, "alice", "s2");
    clock.advance(Duration.ofSeconds(1));
    assertThat(another.post(late).statusCode()).isEqualTo(400);
    assertThat(node.user(later)).isEqualTo("alice");
  }

  @Test
  void replay_isRefused_onAnyNode_andEndsNoLaterSession() throws Exception {
    for (String token :
        List.of(ofSubject("alice"), provider.logoutToken(claims -> claims.claim("sid", "s1")))) {
      assertThat(node.post(token).statusCode()).isEqualTo(200);
      nextSecond();
      String later = logIn(node, "alice", "s1");
      for (RelyingParty each : nodes) {
        assertThat(each.post(token).statusCode()).isEqualTo(400);
        assertThat(each.user(later)).isEqualTo("alice");
      }
    }
  }

  @Test
  void twentyPostsOfOneTokenAtOnce_areAcceptedOnce() throws Exception {
    String cookie = logIn(node, "alice", "s1");
    String token = ofSubject("alice");
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add((i % 2 == 0 ? node : another).postLater(token));
    }
    int accepted = 0;
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      int status = answer.get().statusCode();
      assertThat(status).isIn(200, 400);
      accepted += status == 200 ? 1 : 0;
    }
    assertThat(accepted).isEqualTo(1);
    assertThat(node.user(cookie)).isEqualTo("anonymous");
  }

  @Test
  void wrongToken_isRefused_andEndsNothing() throws Exception {
    String cookie = logIn(node, "alice", "s1");
    JWTClaimsSet good = provider.logoutClaims(claims -> claims.subject("alice"));
    SignedJWT confused = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), good);
    confused.sign(new MACSigner(IdentityProvider.key().toRSAPublicKey().getEncoded()));
    Date tooLate = Date.from(clock.instant().plus(Duration.ofDays(2)));
    Date before = Date.from(clock.instant().minus(Duration.ofMinutes(5)));
    for (String token :
        List.of(
            IdentityProvider.sign(good, "logout+jwt", IdentityProvider.newKey()),
            confused.serialize(),
            new PlainJWT(good).serialize(),
            provider.idToken("alice", "s1"),
            IdentityProvider.sign(good, "at+jwt", IdentityProvider.key()),
            provider.logoutToken(claims -> claims.subject("alice").audience("another")),
            provider.logoutToken(claims -> claims.subject("alice").issuer("https://evil.example")),
            provider.logoutToken(claims -> claims.subject("alice").claim("nonce", "n")),
            provider.logoutToken(claims -> claims.subject("alice").claim("events", null)),
            provider.logoutToken(claims -> claims.subject("alice").jwtID(null)),
            provider.logoutToken(claims -> claims.subject("alice").jwtID(" ")),
            provider.logoutToken(claims -> claims),
            provider.logoutToken(claims -> claims.subject("alice").expirationTime(before)),
            provider.logoutToken(claims -> claims.subject("alice").expirationTime(tooLate)),
            provider.logoutToken(
                claims -> claims.subject("alice").issueTime(tooLate).expirationTime(tooLate)),
            "x")) {
      HttpResponse<String> answer = node.post(token);
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).isEqualTo("{\"error\":\"invalid_request\"}");
      assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    }
    assertThat(node.user(cookie)).isEqualTo("alice");
  }

  @Test
  void blankSid_isNoSessionOfTheProvider() throws Exception {
    String alice = logIn(node, "alice", "");
    String bob = logIn(node, "bob", "");
    assertThat(
            node.post(provider.logoutToken(claims -> claims.subject("alice").claim("sid", " ")))
                .statusCode())
        .isEqualTo(200);
    assertThat(
            node.post(provider.logoutToken(claims -> claims.subject("eve").claim("sid", "")))
                .statusCode())
        .isEqualTo(200);
    assertThat(node.user(alice)).isEqualTo("anonymous");
    assertThat(another.user(bob)).isEqualTo("bob");
  }

  @Test
  void malformedBody_isRefused() throws Exception {
    String cookie = logIn(node, "alice", "s1");
    String token = ofSubject("alice");
    for (String body :
        List.of(
            "",
            "token=" + token,
            "logout_token=",
            "logout_token=%zz",
            "logout_token=" + token + "&logout_token=" + token,
            "logout_token=" + "a".repeat(70_000),
            "padding=" + "a".repeat(70_000) + "&logout_token=" + token)) {
      assertThat(RelyingParty.send(node.form(body)).statusCode()).isEqualTo(400);
    }
    byte[] endless = new byte[70_000];
    HttpRequest chunked =
        node.request(RelyingParty.LOGOUT)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(endless)))
            .build();
    assertThat(RelyingParty.send(chunked).statusCode()).isEqualTo(400);
    HttpRequest json =
        node.request(RelyingParty.LOGOUT)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("logout_token=" + token))
            .build();
    assertThat(RelyingParty.send(json).statusCode()).isEqualTo(400);
    HttpRequest query =
        node.request(RelyingParty.LOGOUT + "?logout_token=" + token)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    assertThat(RelyingParty.send(query).statusCode()).isEqualTo(400);
    assertThat(node.user(cookie)).isEqualTo("alice");
    HttpRequest more =
        node.request(RelyingParty.LOGOUT)
            .header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
            .POST(HttpRequest.BodyPublishers.ofString("a=b&logout_token=" + token + "&c"))
            .build();
    assertThat(RelyingParty.send(more).statusCode()).as("others are ignored").isEqualTo(200);
    assertThat(node.user(cookie)).isEqualTo("anonymous");
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
  void otherMethod_is405(String method) throws Exception {
    HttpRequest request =
        node.request(RelyingParty.LOGOUT + "?logout_token=" + ofSubject("alice"))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    HttpResponse<String> answer = RelyingParty.send(request);
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("Allow")).contains("POST");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
  }

  @Test
  void logoutThatOvertakesALogin_preventsIt() throws Exception {
    List<UnaryOperator<JWTClaimsSet.Builder>> kinds =
        List.of(claims -> claims.subject("alice"), claims -> claims.claim("sid", "s1"));
    for (UnaryOperator<JWTClaimsSet.Builder> kind : kinds) {
      String underWay = provider.idToken("alice", "s1");
      nextSecond();
      assertThat(node.post(provider.logoutToken(kind)).statusCode()).isEqualTo(200);
      nextSecond();
      assertThat(another.logIn(underWay)).isEmpty();
      assertThat(another.manager().sessionsOf("alice")).isEmpty();
      assertThat(another.logIn(provider.idToken("alice", "s2"))).as("a later login").isPresent();
      node.manager().revokeAllOf("alice");
    }
  }

  @Test
  void loginAndLogoutAtOnce_leaveNoSession() throws Exception {
    for (int round = 0; round < 25; round++) {
      String sid = "round" + round;
      String idToken = provider.idToken("alice", sid);
      String token =
          provider.logoutToken(
              claims -> sid.length() % 2 == 0 ? claims.subject("alice") : claims.claim("sid", sid));
      CompletableFuture<Optional<String>> login = node.logInLater(idToken);
      CompletableFuture<HttpResponse<String>> logout = another.postLater(token);
      assertThat(logout.get().statusCode()).isEqualTo(200);
      login.get();
      assertThat(node.manager().sessionsOf("alice")).as("round %s", round).isEmpty();
      nextSecond();
    }
  }

  @Test
  void oldIdToken_logsNoUserIn() throws Exception {
    String old = provider.idToken("alice", "s1");
    clock.advance(Duration.ofHours(1));
    assertThat(node.logIn(old)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"INSERT", "FIND_BY_PRINCIPAL", "DELETE_BY_PRINCIPAL"})
  void failingStore_is503_andASecondPostWorks(String operation) throws Exception {
    String cookie = logIn(another, "alice", null);
    String token = ofSubject("alice");
    faulty.failBefore(StoreOperation.valueOf(operation), 1);
    HttpResponse<String> failed = node.post(token);
    assertThat(failed.statusCode()).isEqualTo(503);
    assertThat(failed.headers().firstValue("Retry-After")).isPresent();
    assertThat(failed.headers().firstValue("Cache-Control")).contains("no-store");
    assertThat(node.post(token).statusCode()).isEqualTo(200);
    assertThat(another.user(cookie)).isEqualTo("anonymous");
  }

  /** As if the node had died when the sessions had ended: the provider posts the token again. */
  @Test
  void failureBeforeTheTokenIsClaimed_losesNoLogout() throws Exception {
    String token = ofSubject("alice");
    faulty.runBefore(StoreOperation.INSERT, () -> {});
    faulty.failBefore(StoreOperation.INSERT, 1);
    assertThat(node.post(token).statusCode()).isEqualTo(503);
    nextSecond();
    String cookie = logIn(another, "alice", null);
    assertThat(node.post(token).statusCode()).isEqualTo(200);
    assertThat(another.user(cookie)).isEqualTo("anonymous");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void logoutBetweenALoginAndItsRecord_endsTheSession(boolean bySid) throws Exception {
    String idToken = provider.idToken("alice", "s1");
    FaultyStore.Pause stored = faulty.pauseAfter(StoreOperation.INSERT);
    CompletableFuture<Optional<String>> login = node.logInLater(idToken);
    stored.awaitReached();
    String token =
        provider.logoutToken(claims -> bySid ? claims.claim("sid", "s1") : claims.subject("alice"));
    assertThat(another.post(token).statusCode()).isEqualTo(200);
    stored.release();
    assertThat(login.get()).isEmpty();
    assertThat(another.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void loginWhoseRecordFails_leavesNoSession() throws Exception {
    faulty.runBefore(StoreOperation.INSERT, () -> {});
    faulty.failBefore(StoreOperation.INSERT, 1);
    assertThat(node.logIn(provider.idToken("alice", "s1"))).isEmpty();
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void whatBecameOfEachToken_isReported() throws Exception {
    logIn(node, "alice", "s1");
    events.clear();
    nextSecond();
    String token = ofSubject("alice");
    node.post(token);
    another.post(token);
    node.post("x");
    faulty.failBefore(StoreOperation.INSERT, 1);
    node.post(ofSubject("bob"));
    assertThat(events)
        .filteredOn(SessionEvent.ForeignCredential.class::isInstance)
        .containsExactly(
            reported(CredentialOutcome.ACCEPTED, Optional.of("alice")),
            reported(CredentialOutcome.SPENT, Optional.of("alice")),
            reported(CredentialOutcome.REFUSED, Optional.empty()),
            reported(CredentialOutcome.FAILED, Optional.empty()));
  }

  private SessionEvent reported(CredentialOutcome outcome, Optional<String> principal) {
    return new SessionEvent.ForeignCredential(
        clock.instant(), Optional.empty(), principal, CredentialKind.LOGOUT_TOKEN, outcome);
  }

  @Test
  void settings_outOfRange_areRefused() {
    BackChannelLogout.Builder builder =
        BackChannelLogout.builder(node.manager(), token -> Optional.empty());
    assertThatThrownBy(() -> builder.maximumLifetime(Duration.ofDays(31)))
        .hasMessage("maximumLifetime must be positive and at most 30 days: PT744H");
    assertThatThrownBy(() -> builder.maximumLifetime(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.maximumIdTokenAge(Duration.ofSeconds(59)))
        .hasMessage("maximumIdTokenAge must be between 1 minute and 1 day: PT59S");
    assertThatThrownBy(() -> builder.maximumIdTokenAge(Duration.ofHours(25)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void storeWithoutAnIndex_isRefused() {
    SessionStore unindexed =
        new InterceptingSessionStore(InMemorySessionStore.builder().build()) {
          @Override
          protected <T> T around(
              StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
            return call.get();
          }

          @Override
          public Optional<PrincipalIndex> principalIndex() {
            return Optional.empty();
          }
        };
    try (SessionManager manager = SessionManager.builder(unindexed).build()) {
      BackChannelLogout.Builder builder =
          BackChannelLogout.builder(manager, token -> Optional.empty());
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("PrincipalIndex");
    }
  }
}
