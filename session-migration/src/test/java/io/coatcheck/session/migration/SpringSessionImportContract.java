package io.coatcheck.session.migration;

import static io.coatcheck.session.migration.OldApplication.base64;
import static io.coatcheck.session.migration.OldApplication.cookie;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextImpl;

/** What the import promises, whatever keeps the old sessions and the new ones. */
abstract class SpringSessionImportContract {

  static final JavaSerializationCodec CODEC =
      JavaSerializationCodec.builder().allow(AllowListPreset.SPRING_SECURITY_FORM_LOGIN).build();

  private static final String CONTEXT = "SPRING_SECURITY_CONTEXT";

  /** Spring Session reads the time itself. */
  private final MutableClock clock = MutableClock.at(Instant.now());

  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private OldApplication<?> old;
  private FaultyStore store;
  private SpringSessionImport bridge;
  private Node node;
  private Node another;

  /** Returns an application with the sessions that {@link #oldSessions} reads. */
  abstract OldApplication<?> oldApplication() throws Exception;

  abstract SpringSessions oldSessions();

  /** Makes {@link #oldSessions} fail, or work again. */
  abstract void breakOldSessions(boolean isBroken) throws Exception;

  /** Returns a store for each of two nodes, with the same sessions. */
  abstract List<SessionStore> stores() throws Exception;

  @BeforeEach
  void start() throws Exception {
    old = oldApplication();
    List<SessionStore> both = stores();
    store = FaultyStore.wrap(both.get(0));
    SessionManager manager = manager(store);
    bridge = SpringSessionImport.builder(manager, oldSessions(), CODEC).build();
    JwtExchange exchange = JwtExchange.builder(manager, TwoBridges.verifier(clock)).build();
    node = new Node(manager, new TwoBridges(exchange, bridge));
    SessionManager other = manager(both.get(1));
    another = new Node(other, SpringSessionImport.builder(other, oldSessions(), CODEC).build());
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
    another.close();
  }

  private SessionManager manager(SessionStore kept) {
    return SessionManager.builder(kept)
        .clock(clock)
        .codec(CODEC)
        .policy(SessionPolicy.defaults())
        .cleanUpInterval(Duration.ZERO)
        .listener(events::add)
        .build();
  }

  private String loggedIn() {
    return old.begin(login("alice"));
  }

  /** Returns the attributes of a session that a user has logged in. */
  static Map<String, Object> login(String name) {
    return Map.of(CONTEXT, context(name), "cart", "three apples");
  }

  private static SecurityContextImpl context(String name) {
    return new SecurityContextImpl(
        UsernamePasswordAuthenticationToken.authenticated(
            name, null, AuthorityUtils.createAuthorityList("ROLE_USER")));
  }

  private String principal(Node asked, String cookies) throws Exception {
    Node.Answer answer = asked.get("/", "Cookie", cookies);
    assertThat(answer.status()).isEqualTo(200);
    return answer.principal();
  }

  @Test
  void session_isImported_withItsUserAndItsAttributes() throws Exception {
    String id = loggedIn();
    Node.Answer first = node.get("/", "Cookie", cookie(id));
    assertThat(first.principal()).isEqualTo("alice");
    String ours = first.cookie().orElseThrow();
    assertThat(ours).startsWith("__Host-session=");
    assertThat(principal(another, ours)).isEqualTo("alice");
    assertThat(another.get("/cart", "Cookie", ours).principal()).isEqualTo("three apples");
    assertThat(another.get("/names", "Cookie", ours).principal()).isEqualTo(CONTEXT + " cart");
    assertThat(bridge.counts().accepted()).isEqualTo(1);
    assertThat(events).filteredOn(SessionEvent.Authenticated.class::isInstance).hasSize(1);
    assertThat(events)
        .filteredOn(SessionEvent.ForeignCredential.class::isInstance)
        .singleElement()
        .isEqualTo(
            new SessionEvent.ForeignCredential(
                clock.instant(),
                Optional.of(node.manager().sessionsOf("alice").get(0).id()),
                Optional.of("alice"),
                CredentialKind.SPRING_SESSION,
                CredentialOutcome.ACCEPTED));
  }

  @Test
  void anonymousSession_keepsItsAttributes() throws Exception {
    String id = old.begin(Map.of("cart", "one pear"));
    Node.Answer answer = node.get("/cart", "Cookie", cookie(id));
    assertThat(answer.principal()).isEqualTo("one pear");
    assertThat(principal(another, answer.cookie().orElseThrow())).isEqualTo("anonymous");
  }

