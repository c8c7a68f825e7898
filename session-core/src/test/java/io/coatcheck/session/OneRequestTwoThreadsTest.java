package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Attack 4: two threads of one request use its session without a common lock")
class OneRequestTwoThreadsTest {

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final EngineFixture fixture =
      new EngineFixture(builder -> builder.renewInterval(Duration.ofMinutes(5)));
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
    threads.shutdownNow();
  }

  @Test
  @DisplayName("a session that ends while it is inserted is not in the store afterwards")
  void save_whileAnotherThreadEnds_leavesNothing() {
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    session.setAttribute("a", "1");
    fixture.store.beforeNext("insert", () -> manager.invalidate(session));

    manager.save(session);

    assertHasEnded(session);
    assertThat(fixture.eventsOf(SessionEvent.Created.class)).isEmpty();
  }

  @Test
  @DisplayName("I2: a save that was under way does not make it live again here")
  void saved_afterTheEnd_staysEnded() {
    Session session = fixture.live(fixture.anonymous());
    session.setAttribute("a", "1");
    Pending pending = Pending.of(session);
    manager.invalidate(session);

    assertThat(session.onSaved(session.snapshot(), pending)).isFalse();

    assertThat(session.isEnded()).isTrue();
  }

  @Test
  @DisplayName("I2: nor does a new secret that was stored just before it ended")
  void renew_whileAnotherThreadEnds_staysEnded() {
    Session session = fixture.live(fixture.anonymous());
    fixture.store.afterNext("update", () -> manager.invalidate(session));

    assertThat(manager.renew(session)).isFalse();

    assertHasEnded(session);
    assertThat(fixture.eventsOf(SessionEvent.Ended.class)).hasSize(1);
  }

  @Test
  @DisplayName("I2: nor does a periodic renewal")
  void renewIfDue_whileAnotherThreadEnds_staysEnded() {
    String token = fixture.anonymous();
    fixture.clock.advance(Duration.ofMinutes(5));
    Session session = fixture.live(token);
    fixture.store.afterNext("update", () -> manager.invalidate(session));

    assertThat(manager.adapter().renewIfDue(session)).isFalse();

    assertHasEnded(session);
  }

  @Test
  @DisplayName("what one thread collected does not replace what another has stored since")
  void save_collectedBeforeTheOther_doesNotGoBack() {
    Session session = fixture.live(fixture.anonymous());
    session.setAttribute("a", "1");
    Pending first = Pending.of(session);
    manager.save(session);
    session.setAttribute("a", "2");
    manager.save(session);
    session.setAttribute("a", "3");

    assertThat(first.stillIn(session).isEmpty()).isTrue();
  }

  @Test
  @DisplayName("what a change replaces is what another thread has saved since the value was read")
  void replaceAttribute_afterASaveOfTheOther_findsThat() {
    try (SessionManager inMemory =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .cleanUpInterval(Duration.ZERO)
            .build()) {
      SessionAdapter adapter = inMemory.adapter();
      Session both = adapter.create(adapter.resolve(List.of()));
      both.setAttribute("a", "1");
      Object seen = both.attribute("a");
      both.setAttribute("a", "2");
      inMemory.save(both);

      assertThat(adapter.replaceAttribute(both, "a", "3", seen, replaced -> {})).isEqualTo("2");
    }
  }

  @Test
  @DisplayName("so it is on a store of bytes, where a saved text is no longer kept as an object")
  void replaceAttribute_afterASaveOfTheOtherAsBytes_findsThat() {
    SessionAdapter adapter = manager.adapter();
    Session both = fixture.live(fixture.anonymous());
    both.setAttribute("a", "1");
    Object seen = both.attribute("a");
    both.setAttribute("a", "2");
    manager.save(both);
    List<Object> recorded = new ArrayList<>();

    assertThat(adapter.replaceAttribute(both, "a", "3", seen, recorded::add)).isEqualTo("2");
    assertThat(recorded).containsExactly("2");
    manager.save(both);
    assertThat(adapter.replaceAttribute(both, "a", null, "2", recorded::add)).isEqualTo("3");
  }

  @Test
  @DisplayName("or what a save of the other has merged from another request, whatever its type")
  void replaceAttribute_afterAMerge_findsWhatWasMerged() {
    SessionAdapter adapter = manager.adapter();
    String token = fixture.anonymous();
    Session both = fixture.live(token);
    both.setAttribute("text", "1");
    both.setAttribute("list", new ArrayList<>(List.of("1")));
    both.setAttribute("gone", "1");
    manager.save(both);
    Object list = both.attribute("list");
    Session elsewhere = fixture.live(token);
    elsewhere.setAttribute("text", "2");
    elsewhere.setAttribute("list", new ArrayList<>(List.of("2")));
    elsewhere.removeAttribute("gone");
    manager.save(elsewhere);
    both.setAttribute("other", "x");
    manager.save(both);

    assertThat(adapter.replaceAttribute(both, "text", "3", "1", replaced -> {})).isEqualTo("2");
    assertThat(adapter.replaceAttribute(both, "list", null, list, replaced -> {}))
        .isEqualTo(List.of("2"));
    assertThat(adapter.replaceAttribute(both, "gone", "3", "1", replaced -> {})).isNull();
  }

  @Test
  @DisplayName("both save before they commit: the secret is renewed once")
  void renewIfDue_atOnce_renewsOnce() throws Exception {
    String token = fixture.anonymous();
    fixture.clock.advance(Duration.ofMinutes(5));
    Session both = fixture.live(token);
    AtomicReference<Future<Boolean>> other = new AtomicReference<>();
    fixture.store.beforeNext(
        "update", () -> other.set(onAnotherThread(() -> manager.adapter().renewIfDue(both))));

    boolean first = manager.adapter().renewIfDue(both);

    assertThat(first).isTrue();
    assertThat(other.get().get(60, TimeUnit.SECONDS)).isFalse();
    assertThat(fixture.stored(both).generation()).isEqualTo(1);
    assertThat(fixture.eventsOf(SessionEvent.Renewed.class)).hasSize(1);
  }

  @Test
  @DisplayName("I3: a look for an attribute does not end a session whose secret is just renewed")
  void take_whileAnotherThreadRenews_leavesTheSession() throws Exception {
    Session both = fixture.live(fixture.anonymous());
    Thread looking = new Thread(() -> manager.take(both, "flash"));
    fixture.store.afterNext(
        "update",
        () -> {
          looking.start();
          while (looking.isAlive() && looking.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
          }
        });

    assertThat(manager.renew(both)).isTrue();
    looking.join();

    assertThat(both.isEnded()).isFalse();
    assertThat(fixture.stored(both).generation()).isEqualTo(1);
  }

  @Test
  @DisplayName("I3: a touch that finds the session ended does not end the login of another thread")
  void touch_whileAnotherThreadLogsIn_leavesTheLogin() {
    String token = fixture.anonymous();
    fixture.clock.advance(Duration.ofMinutes(2));
    Session touching = fixture.live(token);
    manager.revoke(touching.id());
    fixture.store.beforeNext(
        "touch", () -> manager.authenticate(touching, "alice", LoginOptions.defaults()));

    manager.save(touching);

    assertThat(touching.principal()).contains("alice");
  }

  @Test
  @DisplayName("I8: a login waits for another thread that is just storing the new session")
  void authenticate_whileAnotherThreadInserts_succeeds() throws Exception {
    Session both = manager.adapter().create(manager.adapter().resolve(List.of()));
    both.setAttribute("a", "1");
    AtomicReference<Future<LoginOutcome>> login = new AtomicReference<>();
    fixture.store.beforeNext("insert", () -> login.set(onAnotherThread(() -> logIn(both))));

    manager.save(both);

    assertThat(login.get().get(60, TimeUnit.SECONDS)).isInstanceOf(LoginOutcome.Granted.class);
    assertThat(both.principal()).contains("alice");
    assertThat(fixture.stored(both).attributes()).containsOnlyKeys("a");
    assertThat(fixture.eventsOf(SessionEvent.Created.class)).hasSize(1);
  }

  @Test
  @DisplayName("I4: a save waits for another thread that is just logging in on the new session")
  void save_whileAnotherThreadLogsIn_succeeds() throws Exception {
    Session both = manager.adapter().create(manager.adapter().resolve(List.of()));
    both.setAttribute("a", "1");
    AtomicReference<Future<Boolean>> save = new AtomicReference<>();
    fixture.store.beforeNext("insert", () -> save.set(onAnotherThread(() -> manager.save(both))));

    assertThat(manager.authenticate(both, "alice", LoginOptions.defaults()))
        .isInstanceOf(LoginOutcome.Granted.class);

    assertThat(save.get().get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(fixture.stored(both).principal()).contains("alice");
    assertThat(fixture.eventsOf(SessionEvent.Created.class)).hasSize(1);
  }

  @Test
  @DisplayName(
      "I3: a login that waited while the session was found ended gets nothing that it held")
  void authenticate_whileAnotherThreadFindsItEnded_carriesNothing() throws Exception {
    Session both = fixture.live(fixture.loggedIn("alice"));
    both.setAttribute("secret", "of the login that has ended");
    manager.save(both);
    both.setAttribute("other", "1");
    AtomicReference<Future<LoginOutcome>> login = new AtomicReference<>();
    fixture.store.beforeNext(
        "update",
        () -> {
          manager.revokeAllOf("alice");
          login.set(onAnotherThread(() -> logIn(both)));
        });

    assertThat(manager.save(both)).isFalse();

    assertThat(login.get().get(60, TimeUnit.SECONDS)).isInstanceOf(LoginOutcome.Granted.class);
    assertThat(fixture.stored(both).attributes()).doesNotContainKey("secret");
  }

  @Test
  @DisplayName("a logout also ends the session that a login of another thread has just stored")
  void invalidate_whileAnotherThreadLogsIn_endsThatToo() {
    Session both = fixture.live(fixture.anonymous());
    fixture.store.afterNext("delete", () -> EngineFixture.granted(logIn(both)));

    assertThat(manager.invalidate(both)).isTrue();

    assertNothingOfAliceIsLeft(both);
    assertThat(fixture.eventsOf(SessionEvent.Ended.class))
        .extracting(SessionEvent.Ended::reason)
        .containsExactly(EndReason.LOGOUT, EndReason.LOGOUT);
  }

  @Test
  @DisplayName("even if the login has given the same session a new secret")
  void invalidate_whileAnotherThreadLogsInAgain_endsThatToo() {
    Session both = fixture.live(fixture.loggedIn("alice"));
    fixture.store.beforeNext("delete", () -> EngineFixture.granted(logIn(both)));

    assertThat(manager.invalidate(both)).isTrue();

    assertNothingOfAliceIsLeft(both);
  }

  @Test
  @DisplayName("so does the end of a session by the code around the application")
  void revoke_whileAnotherThreadLogsIn_endsThatToo() {
    Session both = fixture.live(fixture.loggedIn("alice"));
    fixture.store.beforeNext("delete", () -> EngineFixture.granted(logIn(both)));

    assertThat(manager.adapter().revoke(both)).isTrue();

    assertNothingOfAliceIsLeft(both);
  }

  @Test
  @DisplayName("so does a login of another principal")
  void authenticate_whileAnotherThreadLogsInAgain_endsThatToo() {
    Session both = fixture.live(fixture.loggedIn("alice"));
    fixture.store.afterNext("delete", () -> EngineFixture.granted(logIn(both)));

    Session bobs =
        EngineFixture.granted(manager.authenticate(both, "bob", LoginOptions.defaults()));

    assertNothingOfAliceIsLeft(both);
    assertThat(bobs.principal()).contains("bob");
  }

  @Test
  @DisplayName("so does a login whose condition no longer holds")
  void authenticate_refused_whileAnotherThreadLogsInAgain_endsThatToo() {
    Session both = fixture.live(fixture.anonymous());
    fixture.store.afterNext("delete", () -> EngineFixture.granted(logIn(both)));

    LoginOutcome outcome =
        manager.authenticate(both, "alice", LoginOptions.builder().validIf(() -> false).build());

    assertThat(outcome.result()).isEqualTo(LoginResult.NO_LONGER_VALID);
    assertNothingOfAliceIsLeft(both);
  }

  @Test
  @DisplayName("a copy that was to end stays if another thread has stored the session since")
  void endIfStill_storedSince_stays() {
    Session both = manager.adapter().create(manager.adapter().resolve(List.of()));
    StoredSession known = both.snapshot();
    both.setAttribute("a", "1");
    manager.save(both);

    assertThat(SessionEnder.endIfStill(both, known, SessionStatus.NEW)).isFalse();

    assertThat(both.isStored()).isTrue();
    assertThat(SessionEnder.endIfStill(both, known, SessionStatus.STORED)).isTrue();
    assertThat(both.isEnded()).isTrue();
  }

  @Test
  @DisplayName("or has logged in since")
  void endIfStill_loggedInSince_stays() {
    Session both = fixture.live(fixture.loggedIn("alice"));
    StoredSession known = both.snapshot();
    EngineFixture.granted(logIn(both));

    assertThat(SessionEnder.endIfStill(both, known, SessionStatus.STORED)).isFalse();

    assertThat(both.principal()).contains("alice");
    assertThat(both.unsentToken()).isPresent();
  }

  @Test
  @DisplayName("and ends if another thread has only renewed the secret, as is due now and then")
  void endIfStill_renewedSince_ends() {
    String token = fixture.loggedIn("alice");
    fixture.clock.advance(Duration.ofMinutes(5));
    Session both = fixture.live(token);
    StoredSession known = both.snapshot();
    assertThat(manager.adapter().renewIfDue(both)).isTrue();

    assertThat(SessionEnder.endIfStill(both, known, SessionStatus.STORED)).isTrue();

    assertThat(both.isEnded()).isTrue();
  }

  private void assertNothingOfAliceIsLeft(Session ended) {
    assertThat(ended.isEnded()).isTrue();
    assertThat(ended.unsentToken()).isEmpty();
    assertThat(manager.sessionsOf("alice")).isEmpty();
  }

  private void assertHasEnded(Session session) {
    assertThat(session.isEnded()).isTrue();
    assertThat(session.unsentToken()).isEmpty();
    assertThat(fixture.store.find(session.id())).isEmpty();
  }

  private LoginOutcome logIn(Session session) {
    return manager.authenticate(session, "alice", LoginOptions.defaults());
  }

  /** Starts work on another thread, and returns when that has ended, or waits for this one. */
  private <T> Future<T> onAnotherThread(Callable<T> work) {
    AtomicReference<Thread> thread = new AtomicReference<>();
    Future<T> started =
        threads.submit(
            () -> {
              thread.set(Thread.currentThread());
              return work.call();
            });
    long begin = System.nanoTime();
    while (!started.isDone()
        && (thread.get() == null || thread.get().getState() != Thread.State.TIMED_WAITING)
        && System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(60)) {
      Thread.onSpinWait();
    }
    return started;
  }
}
