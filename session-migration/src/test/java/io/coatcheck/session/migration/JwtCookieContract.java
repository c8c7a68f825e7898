package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import jakarta.servlet.Filter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokens in a cookie, on two nodes of one container with one store. The verifier accepts any token
 * that names a user and has not expired, so that the exchange alone decides.
 */
abstract class JwtCookieContract {

  private static final String OURS = "__Host-session";

  final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final Instant expiry = clock.instant().plus(Duration.ofHours(1));
  private final FaultyStore store =
      FaultyStore.wrap(InMemorySessionStore.builder().copyOnRead(true).build());
  private final AtomicReference<Instant> signedOutAt = new AtomicReference<>(Instant.MIN);
  private final AtomicReference<Runnable> whileTesting = new AtomicReference<>(() -> {});
  private final List<SessionManager> managers = new ArrayList<>();

  /** What the verifier was given. */
  private final List<String> given = new CopyOnWriteArrayList<>();

  private JwtExchange exchange;
  private int node;
  private int another;

  abstract int startServer(SessionManager sessions, Filter exchange) throws Exception;

  abstract void stopServers() throws Exception;

  @BeforeEach
  void start() throws Exception {
    SessionManager manager = manager();
    exchange = builder(manager).build();
    node = startServer(manager, exchange);
    SessionManager other = manager();
    another = startServer(other, builder(other).build());
  }

  @AfterEach
  void stop() throws Exception {
    store.heal();
    stopServers();
    managers.forEach(SessionManager::close);
  }

  private SessionManager manager() {
    SessionManager manager =
        SessionManager.builder(store).clock(clock).cleanUpInterval(Duration.ZERO).build();
    managers.add(manager);
    return manager;
  }

  private JwtExchange.Builder builder(SessionManager manager) {
    return JwtExchange.builder(manager, this::verified)
        .cookieName("token")
        .validIf(
            token -> {
              whileTesting.get().run();
              return token.issuedAt().isAfter(signedOutAt.get());
            });
  }

  private Optional<VerifiedToken> verified(String token) {
    given.add(token);
    int dot = token.indexOf('.');
    if (token.startsWith("broken.")) {
      throw new IllegalStateException("the verifier failed");
    }
    return dot <= 0 || !expiry.isAfter(clock.instant())
        ? Optional.empty()
        : Optional.of(
            VerifiedToken.of(
                token.substring(0, dot),
                "issuer",
                token.substring(dot + 1),
                expiry.minus(Duration.ofHours(2)),
                expiry));
  }

  private ContainerSite.Answer get(int port, String path, String cookies, String... headers)
      throws Exception {
    return ContainerSite.send(port, path, cookies, headers).get();
  }

  private int sessionsOf(String user) {
    return managers.get(0).sessionsOf(user).size();
  }

  private static void assertCleared(ContainerSite.Answer answer) {
    assertThat(answer.cookies())
        .filteredOn(set -> set.startsWith("token="))
        .singleElement()
        .asString()
        .startsWith("token=;")
        .contains("Expires=Thu, 01 Jan 1970", "Path=/");
  }

  private static void assertKept(ContainerSite.Answer answer) {
    assertThat(answer.cookies()).noneMatch(set -> set.startsWith("token="));
  }

  @Test
  void token_isExchanged_andItsCookieDeletedByTheSameAnswer() throws Exception {
    ContainerSite.Answer first = get(node, "/", "token=alice.1");
    assertThat(first.body()).isEqualTo("alice");
    assertCleared(first);
    assertThat(get(another, "/", first.cookie(OURS)).body()).isEqualTo("alice");
    assertThat(get(another, "/recent", first.cookie(OURS)).body()).isEqualTo("false");
    assertThat(exchange.counts().accepted()).isEqualTo(1);
  }