  @Test
  void requestOfAnotherSite_fromWhichOurCookieIsWithheld_importsNothing() throws Exception {
    String id = loggedIn();
    Node.Answer forced =
        node.get(
            "/", "Cookie", cookie(id), "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors");
    assertThat(forced.principal()).isEqualTo("anonymous");
    assertThat(forced.cookies()).as("nothing that would replace the client's own").isEmpty();
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
    Node.Answer link =
        another.get(
            "/",
            "Cookie",
            cookie(id),
            "Sec-Fetch-Site",
            "cross-site",
            "Sec-Fetch-Mode",
            "navigate",
            "Sec-Fetch-Dest",
            "document");
    assertThat(link.principal()).as("a link from another site").isEqualTo("alice");
  }

  @Test
  void twentyRequestsAtOnce_onTwoNodes_makeOneSession_andAllAreLoggedIn() throws Exception {
    String id = loggedIn();
    List<CompletableFuture<Node.Answer>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add((i % 2 == 0 ? node : another).send("/", "Cookie", cookie(id)));
    }
    List<String> cookies = new ArrayList<>();
    for (CompletableFuture<Node.Answer> answer : answers) {
      assertThat(answer.get().principal()).isEqualTo("alice");
      answer.get().cookie().ifPresent(cookies::add);
    }
    assertThat(node.manager().sessionsOf("alice")).hasSize(1);
    assertThat(cookies).as("responses with the new cookie").hasSize(1);
    assertThat(principal(another, cookies.get(0))).isEqualTo("alice");
  }

  @Test
  void oldCookie_opensNothing_onceTheNewOneIsInUse() throws Exception {
    String id = loggedIn();
    String ours = node.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    assertThat(principal(another, cookie(id)))
        .as("a request that was under way")
        .isEqualTo("alice");
    assertThat(principal(node, ours)).isEqualTo("alice");
    clock.advance(Duration.ofSeconds(11));
    for (Node each : List.of(node, another)) {
      Node.Answer stolen = each.get("/", "Cookie", cookie(id));
      assertThat(stolen.principal()).isEqualTo("anonymous");
      assertThat(stolen.cookies()).noneMatch(set -> set.startsWith("__Host-session=0"));
    }
    assertThat(principal(node, ours)).as("the owner").isEqualTo("alice");
    assertThat(bridge.counts().spent()).isEqualTo(1);
  }

  @Test
  void lostResponse_logsNoUserOut() throws Exception {
    String id = loggedIn();
    node.get("/", "Cookie", cookie(id));
    clock.advance(Duration.ofMinutes(2));
    Node.Answer again = another.get("/", "Cookie", cookie(id));
    assertThat(again.principal()).isEqualTo("alice");
    assertThat(principal(node, again.cookie().orElseThrow())).isEqualTo("alice");
    assertThat(node.manager().sessionsOf("alice")).hasSize(1);
  }

  @Test
  void oldCookie_isDeleted_aMinuteAfterTheImport() throws Exception {
    String id = loggedIn();
    String ours = node.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    String both = ours + "; " + cookie(id);
    clock.advance(Duration.ofSeconds(59));
    assertThat(node.get("/", "Cookie", both).cookies())
        .noneMatch(set -> set.startsWith("SESSION="));
    clock.advance(Duration.ofSeconds(1));
    assertThat(another.get("/", "Cookie", both).cookies())
        .filteredOn(set -> set.startsWith("SESSION=;"))
        .singleElement()
        .asString()
        .contains("Expires=Thu, 01 Jan 1970")
        .contains("Path=/");
    assertThat(node.get("/", "Cookie", ours).cookies())
        .noneMatch(set -> set.startsWith("SESSION="));
  }

  @Test
  void oldCookie_afterALogout_opensNothing_onAnyNode() throws Exception {
    String id = loggedIn();
    node.get("/", "Cookie", cookie(id));
    node.get("/logout", "Cookie", cookie(id));
    for (int round = 0; round < 2; round++) {
      clock.advance(Duration.ofHours(1));
      for (Node each : List.of(node, another)) {
        Node.Answer replayed = each.get("/", "Cookie", cookie(id));
        assertThat(replayed.principal()).isEqualTo("anonymous");
        assertThat(replayed.cookies()).singleElement().asString().startsWith("SESSION=;");
      }
    }
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void oldCookieBesideOurs_thatComesWithALogout_opensNothingAfterwards() throws Exception {
    String ours = node.get("/", "Cookie", cookie(loggedIn())).cookie().orElseThrow();
    String begunThereSince = cookie(loggedIn());
    node.get("/logout", "Cookie", ours + "; " + begunThereSince);
    for (Node each : List.of(node, another)) {
      assertThat(principal(each, begunThereSince)).isEqualTo("anonymous");
    }
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  private Node.Answer withToken(String... headers) throws Exception {
    List<String> all = new ArrayList<>(List.of("Authorization", "Bearer bob.1"));
    all.addAll(List.of(headers));
    return node.get("/", all.toArray(String[]::new));
  }

  @Test
  void tokenBesideTheOldCookie_logsItsUserIn_andALogoutUsesUpBoth() throws Exception {
    String alice = cookie(loggedIn());
    Node.Answer both = withToken("Cookie", alice);
    assertThat(both.principal()).isEqualTo("bob");
    assertThat(node.manager().sessionsOf("alice")).as("not imported").isEmpty();
    assertThat(bridge.counts().accepted()).isZero();
    node.get("/logout", "Cookie", both.cookie().orElseThrow() + "; " + alice);
    assertThat(withToken("Cookie", alice).principal()).isEqualTo("anonymous");
    assertThat(principal(another, alice)).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  /** The imported session is not the one that the client has by now. */
  @Test
  void oldCookieWhoseNewCookieWasLost_isUsedUpByTheLogoutOfAnotherSession() throws Exception {
    String alice = cookie(loggedIn());
    assertThat(principal(another, alice)).isEqualTo("alice");
    String ours = withToken().cookie().orElseThrow();
    node.get("/logout", "Cookie", ours + "; " + alice);
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
    clock.advance(Duration.ofMinutes(1));
    assertThat(principal(another, alice)).isEqualTo("anonymous");
  }

  @Test
  void storeThatStaysDown_partway_leavesTheCookieGood_forAMinuteLater() throws Exception {
    String id = loggedIn();
    store.runAfter(StoreOperation.INSERT, store::failAlways);
    assertThat(node.get("/", "Cookie", cookie(id)).status()).isEqualTo(503);
    store.heal();
    clock.advance(Duration.ofSeconds(59));
    Node.Answer tooEarly = another.get("/", "Cookie", cookie(id));
    assertThat(tooEarly.status()).isEqualTo(503);
    assertThat(tooEarly.cookies()).isEmpty();
    clock.advance(Duration.ofSeconds(1));
    assertThat(principal(another, cookie(id))).isEqualTo("alice");
    node.get("/logout", "Cookie", cookie(id));
    assertThat(principal(node, cookie(id))).isEqualTo("anonymous");
  }

  @Test
  void logoutInTheOldApplication_duringTheImport_isNotOvertaken() throws Exception {
    String id = loggedIn();
    store.runAfter(StoreOperation.INSERT, () -> old.logout(id));
    assertThat(principal(node, cookie(id))).isEqualTo("anonymous");
    assertThat(principal(another, cookie(id))).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void logoutInTheOldApplication_endsTheSession_whileTheClientHasOnlyTheOldCookie()
      throws Exception {
    String id = loggedIn();
    node.get("/", "Cookie", cookie(id));
    old.logout(id);
    assertThat(principal(another, cookie(id))).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void classOutsideOfTheAllowList_isNotDeserialized() throws Exception {
    String id = old.begin(Map.of(CONTEXT, context("alice"), "gadget", new Gadget(), "cart", "x"));
    int before = Gadget.RUNS.get();
    String ours = node.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    assertThat(node.get("/names", "Cookie", ours).principal()).isEqualTo(CONTEXT + " cart");
    assertThat(Gadget.RUNS).hasValue(before);
    assertThat(events)
        .filteredOn(SessionEvent.AttributeUndecodable.class::isInstance)
        .singleElement()
        .satisfies(
            event -> {
              var undecodable = (SessionEvent.AttributeUndecodable) event;
              assertThat(undecodable.attribute()).isEqualTo("gadget");
              assertThat(undecodable.problem()).contains(Gadget.class.getName());
            });
  }

  @Test
  void hugeValue_isLeftOut_andTheOthersAreKept() throws Exception {
    String id =
        old.begin(Map.of(CONTEXT, context("alice"), "huge", "x".repeat(2 << 20), "cart", "x"));
    String ours = node.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    assertThat(node.get("/names", "Cookie", ours).principal()).isEqualTo(CONTEXT + " cart");
    assertThat(events).filteredOn(SessionEvent.AttributeUndecodable.class::isInstance).hasSize(1);
  }

  @Test
  void failingDatabase_is503_andTheCookieStaysGood() throws Exception {
    String id = loggedIn();
    breakOldSessions(true);
    Node.Answer refused = node.get("/", "Cookie", cookie(id));
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.cookies()).isEmpty();
    breakOldSessions(false);
    assertThat(principal(node, cookie(id))).isEqualTo("alice");
  }

  @Test
  void failingStore_is503_andTheCookieStaysGood() throws Exception {
    for (boolean isAfterTheClaim : new boolean[] {false, true}) {
      String id = loggedIn();
      Runnable fails = () -> store.failBefore(StoreOperation.INSERT, 1);
      if (isAfterTheClaim) {
        store.runAfter(StoreOperation.INSERT, fails);
      } else {
        fails.run();
      }
      Node.Answer refused = node.get("/", "Cookie", cookie(id));
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.cookies()).isEmpty();
      assertThat(principal(another, cookie(id))).isEqualTo("alice");
    }
  }

  @Test
  void freshLogin_isNotClaimed_forAnOldSession() throws Exception {
    String id = loggedIn();
    clock.advance(Duration.ofMinutes(5));
    String ours = node.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    assertThat(node.get("/recent", "Cookie", ours).principal()).isEqualTo("false");
  }

  @Test
  void expiredSession_isRefused() throws Exception {
    String id = loggedIn();
    clock.advance(Duration.ofMinutes(31));
    assertThat(principal(node, cookie(id))).isEqualTo("anonymous");
    assertThat(bridge.counts().refused()).isEqualTo(1);
  }

  @Test
  void sessionFromBeforeTheUserWasSignedOutEverywhere_isRefused() throws Exception {
    SessionManager manager = manager(stores().get(0));
    String id = loggedIn();
    AtomicReference<Instant> signedOutAt = new AtomicReference<>(clock.instant().plusSeconds(60));
    List<String> asked = new CopyOnWriteArrayList<>();
    Node strict =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .validIf(
                    (user, loginAt) -> {
                      asked.add(user);
                      return loginAt.isAfter(signedOutAt.get());
                    })
                .build());
    try {
      assertThat(principal(strict, cookie(id))).isEqualTo("anonymous");
      assertThat(manager.sessionsOf("alice")).isEmpty();
      signedOutAt.set(clock.instant().minusSeconds(60));
      assertThat(principal(strict, cookie(id))).isEqualTo("alice");
      assertThat(asked)
          .as("again after the import is stored")
          .containsExactly("alice", "alice", "alice");
    } finally {
      strict.close();
    }
  }

  @Test
  void requestBesideTheImport_ofAUserWhoWasSignedOutMeanwhile_isNotLoggedIn() throws Exception {
    FaultyStore kept = FaultyStore.wrap(stores().get(0));
    SessionManager manager = manager(kept);
    String id = loggedIn();
    AtomicReference<Instant> signedOutAt = new AtomicReference<>(Instant.EPOCH);
    AtomicReference<CompletableFuture<Node.Answer>> beside = new AtomicReference<>();
    Node strict =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .validIf((user, loginAt) -> loginAt.isAfter(signedOutAt.get()))
                .build());
    try {
      Runnable asksBeside =
          () -> {
            beside.set(strict.send("/", "Cookie", cookie(id)));
            beside.get().join();
          };
      kept.runAfter(
          StoreOperation.INSERT,
          () -> {
            // After the claim, and before the session.
            signedOutAt.set(clock.instant());
            manager.revokeAllOf("alice");
            kept.runAfter(StoreOperation.INSERT, asksBeside);
          });
      assertThat(principal(strict, cookie(id))).isEqualTo("anonymous");
      assertThat(beside.get().get().principal()).isEqualTo("anonymous");
      assertThat(manager.sessionsOf("alice")).isEmpty();
    } finally {
      strict.close();
    }
  }

  @Test
  void userAndAttributes_areThoseThatTheApplicationChooses() throws Exception {
    SessionManager manager = manager(stores().get(0));
    Node choosing =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .principal(
                    attributes ->
                        attributes.containsKey("complete")
                            ? Optional.of("alice of " + attributes.get("cart"))
                            : Optional.empty())
                .attributes(name -> !name.equals(CONTEXT))
                .build());
    try {
      String half = old.begin(Map.of("cart", "one pear"));
      Node.Answer anonymous = choosing.get("/names", "Cookie", cookie(half));
      assertThat(anonymous.principal()).isEqualTo("cart");
      assertThat(principal(choosing, anonymous.cookie().orElseThrow())).isEqualTo("anonymous");
      String whole =
          old.begin(Map.of(CONTEXT, context("alice"), "cart", "one pear", "complete", "yes"));
      Node.Answer answer = choosing.get("/names", "Cookie", cookie(whole));
      assertThat(answer.principal()).isEqualTo("cart complete");
      assertThat(principal(choosing, answer.cookie().orElseThrow())).isEqualTo("alice of one pear");
    } finally {
      choosing.close();
    }
  }

  @Test
  void sessionOfWhichNothingIsKept_isUsedUpByALogoutToo() throws Exception {
    AtomicBoolean mayLogIn = new AtomicBoolean();
    SessionManager manager = manager(stores().get(0));
    Node strict =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .principal(attributes -> mayLogIn.get() ? Optional.of("alice") : Optional.empty())
                .attributes(name -> !name.equals(CONTEXT))
                .build());
    try {
      String left = old.begin(Map.of(CONTEXT, context("alice")));
      String kept = old.begin(Map.of(CONTEXT, context("alice")));
      assertThat(principal(strict, cookie(left))).isEqualTo("anonymous");
      assertThat(principal(strict, cookie(kept))).isEqualTo("anonymous");
      strict.get("/logout", "Cookie", cookie(left));
      mayLogIn.set(true);
      assertThat(principal(strict, cookie(left))).isEqualTo("anonymous");
      assertThat(principal(strict, cookie(kept))).isEqualTo("alice");
    } finally {
      strict.close();
    }
  }

  @Test
  void tooOldSession_isRefused() throws Exception {
    SessionManager manager = manager(stores().get(0));
    Node strict =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .maximumAge(Duration.ofMinutes(10))
                .build());
    try {
      String id = loggedIn();
      clock.advance(Duration.ofMinutes(11));
      assertThat(principal(strict, cookie(id))).isEqualTo("anonymous");
    } finally {
      strict.close();
    }
  }

  @Test
  void limitReached_isRefused_andTheCookieStaysGood() throws Exception {
    SessionManager manager =
        SessionManager.builder(stores().get(0))
            .clock(clock)
            .codec(CODEC)
            .sessionsPerPrincipal(1, WhenFull.REFUSE_NEWCOMER)
            .build();
    Node limited =
        new Node(manager, SpringSessionImport.builder(manager, oldSessions(), CODEC).build());
    try {
      String first = loggedIn();
      String second = loggedIn();
      assertThat(principal(limited, cookie(first))).isEqualTo("alice");
      assertThat(principal(limited, cookie(second))).isEqualTo("anonymous");
      assertThat(manager.sessionsOf("alice")).hasSize(1);
      manager.revokeAllOf("alice");
      assertThat(principal(limited, cookie(second))).isEqualTo("alice");
      assertThat(principal(limited, cookie(first))).as("revoked").isEqualTo("anonymous");
    } finally {
      limited.close();
    }
  }

  @Test
  void reuseOfTheOldCookie_endsTheSession_whereThatIsAskedFor() throws Exception {
    SessionManager manager =
        SessionManager.builder(stores().get(0)).clock(clock).codec(CODEC).endOnReuse(true).build();
    Node watchful =
        new Node(manager, SpringSessionImport.builder(manager, oldSessions(), CODEC).build());
    try {
      String id = loggedIn();
      String ours = watchful.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
      assertThat(principal(watchful, ours)).isEqualTo("alice");
      clock.advance(Duration.ofMinutes(2));
      assertThat(principal(watchful, cookie(id))).as("a thief").isEqualTo("anonymous");
      assertThat(principal(watchful, ours)).as("the owner").isEqualTo("anonymous");
    } finally {
      watchful.close();
    }
  }

  @Test
  void oldApplication_goesOnWithItsSessions() throws Exception {
    String id = loggedIn();
    String ours = node.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    node.get("/logout", "Cookie", ours);
    assertThat(old.attribute(id, "cart")).contains("three apples");
    String begunThere = loggedIn();
    assertThat(old.attribute(begunThere, "cart")).contains("three apples");
  }

  @Test
  void importedSession_isDeletedThere_ifAsked() throws Exception {
    SessionManager manager = manager(stores().get(0));
    Node deleting =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .deleteImported(true)
                .build());
    try {
      String id = loggedIn();
      assertThat(principal(deleting, cookie(id))).isEqualTo("alice");
      assertThat(old.attribute(id, "cart")).isEmpty();
      assertThat(principal(deleting, cookie(id))).as("under way").isEqualTo("alice");
    } finally {
      deleting.close();
    }
  }

  /** The record of the import is made by then, so it cannot be undone. */
  @Test
  void importedSession_thatCannotBeDeletedThere_costsNoLogin_andIsRetried() throws Exception {
    SessionManager manager = manager(store);
    Node deleting =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .deleteImported(true)
                .build());
    try {
      String id = loggedIn();
      store.runAfter(StoreOperation.UPDATE, this::breakOldSessionsNow);
      Node.Answer first = deleting.get("/", "Cookie", cookie(id));
      assertThat(first.principal()).isEqualTo("alice");
      breakOldSessions(false);
      assertThat(old.attribute(id, "cart")).as("is left").isPresent();
      String ours = first.cookie().orElseThrow();
      clock.advance(Duration.ofSeconds(10));
      assertThat(principal(deleting, ours + "; " + cookie(id))).isEqualTo("alice");
      assertThat(old.attribute(id, "cart")).as("is deleted").isEmpty();
    } finally {
      deleting.close();
    }
  }

  /** It opens nothing here any more, and must not open the old application either. */
  @Test
  void logout_deletesTheOldSessionThatComesWithIt_whereThatIsAskedFor() throws Exception {
    SessionManager manager = manager(store);
    Node deleting =
        new Node(
            manager,
            SpringSessionImport.builder(manager, oldSessions(), CODEC)
                .deleteImported(true)
                .build());
    try {
      String left = loggedIn();
      store.runAfter(StoreOperation.UPDATE, this::breakOldSessionsNow);
      String ours = deleting.get("/", "Cookie", cookie(left)).cookie().orElseThrow();
      breakOldSessions(false);
      String begunThereSince = loggedIn();
      deleting.get(
          "/logout", "Cookie", ours + "; " + cookie(left) + "; " + cookie(begunThereSince));
      assertThat(old.attribute(left, "cart")).as("could not be deleted before").isEmpty();
      assertThat(old.attribute(begunThereSince, "cart")).as("was not imported").isEmpty();
      String kept = loggedIn();
      String other = node.get("/", "Cookie", cookie(loggedIn())).cookie().orElseThrow();
      node.get("/logout", "Cookie", other + "; " + cookie(kept));
      assertThat(old.attribute(kept, "cart")).as("not asked for").isPresent();
    } finally {
      deleting.close();
    }
  }

  private void breakOldSessionsNow() {
    try {
      breakOldSessions(true);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void cookie_isReadInEachForm_andInNoOther() throws Exception {
    List<String> forms = List.of("%s", "base64", "base64.route", "base64route");
    for (String form : forms) {
      String id = loggedIn();
      String value =
          switch (form) {
            case "base64" -> base64(id);
            case "base64.route" -> base64(id) + ".node1";
            case "base64route" -> base64(id + ".node1");
            default -> id;
          };
      assertThat(principal(node, "SESSION=" + value)).as(form).isEqualTo("alice");
    }
    String id = loggedIn();
    for (String value :
        List.of(
            "",
            "x",
            "=",
            "....",
            base64(id + "x"),
            base64(id.toUpperCase(Locale.ROOT)),
            base64(id + " "),
            base64("' OR 1=1 --"),
            "A".repeat(4_000))) {
      assertThat(principal(node, "SESSION=" + value)).as(value).isEqualTo("anonymous");
    }
    assertThat(principal(node, "OTHER=" + base64(id))).isEqualTo("anonymous");
    assertThat(principal(node, "SESSION=x; " + cookie(id))).isEqualTo("alice");
  }

  @Test
  void ourToken_prevails_overTheOldCookie() throws Exception {
    String ours = node.get("/", "Cookie", cookie(loggedIn())).cookie().orElseThrow();
    String bob = old.begin(Map.of(CONTEXT, context("bob")));
    assertThat(principal(node, ours + "; " + cookie(bob))).isEqualTo("alice");
    assertThat(principal(node, "__Host-session=x; " + cookie(bob))).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("bob")).isEmpty();
  }

  @Test
  void unknownId_isRefused() throws Exception {
    assertThat(principal(node, cookie("0c5a4a3e-0000-4000-8000-000000000000")))
        .isEqualTo("anonymous");
    assertThat(bridge.counts().refused()).isEqualTo(1);
  }
}
