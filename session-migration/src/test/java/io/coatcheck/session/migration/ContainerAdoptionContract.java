package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import jakarta.servlet.Filter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the adoption promises, in each container. */
abstract class ContainerAdoptionContract {

  static final String OURS = "__Host-session";

  /** The container reads the time itself. */
  final MutableClock clock = MutableClock.at(Instant.now());

  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  FaultyStore store;
  SessionManager manager;
  ContainerSessionAdoption bridge;
  private volatile String failing = "";
  private volatile Instant signedOutAt = Instant.EPOCH;
  int port;

  /** Returns a store whose sessions another store that it returns has too. */
  abstract SessionStore store();

  /** Starts a container, and returns its port. */
  abstract int startServer(SessionManager sessions, Filter adoption) throws Exception;

  abstract void stopServers() throws Exception;

  @BeforeEach
  void start() throws Exception {
    store = FaultyStore.wrap(store());
    manager = manager(store);
    bridge = adoption(manager);
    JwtExchange exchange = JwtExchange.builder(manager, TwoBridges.verifier(clock)).build();
    port = startServer(manager, new TwoBridges(exchange, bridge));
  }

  @AfterEach
  void stop() throws Exception {
    stopServers();
    manager.close();
  }

  SessionManager manager(SessionStore kept) {
    return SessionManager.builder(kept)
        .clock(clock)
        .cleanUpInterval(Duration.ZERO)
        .sessionsPerPrincipal(5, WhenFull.REFUSE_NEWCOMER)
        .listener(events::add)
        .build();
  }

  ContainerSessionAdoption adoption(SessionManager sessions) {
    return ContainerSessionAdoption.builder(
            sessions,
            old -> {
              failIf("function");
              return Optional.ofNullable((String) old.getAttribute("user"));
            })
        .attributes(name -> !name.equals("user"))
        .validIf(
            (user, loginAt) -> {
              failIf("condition");
              return loginAt.isAfter(signedOutAt);
            })
        .build();
  }

  private void failIf(String code) {
    if (code.equals(failing)) {
      throw new UncheckedIOException(new IOException("the database of the users is down"));
    }
  }

  ContainerSite.Answer get(String path, String cookies) throws Exception {
    return ContainerSite.send(port, path, cookies).get();
  }

  /** Logs in as before the move, and returns the container's cookie. */
  String oldLogin(String user) throws Exception {
    return get("/old/login?user=" + user, "").cookie("JSESSIONID");
  }

  @Test
  void session_isAdopted_withItsUserAndItsAttributes_andTheOldOneEnds() throws Exception {
    String old = oldLogin("alice");
    assertThat(get("/old/user", old).body()).as("roll-back before").isEqualTo("alice");
    ContainerSite.Answer first = get("/", old);
    assertThat(first.body()).isEqualTo("alice");
    String ours = first.cookie(OURS);
    assertThat(get("/cart", ours).body()).isEqualTo("three apples");
    assertThat(get("/secret", ours).body()).as("an attribute that is not kept").isEqualTo("null");
    assertThat(get("/old/user", old).body()).as("the old session").isEqualTo("null");
    assertThat(bridge.counts().accepted()).isEqualTo(1);
    assertThat(events).filteredOn(SessionEvent.Authenticated.class::isInstance).hasSize(1);
    assertThat(events)
        .filteredOn(SessionEvent.ForeignCredential.class::isInstance)
        .singleElement()
        .isEqualTo(
            new SessionEvent.ForeignCredential(
                clock.instant(),
                Optional.of(manager.sessionsOf("alice").get(0).id()),
                Optional.of("alice"),
                CredentialKind.CONTAINER_SESSION,
                CredentialOutcome.ACCEPTED));
  }

  @Test
  void anonymousSession_keepsItsAttributes() throws Exception {
    String old = get("/old/login", "").cookie("JSESSIONID");
    ContainerSite.Answer first = get("/cart", old);
    assertThat(first.body()).isEqualTo("three apples");
    assertThat(get("/", first.cookie(OURS)).body()).isEqualTo("anonymous");
  }