  @Test
  void twentyRequestsAtOnce_onTwoNodes_makeOneSession_andAllAreLoggedIn() throws Exception {
    List<CompletableFuture<ContainerSite.Answer>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(ContainerSite.send(i % 2 == 0 ? node : another, "/", "token=alice.1"));
    }
    for (CompletableFuture<ContainerSite.Answer> answer : answers) {
      assertThat(answer.get().body()).isEqualTo("alice");
      assertCleared(answer.get());
    }
    assertThat(sessionsOf("alice")).isEqualTo(1);
  }

  @Test
  void copy_opensNothing_onceTheNewCookieIsInUse_andIsDeleted() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS);
    get(node, "/", ours);
    clock.advance(Duration.ofSeconds(11));
    ContainerSite.Answer copy = get(another, "/", "token=alice.1");
    assertThat(copy.body()).isEqualTo("anonymous");
    assertCleared(copy);
    assertThat(get(another, "/", ours).body()).isEqualTo("alice");
  }

  @Test
  void lostResponse_logsNoUserOut() throws Exception {
    get(node, "/", "token=alice.1");
    clock.advance(Duration.ofMinutes(2));
    ContainerSite.Answer again = get(another, "/", "token=alice.1");
    assertThat(again.body()).isEqualTo("alice");
    assertThat(get(node, "/", again.cookie(OURS)).body()).isEqualTo("alice");
    assertThat(sessionsOf("alice")).isEqualTo(1);
  }

  /** A client that never presents the new cookie must not use the token for longer than before. */
  @Test
  void expiredToken_opensNothing_evenIfItsSessionLives() throws Exception {
    get(node, "/", "token=alice.1");
    for (int i = 0; i < 3; i++) {
      clock.advance(Duration.ofMinutes(19));
      assertThat(get(node, "/", "token=alice.1").body()).isEqualTo("alice");
    }
    clock.advance(Duration.ofMinutes(3));
    assertThat(sessionsOf("alice")).as("the session lives").isEqualTo(1);
    assertThat(get(node, "/", "token=alice.1").body()).isEqualTo("anonymous");
  }

  @Test
  void token_opensNothing_afterTheLogout_wherever() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS);
    get(node, "/logout", ours);
    assertOpensNothing("alice.1");
  }

  @Test
  void tokenBesideOurCookie_isUsedUpByTheLogout_andDeleted() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS);
    ContainerSite.Answer beside = get(node, "/", ours + "; token=alice.2");
    assertThat(beside.body()).isEqualTo("alice");
    assertCleared(beside);
    get(node, "/logout", ours + "; token=alice.2");
    assertOpensNothing("alice.2");
  }

  @Test
  void tokenThatComesWithTheLogoutAlone_isSpent() throws Exception {
    get(node, "/logout", "token=alice.1");
    assertOpensNothing("alice.1");
  }

  @Test
  void tokenThatComesWithTheLogoutInTheHeader_opensNothingInTheCookie() throws Exception {
    get(node, "/", "token=alice.1");
    get(node, "/logout", "", "Authorization", "Bearer alice.1");
    assertThat(sessionsOf("alice")).as("before the token is presented again").isZero();
    assertOpensNothing("alice.1");
  }

  private void assertOpensNothing(String token) throws Exception {
    for (int port : List.of(node, another)) {
      assertThat(get(port, "/", "token=" + token).body()).isEqualTo("anonymous");
      assertThat(get(port, "/", "", "Authorization", "Bearer " + token).body())
          .isEqualTo("anonymous");
    }
    assertThat(sessionsOf("alice")).isZero();
  }

  @Test
  void tokenThatWasExchangedInTheHeader_opensNothingInTheCookie() throws Exception {
    assertThat(get(node, "/", "", "Authorization", "Bearer alice.1").body()).isEqualTo("alice");
    assertThat(get(another, "/", "token=alice.1").body()).isEqualTo("anonymous");
    assertThat(sessionsOf("alice")).isEqualTo(1);
  }

  @Test
  void tokenThatWasExchangedInTheCookie_opensNothingInTheHeader() throws Exception {
    get(node, "/", "token=alice.1");
    assertThat(get(another, "/", "", "Authorization", "Bearer alice.1").body())
        .isEqualTo("anonymous");
    assertThat(get(node, "/", "token=alice.1").body())
        .as("nor does the attempt end the session")
        .isEqualTo("alice");
  }

  /** The header's exchange has left its record, and not yet looked for the cookie's. */
  @Test
  void tokenInTheCookie_whileItIsExchangedInTheHeader_makesNoSecondSession() throws Exception {
    store.runAfter(
        StoreOperation.INSERT,
        () -> {
          try {
            get(another, "/", "token=alice.1");
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    get(node, "/", "", "Authorization", "Bearer alice.1");
    assertThat(sessionsOf("alice")).isLessThan(2);
  }

  private void whileOneTokenIsHandled(ThrowingRequest other, Consumer<Runnable> at) {
    at.accept(
        () -> {
          try {
            other.send();
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }

  private interface ThrowingRequest {
    void send() throws Exception;
  }

  /** The cookie's session is stored, and its record is not. */
  @Test
  void tokenInTheHeader_beforeTheCookiesRecord_logsIn_andTheCookieOpensNothing() throws Exception {
    AtomicReference<ContainerSite.Answer> header = new AtomicReference<>();
    whileOneTokenIsHandled(
        () -> header.set(get(another, "/", "", "Authorization", "Bearer alice.1")),
        action -> store.runAfter(StoreOperation.INSERT, action));
    assertThat(get(node, "/", "token=alice.1").body()).isEqualTo("anonymous");
    assertThat(header.get().body()).isEqualTo("alice");
    assertThat(sessionsOf("alice")).isEqualTo(1);
  }

  /** The header has found no record of the cookie, and has none of its own. */
  @Test
  void tokenInTheCookie_beforeTheHeadersRecord_logsIn_andTheHeaderOpensNothing() throws Exception {
    AtomicReference<ContainerSite.Answer> first = new AtomicReference<>();
    whileOneTokenIsHandled(
        () -> first.set(get(another, "/", "token=alice.1")),
        action -> store.runBefore(StoreOperation.INSERT, action));
    assertThat(get(node, "/", "", "Authorization", "Bearer alice.1").body()).isEqualTo("anonymous");
    assertThat(first.get().body()).isEqualTo("alice");
    assertThat(get(node, "/", "token=alice.1").body())
        .as("nor does the header's attempt end the session")
        .isEqualTo("alice");
    assertThat(sessionsOf("alice")).isEqualTo(1);
  }

  /** After the condition was first tested, and the session is the client's own by now. */
  @Test
  void userWhoIsSignedOut_whileTheTokenIsStillAccepted_isNotLoggedIn() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS);
    get(node, "/", ours);
    assertThat(get(another, "/", "token=alice.1").body()).isEqualTo("alice");
    store.runBefore(StoreOperation.FIND, () -> signedOutAt.set(clock.instant()));
    assertThat(get(another, "/", "token=alice.1").body()).isEqualTo("anonymous");
    assertThat(sessionsOf("alice")).isZero();
  }

  /** Otherwise another host of the domain could keep the user's token from being used up. */
  @Test
  void tokenBesideAPlantedOne_isUsedUpByTheLogout() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS);
    get(node, "/logout", ours + "; token=mallory.1; token=alice.2");
    assertOpensNothing("alice.2");
    get(node, "/logout", "token=alice.3; token=mallory.2");
    assertOpensNothing("alice.3");
  }

  @Test
  void header_prevails_overTheCookie() throws Exception {
    // Each token has its own id: otherwise the second is used up by the first.
    assertThat(get(node, "/", "token=alice.1", "Authorization", "Bearer bob.2").body())
        .isEqualTo("bob");
    assertThat(get(node, "/", "token=alice.1", "Authorization", "Bearer " + "x").body())
        .isEqualTo("anonymous");
    assertThat(sessionsOf("alice")).isZero();
  }

  /** A verifier may log what it refuses. */
  @Test
  void ourToken_isNotGivenToTheVerifier_whereverItComes() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS).substring(OURS.length() + 1);
    assertThat(get(node, "/", "token=" + ours).status()).isEqualTo(200);
    assertThat(get(node, "/", "", "Authorization", "Bearer " + ours).status()).isEqualTo(200);
    assertThat(get(node, "/logout", "token=" + ours).status()).isEqualTo(200);
    assertThat(given).isNotEmpty().doesNotContain(ours);
  }

  @Test
  void otherCredentialsInTheHeader_doNotMatter() throws Exception {
    assertThat(get(node, "/", "token=alice.1", "Authorization", "Basic YTpi").body())
        .isEqualTo("alice");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", "", "\"", ".", "..", "....", "alice", "%00", "\u00e4", "Token=alice"})
  void malformedValue_opensNothing_andCallsNoStore(String value) throws Exception {
    long before = store.calls(StoreOperation.FIND);
    ContainerSite.Answer answer = get(node, "/", "token=" + value + "; TOKEN=alice.1");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("anonymous");
    assertKept(answer);
    assertThat(store.calls(StoreOperation.FIND)).isEqualTo(before);
  }

  /** One of them may have been planted by another host of the domain. */
  @Test
  void severalDifferentValues_areNotExchanged() throws Exception {
    assertThat(get(node, "/", "token=mallory.1; token=alice.1").body()).isEqualTo("anonymous");
    assertThat(get(node, "/", "token=alice.1; token=alice.1").body()).isEqualTo("alice");
  }

  @Test
  void anotherSite_exchangesNothing_butALinkDoes() throws Exception {
    for (String mode : List.of("no-cors", "cors")) {
      assertThat(
              get(
                      node,
                      "/",
                      "token=alice.1",
                      "Sec-Fetch-Site",
                      "cross-site",
                      "Sec-Fetch-Mode",
                      mode)
                  .body())
          .isEqualTo("anonymous");
    }
    assertThat(
            get(
                    node,
                    "/",
                    "token=alice.1",
                    "Sec-Fetch-Site",
                    "cross-site",
                    "Sec-Fetch-Mode",
                    "navigate",
                    "Sec-Fetch-Dest",
                    "document")
                .body())
        .isEqualTo("alice");
  }

  @Test
  void userWhoWasSignedOutSince_isRefused() throws Exception {
    signedOutAt.set(clock.instant());
    ContainerSite.Answer answer = get(node, "/", "token=alice.1");
    assertThat(answer.body()).isEqualTo("anonymous");
    assertKept(answer);
    assertThat(exchange.counts().refused()).isEqualTo(1);
    assertThat(store.calls(StoreOperation.INSERT)).as("the store is left alone").isZero();
  }

  @Test
  void userWhoIsSignedOutDuringTheExchange_isRefused() throws Exception {
    // After the first test of the condition.
    store.runAfter(StoreOperation.INSERT, () -> signedOutAt.set(clock.instant()));
    assertThat(get(node, "/", "token=alice.1").body()).isEqualTo("anonymous");
    assertThat(sessionsOf("alice")).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"broken.1", "alice.1"})
  void failure_is503_andTheTokenStaysGood(String token) throws Exception {
    if (token.startsWith("alice")) {
      store.failBefore(StoreOperation.INSERT, 1);
    }
    ContainerSite.Answer failed = get(node, "/", "token=" + token);
    assertThat(failed.status()).isEqualTo(503);
    assertThat(failed.cookies()).isEmpty();
    assertThat(exchange.counts().failed()).isEqualTo(1);
    assertThat(get(node, "/", "token=alice.1").body()).isEqualTo("alice");
  }

  @Test
  void cookieOfAnotherPathAndDomain_isDeletedThere() throws Exception {
    SessionManager own = manager();
    int port =
        startServer(
            own,
            builder(own)
                .cookieName("__Secure-token")
                .cookiePath("/api")
                .cookieDomain("shop.example")
                .build());
    assertThat(get(port, "/", "__Secure-token=alice.1").cookies())
        .filteredOn(set -> set.startsWith("__Secure-token=;"))
        .singleElement()
        .asString()
        .contains("Path=/api", "Domain=shop.example", "Secure");
  }

  /** It does so if the path or the domain is another than that of the cookie. */
  @Test
  void cookieThatTheBrowserKeeps_isDeletedForAMinute_andAgainAfterAnHour() throws Exception {
    String both = get(node, "/", "token=alice.1").cookie(OURS) + "; token=alice.1";
    assertCleared(get(node, "/", both));
    clock.advance(Duration.ofSeconds(59));
    assertCleared(get(node, "/", both));
    clock.advance(Duration.ofSeconds(1));
    for (int i = 0; i < 3; i++) {
      assertKept(get(node, "/", both));
      clock.advance(Duration.ofMinutes(19));
    }
    assertKept(get(node, "/", both));
    clock.advance(Duration.ofMinutes(2));
    ContainerSite.Answer later = get(node, "/", both);
    assertThat(later.body()).isEqualTo("alice");
    assertCleared(later);
  }

  /** It would log its user in again, silently, when the session has timed out. */
  @Test
  void anotherTokenInTheCookie_isDeleted_soonAfterTheFirst() throws Exception {
    String ours = get(node, "/", "token=alice.1").cookie(OURS);
    ContainerSite.Answer first = get(node, "/", ours + "; token=alice.1");
    assertCleared(first);
    clock.advance(Duration.ofMinutes(5));
    ContainerSite.Answer second = get(node, "/", ours + "; token=alice.2");
    assertThat(second.body()).isEqualTo("alice");
    assertCleared(second);
    assertKept(get(node, "/", ours + "; token=alice.1"));
  }

  @Test
  void copyThatTheBrowserKeeps_isDeletedForAMinute() throws Exception {
    get(node, "/logout", get(node, "/", "token=alice.1").cookie(OURS));
    assertCleared(get(node, "/", "token=alice.1"));
    clock.advance(Duration.ofMinutes(1));
    ContainerSite.Answer later = get(node, "/", "token=alice.1");
    assertThat(later.body()).isEqualTo("anonymous");
    assertKept(later);
  }

  /** Nothing was exchanged for it, so the client still needs it when that session has ended. */
  @Test
  void tokenBesideAnAnonymousSession_isKept() throws Exception {
    String ours = get(node, "/visit", "").cookie(OURS);
    ContainerSite.Answer beside = get(node, "/", ours + "; token=alice.1");
    assertThat(beside.body()).isEqualTo("anonymous");
    assertKept(beside);
    assertThat(get(node, "/", "token=alice.1").body()).isEqualTo("alice");
  }

  @Test
  void userWhoHasTooManySessions_isRefused_andTheTokenStaysGood() throws Exception {
    SessionManager limited =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .sessionsPerPrincipal(1, WhenFull.REFUSE_NEWCOMER)
            .build();
    managers.add(limited);
    int port = startServer(limited, builder(limited).build());
    get(port, "/", "token=alice.1");
    ContainerSite.Answer second = get(port, "/", "token=alice.2");
    assertThat(second.body()).isEqualTo("anonymous");
    assertKept(second);
    limited.revokeAllOf("alice");
    assertThat(get(port, "/", "token=alice.2").body()).isEqualTo("alice");
  }

  @Test
  void clearCookie_canBeSwitchedOff() throws Exception {
    SessionManager own = manager();
    int port = startServer(own, builder(own).clearCookie(false).build());
    ContainerSite.Answer answer = get(port, "/", "token=alice.1");
    assertThat(answer.body()).isEqualTo("alice");
    assertKept(answer);
    assertKept(get(port, "/", answer.cookie(OURS) + "; token=alice.1"));
  }

  @Test
  void withoutAName_noCookieIsRead() throws Exception {
    SessionManager own = manager();
    int port = startServer(own, JwtExchange.builder(own, this::verified).build());
    assertThat(get(port, "/", "token=alice.1").body()).isEqualTo("anonymous");
  }

  @Test
  void settingsThatContradict_areRefused() {
    JwtExchange.Builder builder = JwtExchange.builder(managers.get(0), this::verified);
    for (String name : List.of("", "a b", "a;b", "t\u00f6ken")) {
      assertThatThrownBy(() -> builder.cookieName(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("cookieName must be the name of a cookie: " + name);
    }
    assertThatThrownBy(builder.cookiePath("/api")::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cookiePath")
        .hasMessageContaining("cookieName");
    builder.cookieName("__Host-token");
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("__Host-");
  }
}
