package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.CrossOriginPolicy;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the exchange does when something fails partway, or a request is made to mislead it. The
 * verifier accepts any token that names a user, so that the exchange alone decides.
 */
class JwtExchangeAttacksTest {

  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final FaultyStore store = FaultyStore.wrap(InMemorySessionStore.builder().build());
  private final AtomicReference<Duration> issuedIn = new AtomicReference<>(Duration.ZERO);
  private final AtomicReference<Optional<String>> ownId = new AtomicReference<>(Optional.empty());
  private final AtomicReference<Runnable> whileTesting = new AtomicReference<>(() -> {});
  private JwtExchange exchange;
  private Node node;

  @BeforeEach
  void start() throws Exception {
    SessionManager manager =
        SessionManager.builder(store).clock(clock).cleanUpInterval(Duration.ZERO).build();
    exchange =
        JwtExchange.builder(manager, this::verified)
            .validIf(
                token -> {
                  whileTesting.get().run();
                  return true;
                })
            .build();
    node = new Node(manager, exchange);
  }

  @AfterEach
  void stop() throws Exception {
    store.heal();
    node.close();
  }

  private Optional<VerifiedToken> verified(String token) {
    if (token.startsWith("broken.")) {
      throw new IllegalStateException("the verifier failed");
    }
    int dot = token.indexOf('.');
    Instant now = clock.instant();
    return dot <= 0
        ? Optional.empty()
        : Optional.of(
            new VerifiedToken(
                token.substring(0, dot),
                isEncrypted(token) ? ownId.get() : ownId.get().or(() -> Optional.of(token)),
                now.plus(issuedIn.get()),
                now.plus(Duration.ofHours(1))));
  }

  private static boolean isEncrypted(String token) {
    return token.split("\\.", -1).length == 5;
  }

  private Node.Answer present(String token, String... more) throws Exception {
    return node.get("/", withToken(token, more));
  }

  private static String[] withToken(String token, String... more) {
    String[] headers = new String[more.length + 2];
    headers[0] = "Authorization";
    headers[1] = "Bearer " + token;
    System.arraycopy(more, 0, headers, 2, more.length);
    return headers;
  }

