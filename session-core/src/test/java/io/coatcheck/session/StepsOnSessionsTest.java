package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.SessionEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I4: one atomic step on an attribute, whatever becomes of its session")
class StepsOnSessionsTest {

  @AutoClose private final StepsFixture steps = new StepsFixture();
  private final EngineFixture fixture = steps.engine;
  private final SessionManager manager = fixture.manager;
  private final String token = steps.token;

  @Test
  @DisplayName("is not stored yet: within the request, stored by the next save")
  void draft_isDecidedHere() {
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    fixture.store.calls.clear();
    assertThat(manager.take(session, "n")).isEmpty();
    assertThat(session.isAwaitingCreation()).isFalse();
    steps.increment(session);
    assertThat(steps.increment(session)).isEqualTo(2);
    session.setAttribute("t", "1");
    assertThat(manager.take(session, "t")).contains("1");
    assertThat(fixture.store.calls).isEmpty();
    assertThat(session.isAwaitingCreation()).isTrue();

    manager.save(session);

    assertThat(fixture.stored(session).attributes()).containsOnlyKeys("n");
  }

  @Test
  @DisplayName("is never stored: within the request")
  void ephemeral_isDecidedHere() {
    Session session = manager.adapter().createEphemeral();
    steps.increment(session);
    assertThat(steps.increment(session)).isEqualTo(2);
    manager.save(session);
    assertThat(fixture.store.find(session.id())).isEmpty();
  }

  @Test
  @DisplayName("is not stored yet, from several threads")
  void draft_severalThreads() throws Exception {
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    for (int i = 0; i < 400; i++) {
      threads.execute(() -> steps.increment(session));
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    assertThat(session.attribute("n")).isEqualTo(400);
  }

  @Test
  @DisplayName("I2: has ended meanwhile: empty, dropped with an event, and ended here")
  void ended_isEmpty() {
    Session taker = fixture.live(token);
    Session updater = fixture.live(token);
    Session looker = fixture.live(token);
    manager.revoke(taker.id());

    assertThat(manager.take(taker, "cart")).isEmpty();
    assertThat(manager.update(updater, "n", Integer.class, n -> 1)).isEmpty();
    assertThat(manager.take(looker, "none")).isEmpty();

    assertThat(List.of(taker, updater, looker)).allMatch(Session::isEnded);
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
        .extracting(SessionEvent.WriteDropped::reason)
        .containsExactly(DropReason.ENDED, DropReason.ENDED);
    assertThatThrownBy(() -> manager.take(taker, "cart")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> steps.increment(updater)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  @DisplayName("I3: was taken over by another user's login, or renewed: nothing is taken from it")
  void rekeyed_isEmpty() {
    Session before = fixture.live(token);
    Session looker = fixture.live(token);
    Session login = fixture.live(token);
    login.setAttribute("secret", "of alice");
    manager.authenticate(login, "alice", LoginOptions.defaults());

    assertThat(manager.take(before, "secret")).isEmpty();
    List<Object> seen = new ArrayList<>();
    assertThat(
            manager.update(
                looker,
                "secret",
                String.class,
                value -> {
                  value.ifPresent(seen::add);
                  return "planted";
                }))
        .isEmpty();

    assertThat(seen).as("what the function saw").isEmpty();
    assertThat(fixture.live(EngineFixture.sent(login)).attribute("secret")).isEqualTo("of alice");
  }

  @Test
  @DisplayName("I6: expires before the step: nothing")
  void expired_isEmpty() {
    Session session = fixture.live(token);
    fixture.clock.advance(Duration.ofDays(1));
    assertThat(manager.take(session, "cart")).isEmpty();
    assertThat(session.isEnded()).isTrue();
  }

  @Test
  @DisplayName("was renewed periodically meanwhile: the step succeeds")
  void renewedInPassing_goesOn() {
    Session session = fixture.live(token);
    fixture.clock.advance(Duration.ofMinutes(5));
    Session renewer = fixture.live(token);
    assertThat(manager.adapter().renewIfDue(renewer)).isTrue();

    assertThat(manager.take(session, "cart")).contains("a book");
    assertThat(fixture.live(EngineFixture.sent(renewer)).attribute("cart")).isNull();
  }

  @Test
  @DisplayName("F18: a step that only reads confirms no secret that the client did not present")
  void looked_afterARenewal_confirmsNothing() {
    fixture.clock.advance(Duration.ofMinutes(5));
    Session first = fixture.live(token);
    assertThat(manager.adapter().renewIfDue(first)).isTrue();
    String second = EngineFixture.sent(first);
    Session confirming = fixture.live(second);
    Session other = fixture.live(second);
    manager.save(other);
    fixture.clock.advance(Duration.ofMinutes(5));
    Session renewing = fixture.live(second);
    assertThat(manager.adapter().renewIfDue(renewing)).isTrue();
    long generation = fixture.stored(confirming).generation();

    manager.take(confirming, "none");
    assertThat(confirming.generation()).isEqualTo(generation);
    manager.save(confirming);

    assertThat(Drafts.isUnconfirmed(fixture.stored(confirming)))
        .as("the secret that only the other response carries")
        .isTrue();
  }

  @Test
  @DisplayName("I3: a login of another thread, to a new session, outlives a step on the ended one")
  void login_whileAStepRuns_staysLive() {
    Session updater = fixture.live(token);
    manager.revoke(updater.id());
    assertThat(
            manager.update(
                updater,
                "n",
                Integer.class,
                n -> {
                  if (updater.principal().isEmpty()) {
                    manager.authenticate(updater, "alice", LoginOptions.defaults());
                  }
                  return 1;
                }))
        .contains(1);
    assertThat(updater.isEnded()).isFalse();
    assertThat(fixture.live(EngineFixture.sent(updater)).attribute("n")).isEqualTo(1);
  }

  @Test
  @DisplayName("I3: and a step that only reads")
  void login_whileAStepLooks_staysLive() {
    Session looker = fixture.live(token);
    manager.revoke(looker.id());
    fixture.store.beforeNext(
        "find", () -> manager.authenticate(looker, "alice", LoginOptions.defaults()));

    assertThat(manager.take(looker, "none")).isEmpty();

    assertThat(looker.principal()).contains("alice");
    assertThat(fixture.isLive(EngineFixture.sent(looker))).isTrue();
  }

  @Test
  @DisplayName("I3: a step does not continue with the session before that login")
  void login_afterAStepLooked_isGoneOnWith() {
    Session looker = fixture.live(token);
    steps.set("other", "1");
    fixture.store.afterNext(
        "find",
        () -> {
          manager.revoke(looker.id());
          manager.authenticate(looker, "alice", LoginOptions.defaults());
        });

    assertThat(manager.take(looker, "none")).isEmpty();

    assertThat(looker.principal()).contains("alice");
  }
}