  @Test
  void loginWithoutAUser_isRefused_andStaysWithItsAttributes() throws Exception {
    String old = get("/old/login?unreadable", "").cookie("JSESSIONID");
    ContainerSite.Answer refused = get("/cart", old);
    assertThat(refused.body()).isEqualTo("null");
    assertThat(refused.cookies()).isEmpty();
    assertThat(bridge.counts().refused()).isEqualTo(1);
    get("/old/login?user=alice", old);
    assertThat(get("/cart", old).body()).as("when it names its user").isEqualTo("three apples");
    assertThat(manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void loginWithoutAUser_isUsedUpByALogoutToo() throws Exception {
    String old = get("/old/login?unreadable", "").cookie("JSESSIONID");
    get("/logout", old);
    get("/old/login?user=alice", old);
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void requestOfAnotherSite_fromWhichOurCookieIsWithheld_adoptsNothing() throws Exception {
    String old = oldLogin("alice");
    ContainerSite.Answer forced =
        ContainerSite.send(
                port, "/", old, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")
            .get();
    assertThat(forced.body()).isEqualTo("anonymous");
    assertThat(forced.cookies()).as("nothing that would replace the client's own").isEmpty();
    assertThat(manager.sessionsOf("alice")).isEmpty();
    assertThat(get("/", old).body()).as("a request of its own").isEqualTo("alice");
  }

  @Test
  void twentyRequestsAtOnce_makeOneSession_andAllAreLoggedIn() throws Exception {
    String old = oldLogin("alice");
    List<CompletableFuture<ContainerSite.Answer>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(ContainerSite.send(port, "/", old));
    }
    for (CompletableFuture<ContainerSite.Answer> answer : answers) {
      assertThat(answer.get().body()).isEqualTo("alice");
    }
    assertThat(manager.sessionsOf("alice")).hasSize(1);
    assertThat(bridge.counts().accepted()).isEqualTo(1);
  }

  @Test
  void stolenId_opensNothing_onceTheNewCookieIsInUse() throws Exception {
    String old = oldLogin("alice");
    String ours = get("/", old).cookie(OURS);
    get("/", ours);
    clock.advance(Duration.ofSeconds(11));
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    assertThat(get("/", ours).body()).as("the owner").isEqualTo("alice");
  }

  @Test
  void idInTheUrl_isNotAdopted() throws Exception {
    String id = oldLogin("alice").substring("JSESSIONID=".length());
    assertThat(get("/;jsessionid=" + id, "").body()).isEqualTo("anonymous");
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void madeUpId_opensNothing() throws Exception {
    for (String id : List.of("x", "x.node1", "a".repeat(600), "0".repeat(32))) {
      ContainerSite.Answer answer = get("/", "JSESSIONID=" + id);
      assertThat(answer.body()).isEqualTo("anonymous");
      assertThat(answer.cookies()).noneMatch(set -> set.startsWith(OURS));
    }
    assertThat(store.calls(StoreOperation.INSERT)).isZero();
    assertThat(bridge.counts().accepted()).isZero();
  }

  @Test
  void lostResponse_logsNoUserOut() throws Exception {
    String old = oldLogin("alice");
    get("/", old);
    clock.advance(Duration.ofMinutes(1));
    ContainerSite.Answer again = get("/", old);
    assertThat(again.body()).isEqualTo("alice");
    assertThat(get("/", again.cookie(OURS)).body()).isEqualTo("alice");
    assertThat(manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void afterALogout_theOldCookieOpensNothing_andIsDeleted() throws Exception {
    String old = oldLogin("alice");
    String ours = get("/", old).cookie(OURS);
    get("/logout", old + "; " + ours);
    clock.advance(Duration.ofSeconds(6));
    ContainerSite.Answer replayed = get("/", old);
    assertThat(replayed.body()).isEqualTo("anonymous");
    assertThat(replayed.cookies()).singleElement().asString().startsWith("JSESSIONID=;");
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  /** The logout arrives when the session is read and not stored yet, or just stored. */
  @Test
  void logoutInTheOldApplication_duringTheAdoption_isNotOvertaken() throws Exception {
    for (boolean before : new boolean[] {true, false}) {
      String old = oldLogin("alice");
      FaultyStore.Pause pause =
          before ? store.pauseBefore(StoreOperation.ADMIT) : store.pauseAfter(StoreOperation.ADMIT);
      CompletableFuture<ContainerSite.Answer> adopted = ContainerSite.send(port, "/", old);
      pause.awaitReached();
      get("/old/logout", old);
      pause.release();
      assertThat(adopted.get().body()).isEqualTo("anonymous");
      assertThat(manager.sessionsOf("alice")).isEmpty();
    }
  }

  /** The user is signed out everywhere while the session is adopted, and before. */
  @Test
  void signedOutEverywhere_isNotOvertaken_andTheOldCookieOpensNothing() throws Exception {
    String old = oldLogin("alice");
    FaultyStore.Pause pause = store.pauseAfter(StoreOperation.ADMIT);
    CompletableFuture<ContainerSite.Answer> adopted = ContainerSite.send(port, "/", old);
    pause.awaitReached();
    signedOutAt = clock.instant();
    pause.release();
    assertThat(adopted.get().body()).isEqualTo("anonymous");
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void requestBesideTheAdoption_ofAUserWhoWasSignedOutMeanwhile_isNotLoggedIn() throws Exception {
    String old = oldLogin("alice");
    AtomicReference<CompletableFuture<ContainerSite.Answer>> beside = new AtomicReference<>();
    Runnable asksBeside =
        () -> {
          beside.set(ContainerSite.send(port, "/", old));
          beside.get().join();
        };
    store.runAfter(
        StoreOperation.INSERT,
        () -> {
          // After the claim, and before the session.
          signedOutAt = clock.instant();
          manager.revokeAllOf("alice");
          store.runAfter(StoreOperation.ADMIT, asksBeside);
        });
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    assertThat(beside.get().get().body()).isEqualTo("anonymous");
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  void ourToken_prevails_overTheOldCookie() throws Exception {
    String ours = get("/", oldLogin("alice")).cookie(OURS);
    String bob = oldLogin("bob");
    assertThat(get("/", ours + "; " + bob).body()).isEqualTo("alice");
    assertThat(get("/old/user", bob).body()).as("not adopted").isEqualTo("bob");
  }

  private ContainerSite.Answer withToken(String token, String cookies) throws Exception {
    return ContainerSite.send(port, "/", cookies, "Authorization", "Bearer " + token).get();
  }

  @Test
  void tokenBesideTheOldCookie_logsItsUserIn_andALogoutUsesUpBoth() throws Exception {
    String bob = oldLogin("bob");
    ContainerSite.Answer both = withToken("alice.1", bob);
    assertThat(both.body()).isEqualTo("alice");
    // A login gives the container's session another id.
    String bobs = both.cookie("JSESSIONID");
    assertThat(get("/old/user", bobs).body()).as("not adopted").isEqualTo("bob");
    assertThat(manager.sessionsOf("bob")).isEmpty();
    assertThat(bridge.counts().accepted()).isZero();
    get("/logout", both.cookie(OURS) + "; " + bobs);
    for (String cookie : List.of(bob, bobs)) {
      assertThat(withToken("alice.1", cookie).body()).isEqualTo("anonymous");
    }
    assertThat(manager.sessionsOf("bob")).isEmpty();
  }

  /** The adopted session is not the one that the client has by now. */
  @Test
  void oldCookieWhoseNewCookieWasLost_isUsedUpByTheLogoutOfAnotherSession() throws Exception {
    String bob = oldLogin("bob");
    assertThat(get("/", bob).body()).isEqualTo("bob");
    String ours = withToken("alice.1", "").cookie(OURS);
    get("/logout", ours + "; " + bob);
    assertThat(manager.sessionsOf("bob")).isEmpty();
    assertThat(get("/", bob).body()).isEqualTo("anonymous");
  }

  @Test
  void nameThatNoUserCanHave_isRefused_andTheOldSessionStaysGood() throws Exception {
    for (String name : List.of("x".repeat(256), "a%00", "coatcheck-claim:alice")) {
      String old = oldLogin(name);
      ContainerSite.Answer refused = get("/cart", old);
      assertThat(refused.status()).isEqualTo(200);
      assertThat(refused.body()).isEqualTo("null");
      assertThat(refused.cookies()).isEmpty();
      get("/old/login?user=alice", old);
      assertThat(get("/", old).body()).as("under another name").isEqualTo("alice");
    }
    assertThat(bridge.counts().refused()).isEqualTo(3);
    assertThat(bridge.counts().failed()).isZero();
  }

  @Test
  void oldCookie_isDeleted_aMinuteAfterTheAdoption() throws Exception {
    String old = oldLogin("alice");
    String ours = get("/", old).cookie(OURS);
    assertThat(get("/", old + "; " + ours).cookies())
        .noneMatch(set -> set.startsWith("JSESSIONID"));
    clock.advance(Duration.ofMinutes(1));
    assertThat(get("/", old + "; " + ours).cookies())
        .filteredOn(set -> set.startsWith("JSESSIONID=;"))
        .singleElement()
        .asString()
        .contains("Path=/")
        .containsPattern("01.Jan.1970");
    clock.advance(Duration.ofMinutes(1));
    assertThat(get("/", old + "; " + ours).cookies())
        .as("for a browser that keeps it, as another path makes it do")
        .noneMatch(set -> set.startsWith("JSESSIONID"));
  }

  /** Its new session has a cookie of the same name, which must not be deleted. */
  @Test
  void cookieOfAFilterThatStillUsesTheContainersSessions_isKept() throws Exception {
    String old = oldLogin("alice");
    String ours = get("/", old).cookie(OURS);
    clock.advance(Duration.ofMinutes(1));
    ContainerSite.Answer tracked = get("/tracked", old + "; " + ours);
    assertThat(tracked.body()).isEqualTo("alice");
    assertThat(tracked.cookies())
        .filteredOn(set -> set.startsWith("JSESSIONID="))
        .singleElement()
        .asString()
        .doesNotContainPattern("01.Jan.1970");
    String theirs = tracked.cookie("JSESSIONID");
    assertThat(get("/", theirs + "; " + ours).cookies())
        .as("a live session of the container")
        .noneMatch(set -> set.startsWith("JSESSIONID"));
  }

  /** The import is complete by then, and the session is not opened yet. */
  @Test
  void storeThatFails_afterTheAdoption_leavesNoOldSession() throws Exception {
    String old = oldLogin("alice");
    store.runAfter(StoreOperation.UPDATE, () -> store.failBefore(StoreOperation.FIND, 1));
    assertThat(get("/", old).status()).isEqualTo(503);
    assertThat(get("/old/user", old).body()).isEqualTo("null");
    assertThat(get("/", old).body()).isEqualTo("alice");
  }

  @Test
  void freshLogin_isNotClaimed_forAnOldSession() throws Exception {
    String old = oldLogin("alice");
    clock.advance(Duration.ofMinutes(2));
    String ours = get("/", old).cookie(OURS);
    assertThat(get("/recent", ours).body()).isEqualTo("false");
  }

  @Test
  void tooOldSession_isRefused() throws Exception {
    String old = oldLogin("alice");
    clock.advance(Duration.ofDays(31));
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    assertThat(bridge.counts().refused()).isEqualTo(1);
  }

  @Test
  void failingStore_is503_andTheOldSessionStaysGood() throws Exception {
    for (StoreOperation operation :
        List.of(StoreOperation.FIND, StoreOperation.INSERT, StoreOperation.ADMIT)) {
      String old = oldLogin("alice");
      store.failBefore(operation, 1);
      assertThat(get("/", old).status()).as("%s", operation).isEqualTo(503);
      assertThat(get("/old/user", old).body()).isEqualTo("alice");
      assertThat(get("/", old).body()).isEqualTo("alice");
    }
    assertThat(bridge.counts().failed()).isEqualTo(3);
  }

  @Test
  void failingCodeOfTheApplication_is503_andTheOldSessionStaysGood() throws Exception {
    for (String code : List.of("function", "condition")) {
      String old = oldLogin("alice");
      failing = code;
      ContainerSite.Answer failed = get("/", old);
      assertThat(failed.status()).as(code).isEqualTo(503);
      assertThat(failed.cookies()).isEmpty();
      failing = "";
      assertThat(get("/old/user", old).body()).isEqualTo("alice");
      assertThat(get("/", old).body()).isEqualTo("alice");
    }
    assertThat(bridge.counts().failed()).isEqualTo(2);
  }

  @Test
  void storeThatStaysDown_partway_leavesTheOldSession_forAMinuteLater() throws Exception {
    String old = oldLogin("alice");
    store.runAfter(StoreOperation.INSERT, store::failAlways);
    assertThat(get("/", old).status()).isEqualTo(503);
    store.heal();
    clock.advance(Duration.ofSeconds(59));
    assertThat(get("/", old).status()).isEqualTo(503);
    assertThat(get("/old/user", old).body()).isEqualTo("alice");
    clock.advance(Duration.ofSeconds(1));
    assertThat(get("/", old).body()).isEqualTo("alice");
    assertThat(manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void limitReached_isRefused_andTheOldSessionStaysGood() throws Exception {
    for (int i = 0; i < 5; i++) {
      get("/", oldLogin("alice"));
    }
    String old = oldLogin("alice");
    assertThat(get("/", old).body()).isEqualTo("anonymous");
    manager.revokeAllOf("alice");
    assertThat(get("/", old).body()).isEqualTo("alice");
  }

  @Test
  void maximumAge_outOfRange_isRefusedByTheBuilder() {
    ContainerSessionAdoption.Builder builder =
        ContainerSessionAdoption.builder(manager, session -> Optional.empty());
    for (Duration age : List.of(Duration.ZERO, Duration.ofDays(401))) {
      assertThatThrownBy(() -> builder.maximumAge(age))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("maximumAge must be positive and at most 400 days: " + age);
    }
  }
}