  private static void assertUnanswered(Node.Answer answer, int status) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.result()).isEmpty();
    assertThat(answer.cookies()).isEmpty();
  }

  @Test
  void storeFails_betweenTheClaimAndTheLogin_is503_andTheTokenStaysGood() throws Exception {
    store.runAfter(StoreOperation.INSERT, () -> store.failBefore(StoreOperation.INSERT, 1));
    assertUnanswered(present("alice.1"), 503);
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
    assertThat(present("alice.1").result()).contains("exchanged");
    assertThat(present("alice.1").result()).contains("spent");
    assertThat(exchange.counts().failed()).isEqualTo(1);
  }

  @Test
  void storeStaysDown_afterTheClaim_theTokenIsSpent_andOpensNothing() throws Exception {
    store.runAfter(StoreOperation.INSERT, store::failAlways);
    assertUnanswered(present("alice.1"), 503);
    store.heal();
    assertThat(present("alice.1").result()).contains("spent");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void answerToTheClaimIsLost_theTokenIsExchanged() throws Exception {
    store.failAfter(StoreOperation.INSERT, 1);
    assertThat(present("alice.1").principal()).isEqualTo("alice");
    assertThat(present("alice.1").result()).contains("spent");
  }

  @Test
  void storeDown_is503_andTheTokenStaysGood() throws Exception {
    store.failAlways();
    assertUnanswered(present("alice.1"), 503);
    store.heal();
    assertThat(present("alice.1").result()).contains("exchanged");
  }

  @Test
  void verifierThatThrows_is503_andSpendsNothing() throws Exception {
    assertUnanswered(present("broken.1"), 503);
    assertThat(store.calls(StoreOperation.INSERT)).isZero();
    assertThat(exchange.counts().failed()).isEqualTo(1);
  }

  @Test
  void conditionThatThrows_afterTheLoginIsStored_leavesNoSession_andTheTokenStaysGood()
      throws Exception {
    // After the claim, then after the login.
    store.runAfter(StoreOperation.INSERT, () -> {});
    store.runAfter(
        StoreOperation.INSERT,
        () ->
            whileTesting.set(
                () -> {
                  throw new IllegalStateException("the condition failed");
                }));
    assertUnanswered(present("alice.1"), 503);
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
    whileTesting.set(() -> {});
    assertThat(present("alice.1").result()).contains("exchanged");
  }

  @Test
  void nameThatNoUserCanHave_isRefused_andLeavesNothing() throws Exception {
    for (String token : List.of("a".repeat(256) + ".1", "coatcheck-claim:a.1")) {
      Node.Answer answer = present(token);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.result()).contains("refused");
      assertThat(answer.principal()).isEqualTo("anonymous");
    }
    assertThat(store.calls(StoreOperation.INSERT)).isZero();
    assertThat(exchange.counts().failed()).isZero();
  }

  /** Some issuers give all tokens a blank id. */
  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t"})
  void blankId_isNoId(String blank) throws Exception {
    ownId.set(Optional.of(blank));
    for (String token : List.of("alice.1.x", "alice.2.x", "bob.1.x")) {
      assertThat(present(token).result()).contains("exchanged");
      assertThat(present(token).result()).contains("spent");
    }
    assertThat(present("alice.key.iv.text.tag").result()).contains("refused");
    VerifiedToken usual = VerifiedToken.of("alice", "issuer", blank, clock.instant(), Instant.MAX);
    assertThat(usual.uniqueId()).isEmpty();
  }

  @Test
  void hugeId_isOne() throws Exception {
    ownId.set(Optional.of("x".repeat(1_000_000)));
    assertThat(present("alice.1").result()).contains("exchanged");
    assertThat(present("alice.2").result()).contains("spent");
  }

  @Test
  void tokenThatExpiresMeanwhile_isRefused() throws Exception {
    whileTesting.set(() -> clock.advance(Duration.ofHours(2)));
    Node.Answer answer = present("alice.1");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.result()).contains("refused");
    assertThat(answer.principal()).isEqualTo("anonymous");
  }

  @ParameterizedTest
  @CsvSource({"301, refused", "300, exchanged", "-86400, exchanged"})
  void tokenFromTheFuture_isRefused_beyondWhatClocksDiffer(long seconds, String result)
      throws Exception {
    issuedIn.set(Duration.ofSeconds(seconds));
    assertThat(present("alice.1").result()).contains(result);
  }

  @Test
  void longHeader_isRefused() throws Exception {
    Node.Answer answer = present("x".repeat(7_000));
    assertThat(answer.result()).contains("refused");
    assertUnanswered(present("alice." + "x".repeat(100_000)), 400);
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void severalHeaders_areNotExchanged() throws Exception {
    assertUnanswered(present("alice.1", "Authorization", "Bearer alice.1"), 200);
    assertUnanswered(present("alice.1", "Authorization", "Basic YTpi"), 200);
    assertThat(store.calls(StoreOperation.INSERT)).isZero();
  }

  @Test
  void tokenBesideOurCookie_isUsedUpByTheLogout() throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    Node.Answer beside = present("alice.2", "Cookie", cookie);
    assertThat(beside.principal()).isEqualTo("alice");
    assertThat(beside.result()).isEmpty();

    node.get("/logout", "Cookie", cookie, "Authorization", "Bearer alice.2");

    Node.Answer after = present("alice.2");
    assertThat(after.result()).contains("spent");
    assertThat(after.principal()).isEqualTo("anonymous");
  }

  /** The other request has claimed the token, and fails after the logout. */
  @Test
  void tokenBesideOurCookie_isUsedUpByTheLogout_whileAnotherRequestTriesToExchangeIt()
      throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    store.runAfter(
        StoreOperation.INSERT,
        () -> {
          logOutWith(cookie, "alice.2");
          store.failBefore(StoreOperation.INSERT, 1);
        });
    assertUnanswered(present("alice.2"), 503);
    assertThat(present("alice.2").result()).contains("spent");
  }

  /** A thief who repeats the exchange without pause is under way at the logout. */
  @Test
  void tokenBesideOurCookie_isUsedUpByTheLogout_whileAnotherRequestExchangesIt() throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    store.runAfter(StoreOperation.INSERT, () -> logOutWith(cookie, "alice.2"));
    Node.Answer thief = present("alice.2");
    assertThat(thief.principal()).isEqualTo("anonymous");
    assertThat(thief.result()).contains("refused");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
    assertThat(present("alice.2").result()).contains("spent");
  }

  /** A thief could hold the token so, since the limit refuses each login. */
  @Test
  void tokenBesideOurCookie_isUsedUpByTheLogout_whileALimitRefusesAnotherRequest()
      throws Exception {
    SessionManager limited =
        SessionManager.builder(store)
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .sessionsPerPrincipal(1, WhenFull.REFUSE_NEWCOMER)
            .build();
    String cookie = present("alice.1").cookie().orElseThrow();
    store.runAfter(StoreOperation.ADMIT, () -> logOutWith(cookie, "alice.2"));
    Node full = new Node(limited, JwtExchange.builder(limited, this::verified).build());
    try {
      assertThat(full.get("/", withToken("alice.2")).result()).contains("refused");
      assertThat(present("alice.2").result()).contains("spent");
    } finally {
      full.close();
    }
  }

  private void logOutWith(String cookie, String token) {
    try {
      assertThat(node.get("/logout", withToken(token, "Cookie", cookie)).status()).isEqualTo(200);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void tokenBesideOurCookie_isUsedUpByALogout_thatCannotBeAnswered() throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    Node.Answer failed =
        node.get("/logout-fails", "Cookie", cookie, "Authorization", "Bearer alice.2");
    assertThat(failed.status()).isEqualTo(500);
    assertThat(present("alice.2").result()).contains("spent");
  }

  /** Each goes on after the filters have returned. */
  @ParameterizedTest
  @ValueSource(strings = {"/logout-by-thread", "/logout-by-dispatch", "/logout-by-error-page"})
  void tokenBesideOurCookie_isUsedUpByALogout_afterTheFilters(String path) throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    node.get(path, "Cookie", cookie, "Authorization", "Bearer alice.2");
    assertThat(node.get("/", "Cookie", cookie).principal()).isEqualTo("anonymous");
    assertThat(present("alice.2").result()).contains("spent");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/logout", "/logout-late"})
  void tokenThatCannotBeUsedUp_letsTheLogoutEndNothing(String path) throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    store.failBefore(StoreOperation.INSERT, 1);
    Optional<Integer> status =
        node.send(path, "Cookie", cookie, "Authorization", "Bearer alice.2")
            .thenApply(answer -> Optional.of(answer.status()))
            // The response that had begun is cut off.
            .exceptionally(cutOff -> Optional.empty())
            .get();
    assertThat(status).isEqualTo(path.equals("/logout") ? Optional.of(503) : Optional.empty());
    assertThat(node.get("/", "Cookie", cookie).principal()).isEqualTo("alice");
    assertThat(exchange.counts().failed()).isEqualTo(1);

    node.get("/logout", "Cookie", cookie, "Authorization", "Bearer alice.2");
    assertThat(present("alice.2").result()).contains("spent");
  }

  @Test
  void tokenThatWouldBeRefusedNow_isUsedUpByTheLogoutToo() throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    issuedIn.set(Duration.ofMinutes(6));
    node.get("/logout", "Cookie", cookie, "Authorization", "Bearer alice.2");
    issuedIn.set(Duration.ZERO);
    assertThat(present("alice.2").result()).contains("spent");
  }

  @Test
  void tokenThatWouldBeRefusedNow_isUsedUpByALogout_withoutASession() throws Exception {
    issuedIn.set(Duration.ofMinutes(6));
    assertThat(node.get("/logout", "Authorization", "Bearer alice.2").result()).contains("refused");
    issuedIn.set(Duration.ZERO);
    assertThat(present("alice.2").result()).contains("spent");
  }

  @Test
  void verifierThatThrows_letsTheLogoutEndNothing() throws Exception {
    String cookie = present("alice.1").cookie().orElseThrow();
    Node.Answer failed = node.get("/logout", "Cookie", cookie, "Authorization", "Bearer broken.1");
    assertThat(failed.status()).isEqualTo(503);
    assertThat(node.get("/", "Cookie", cookie).principal()).isEqualTo("alice");
  }

  /** Its text can be written in several ways, and nothing else tells two of them apart. */
  @Test
  void encryptedToken_withoutAUniqueId_isRefused() throws Exception {
    Node.Answer answer = present("alice.key.iv.text.tag");
    assertThat(answer.result()).contains("refused");
    assertThat(answer.principal()).isEqualTo("anonymous");
  }

  @Test
  void tokenThatComesWithTheLogoutAlone_isSpent() throws Exception {
    assertThat(node.get("/logout", "Authorization", "Bearer alice.1").result())
        .contains("exchanged");
    assertThat(present("alice.1").result()).contains("spent");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "__Host-session=x", "__Host-session="})
  void tokenBesideACookieThatOpensNothing_isExchanged(String cookie) throws Exception {
    assertThat(present("alice.1", "Cookie", cookie).result()).contains("exchanged");
  }

  @ParameterizedTest
  @CsvSource({
    "Sec-Fetch-Site, cross-site",
    "Sec-Fetch-Site, same-site",
    "Sec-Fetch-Site, Same-Origin",
    "Sec-Fetch-Site, ''",
    "Origin, https://evil.example",
    "Origin, https://localhost.evil.example",
    "Origin, https://evil.example/localhost",
    "Origin, null",
    "Origin, localhost",
    "Origin, ://"
  })
  void anotherSite_exchangesNothing(String header, String value) throws Exception {
    assertUnanswered(present("mallory.1", header, value), 200);
    assertThat(store.calls(StoreOperation.INSERT)).isZero();
    assertThat(exchange.counts().refused()).isEqualTo(1);
  }

  @Test
  void trustedOrigins_areTheApplicationsOwn() throws Exception {
    SessionManager manager =
        SessionManager.builder(store).clock(clock).cleanUpInterval(Duration.ZERO).build();
    CrossOriginPolicy policy =
        CrossOriginPolicy.builder()
            .trustedOrigin("https://app.example")
            .publicOrigin("https://api.example")
            .build();
    Node api =
        new Node(
            manager,
            JwtExchange.builder(manager, this::verified).build(),
            filter -> filter.crossOrigin(policy));
    try {
      String[][] accepted = {
        {"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"},
        {"Origin", "https://app.example"},
        {"Origin", "https://api.example"}
      };
      String[][] refused = {
        {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
        {"Sec-Fetch-Site", "cross-site", "Origin", "https://api.example"},
        {"Sec-Fetch-Site", "cross-site"},
        {"Origin", "http://localhost"},
        {"Origin", "http://app.example"}
      };
      int number = 0;
      for (String[] headers : accepted) {
        assertThat(api.get("/", withToken("alice." + ++number, headers)).result())
            .as("%s", List.of(headers))
            .contains("exchanged");
      }
      for (String[] headers : refused) {
        assertThat(api.get("/", withToken("alice." + ++number, headers)).result())
            .as("%s", List.of(headers))
            .isEmpty();
      }
    } finally {
      api.close();
    }
  }

  @Test
  void severalSites_exchangeNothing() throws Exception {
    assertUnanswered(
        present("mallory.1", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"), 200);
  }

  @ParameterizedTest
  @CsvSource({
    "Sec-Fetch-Site, same-origin",
    "Sec-Fetch-Site, none",
    "Origin, http://localhost",
    "Origin, https://LOCALHOST:8443"
  })
  void ownSite_exchanges(String header, String value) throws Exception {
    assertThat(present("alice.1", header, value).result()).contains("exchanged");
  }

  @Test
  void answers_dependOnTheToken_forCaches() throws Exception {
    for (String token : List.of("alice.1", "alice.1", "x")) {
      assertThat(present(token).varies()).contains("Authorization");
    }
  }
}
