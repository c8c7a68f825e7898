package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayName("I4: one atomic step on an attribute")
class AttributeStepsTest {

  private final EngineFixture fixture =
      new EngineFixture(
          builder ->
              builder
                  .maxAttributeBytes(4_000)
                  .maxSessionBytes(4_000)
                  .renewInterval(Duration.ofMinutes(5)));
  private final SessionManager manager = fixture.manager;

  /** Of a session with a cart that is "a book". */
  private final String token = fixture.anonymous();

  @AfterEach
  void close() {
    fixture.close();
  }

  private void set(String name, Object value) {
    Session other = fixture.live(token);
    other.setAttribute(name, value);
    assertThat(manager.save(other)).isTrue();
  }

  private Object stored(String name) {
    AttributeValue value =
        fixture.store.inner().find(fixture.live(token).id()).orElseThrow().attributes().get(name);
    return value == null ? null : value.object(EngineFixture.CODEC);
  }

  /** Stores what only a node with other classes or keys can read. */
  private AttributeValue storeUnreadable(Session session, String name) {
    AttributeValue unreadable = AttributeValue.encoded(new byte[] {(byte) 0xEE, 1});
    assertThat(
            fixture.store.update(
                fixture.stored(session).toBuilder().attribute(name, unreadable).build(),
                fixture.clock.instant()))
        .isTrue();
    return unreadable;
  }

  private Session live() {
    Session session = fixture.live(token);
    fixture.store.calls.clear();
    return session;
  }

  private int increment(Session session) {
    return manager.update(session, "n", Integer.class, n -> n.orElse(0) + 1).orElseThrow();
  }

  @Nested
  @DisplayName("take")
  class Take {

    @Test
    @DisplayName("returns the value once, and is one write")
    void take_isStoredAtOnce() {
      Session session = live();

      assertThat(manager.take(session, "cart")).contains("a book");

      assertThat(fixture.store.calls).containsExactly("update");
      assertThat(stored("cart")).isNull();
      assertThat(session.attribute("cart")).isNull();
      assertThat(manager.take(session, "cart")).isEmpty();
      manager.save(session);
      assertThat(fixture.store.calls).containsOnlyOnce("update");
    }

    @Test
    @DisplayName("of two that saw the same value, the second gets nothing")
    void take_afterAnother_isEmpty() {
      Session first = fixture.live(token);
      Session second = fixture.live(token);
      assertThat(second.attribute("cart")).isEqualTo("a book");
      manager.take(first, "cart");
      fixture.store.calls.clear();

      assertThat(manager.take(second, "cart")).isEmpty();

      assertThat(fixture.store.calls).as("a lost race").containsExactly("update", "find");
      assertThat(second.attribute("cart")).as("read after that").isNull();
    }

    @Test
    @DisplayName("finds what was set since the request began, and confirms that there is nothing")
    void take_unknownHere_looksIntoTheStore() {
      Session session = live();
      assertThat(manager.take(session, "token")).isEmpty();
      assertThat(fixture.store.calls).containsExactly("find");

      set("token", "t1");
      assertThat(manager.take(session, "token")).contains("t1");
      assertThat(stored("token")).isNull();
    }

    @Test
    @DisplayName("of what this request set or removed before")
    void take_ofOwnChange() {
      Session session = fixture.live(token);
      List<String> value = new ArrayList<>(List.of("a"));
      session.setAttribute("list", value);
      assertThat(manager.take(session, "list").orElseThrow()).isSameAs(value);
      assertThat(stored("list")).isNull();

      session.removeAttribute("cart");
      assertThat(manager.take(session, "cart")).isEmpty();
      manager.save(session);
      assertThat(stored("cart")).isNull();
    }

    @Test
    @DisplayName("returns the object that the request has, with what it changed in it")
    void take_ofWhatWasRead_isTheSameObject() {
      set("list", new ArrayList<>(List.of("a")));
      Session session = fixture.live(token);
      @SuppressWarnings("unchecked")
      List<String> read = (List<String>) session.attribute("list");
      read.add("b");

      assertThat(manager.take(session, "list").orElseThrow()).isSameAs(read);
      assertThat(stored("list")).isNull();
    }

    @Test
    @DisplayName("of a value of another type changes nothing")
    void take_wrongType_changesNothing() {
      Session session = fixture.live(token);

      assertThatThrownBy(() -> manager.take(session, "cart", Integer.class))
          .isInstanceOf(ClassCastException.class)
          .hasMessage("attribute \"cart\" is a java.lang.String and no java.lang.Integer");

      assertThat(stored("cart")).isEqualTo("a book");
      assertThat(manager.take(session, "cart", String.class)).contains("a book");
    }

    @Test
    @DisplayName("I12: of bytes that do not decode here is empty, reported once, and leaves them")
    void take_undecodable_isEmpty() {
      Session session = fixture.live(token);
      AttributeValue unreadable = storeUnreadable(session, "cart");

      assertThat(manager.take(session, "cart")).isEmpty();
      assertThat(manager.update(session, "cart", String.class, cart -> cart.orElse(null)))
          .isEmpty();

      assertThat(fixture.stored(session).attributes()).containsEntry("cart", unreadable);
      assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class)).hasSize(1);

      manager.update(session, "cart", String.class, cart -> "new");
      assertThat(stored("cart")).isEqualTo("new");
    }
  }

  @Nested
  @DisplayName("update")
  class Update {

    @Test
    @DisplayName("is one write, returns the new value, and goes on from there")
    void update_isStoredAtOnce() {
      Session session = live();
      assertThat(increment(session)).isEqualTo(1);
      assertThat(increment(session)).isEqualTo(2);
      assertThat(session.attribute("n")).isEqualTo(2);
      manager.save(session);
      assertThat(fixture.store.calls).containsExactly("update", "update");
      assertThat(stored("n")).isEqualTo(2);
    }

    @Test
    @DisplayName("is decided again if the attribute was changed meanwhile")
    void update_afterAnother_isDecidedAgain() {
      Session session = live();
      increment(fixture.live(token));
      fixture.store.calls.clear();
      List<Integer> seen = new ArrayList<>();

      manager.update(
          session,
          "n",
          Integer.class,
          n -> {
            seen.add(n.orElse(0));
            return n.orElse(0) + 1;
          });

      assertThat(seen).containsExactly(0, 1);
      assertThat(stored("n")).isEqualTo(2);
      assertThat(fixture.store.calls.subList(0, 3)).containsExactly("update", "find", "update");
    }

    @Test
    @DisplayName("is not decided again for a change of another attribute, which stays")
    void update_besideAnother_isDecidedOnce() {
      Session session = fixture.live(token);
      set("other", "1");
      AtomicInteger calls = new AtomicInteger();

      manager.update(session, "n", Integer.class, n -> calls.incrementAndGet());

      assertThat(calls).hasValue(1);
      assertThat(stored("n")).isEqualTo(1);
      assertThat(stored("other")).isEqualTo("1");
      assertThat(fixture.eventsOf(SessionEvent.SavedAfterConflict.class)).hasSize(1);
    }

    @Test
    @DisplayName("that returns null removes")
    void update_null_removes() {
      Session session = fixture.live(token);
      assertThat(manager.update(session, "cart", String.class, cart -> null)).isEmpty();
      assertThat(stored("cart")).isNull();
    }

    @Test
    @DisplayName("that changes nothing reads the store once and writes nothing")
    void update_sameValue_writesNothing() {
      Session session = live();
      assertThat(manager.update(session, "cart", String.class, cart -> cart.orElse("none")))
          .contains("a book");
      assertThat(fixture.store.calls).containsExactly("find");

      set("cart", "a coat");
      assertThat(manager.update(session, "cart", String.class, cart -> cart.orElse("none")))
          .as("as it is stored, not as the request began with it")
          .contains("a coat");
      assertThat(session.attribute("cart")).isEqualTo("a coat");
    }

    @Test
    @DisplayName("stores what the request changed so far in the same write, and it is saved once")
    void update_carriesOtherChanges() {
      Session session = live();
      session.setAttribute("other", "1");
      session.removeAttribute("cart");
      session.setIdleTimeout(Duration.ofMinutes(7));

      increment(session);
      manager.save(session);

      assertThat(fixture.store.calls).containsExactly("update");
      assertThat(stored("other")).isEqualTo("1");
      assertThat(stored("cart")).isNull();
      assertThat(fixture.stored(session).idleTimeout()).contains(Duration.ofMinutes(7));
    }

    @Test
    @DisplayName(
        "gives the function an object of its own, and watches what it returned for later changes")
    void update_mutable_isOwn() {
      set("list", new ArrayList<>(List.of("a")));
      Session session = fixture.live(token);
      Object read = session.attribute("list");
      set("list", new ArrayList<>(List.of("a", "b")));

      Object updated =
          manager
              .update(
                  session,
                  "list",
                  Object.class,
                  list -> {
                    assertThat(list.orElseThrow()).isNotSameAs(read);
                    List<Object> next = new ArrayList<>((List<?>) list.orElseThrow());
                    next.add("c");
                    return next;
                  })
              .orElseThrow();
      assertThat(stored("list")).isEqualTo(List.of("a", "b", "c"));
      assertThat(session.attribute("list")).isSameAs(updated);

      @SuppressWarnings("unchecked")
      List<String> held = (List<String>) updated;
      held.add("d");
      manager.save(session);
      assertThat(stored("list")).isEqualTo(List.of("a", "b", "c", "d"));
    }

    @Test
    @DisplayName("whose function throws changes nothing")
    void update_throws_changesNothing() {
      Session session = live();
      session.setAttribute("other", "1");

      assertThatThrownBy(
              () ->
                  manager.update(
                      session,
                      "cart",
                      String.class,
                      cart -> {
                        throw new IllegalStateException("not now");
                      }))
          .hasMessage("not now");

      assertThat(fixture.store.calls).isEmpty();
      manager.save(session);
      assertThat(stored("cart")).isEqualTo("a book");
      assertThat(stored("other")).isEqualTo("1");
    }

    @Test
    @DisplayName("to what cannot be encoded, or is too large, changes nothing")
    void update_unstorable_changesNothing() {
      Session session = live();
      assertThatThrownBy(() -> manager.update(session, "x", Object.class, x -> new Object()))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageContaining("\"x\"");
      assertThatThrownBy(() -> manager.update(session, "x", String.class, x -> "x".repeat(5_000)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("maxAttributeBytes");
      set("big", "b".repeat(2_500));
      assertThatThrownBy(() -> manager.update(session, "x", String.class, x -> "x".repeat(2_500)))
          .as("I21: measured on what is stored, not on what the request began with")
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("maxSessionBytes");
      assertThatThrownBy(() -> manager.take(session, ""))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(stored("x")).isNull();
      assertThat(session.isEnded()).isFalse();
    }

    @Test
    @DisplayName("I19: the function may wait for another request that saves the same session")
    void update_functionWaitsForAnother() throws Exception {
      ExecutorService threads = Executors.newSingleThreadExecutor();
      try {
        Session session = fixture.live(token);
        AtomicInteger calls = new AtomicInteger();
        manager.update(
            session,
            "n",
            Integer.class,
            n -> {
              if (calls.getAndIncrement() == 0) {
                try {
                  threads.submit(() -> increment(fixture.live(token))).get(60, TimeUnit.SECONDS);
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
              }
              return n.orElse(0) + 1;
            });
        assertThat(stored("n")).isEqualTo(2);
      } finally {
        threads.shutdownNow();
      }
    }

    @Test
    @DisplayName("that always loses the race fails when the store timeout has passed")
    void update_overtakenForEver_fails() {
      try (EngineFixture hasty =
          new EngineFixture(builder -> builder.storeTimeout(Duration.ofSeconds(1)))) {
        String other = hasty.anonymous();
        Session session = hasty.live(other);
        AtomicInteger calls = new AtomicInteger();

        assertThatThrownBy(
                () ->
                    hasty.manager.update(
                        session,
                        "n",
                        Integer.class,
                        n -> {
                          Session faster = hasty.live(other);
                          faster.setAttribute("n", calls.incrementAndGet());
                          hasty.manager.save(faster);
                          return -1;
                        }))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("lost the compare-and-set");
        assertThat(calls).hasValueGreaterThan(2);
        assertThat(hasty.live(other).attribute("n")).isEqualTo(calls.get());
      }
    }
  }

  @Nested
  @DisplayName("of a session that")
  class Kinds {

    @Test
    @DisplayName("is not stored yet: within the request, stored by the next save")
    void draft_isDecidedHere() {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      fixture.store.calls.clear();
      assertThat(manager.take(session, "n")).isEmpty();
      assertThat(session.isAwaitingCreation()).isFalse();
      increment(session);
      assertThat(increment(session)).isEqualTo(2);
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
      increment(session);
      assertThat(increment(session)).isEqualTo(2);
      manager.save(session);
      assertThat(fixture.store.find(session.id())).isEmpty();
    }

    @Test
    @DisplayName("is not stored yet, from several threads")
    void draft_severalThreads() throws Exception {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      ExecutorService threads = Executors.newFixedThreadPool(4);
      for (int i = 0; i < 400; i++) {
        threads.execute(() -> increment(session));
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
      assertThatThrownBy(() -> manager.take(taker, "cart"))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> increment(updater)).isInstanceOf(IllegalStateException.class);
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
  @DisplayName("a store that fails: the step may be made again, and the changes are still to save")
  void storeFails_mayBeRepeated() {
    Session session = fixture.live(token);
    session.setAttribute("other", "1");
    fixture.store.beforeNext(
        "update",
        () -> {
          throw new SessionStoreException("down");
        });

    assertThatThrownBy(() -> manager.take(session, "cart"))
        .isInstanceOf(SessionStoreException.class);

    assertThat(manager.take(session, "cart")).contains("a book");
    assertThat(stored("other")).isEqualTo("1");
  }

  @Test
  @DisplayName("one thread of the request saves what another takes, and a third takes it first")
  void take_savedByAnotherThread_isTakenOnce() {
    Session session = fixture.live(token);
    session.setAttribute("t", "1");
    List<Object> seen = new ArrayList<>();
    manager.update(
        session,
        "t",
        String.class,
        value -> {
          seen.add(value.orElse("none"));
          if (seen.size() == 1) {
            manager.save(session);
            assertThat(manager.take(fixture.live(token), "t")).contains("1");
          }
          return null;
        });

    assertThat(seen).containsExactly("1", "1", "none");
  }

  @Test
  @DisplayName(
      "a change in place yields to another request's value, also in a step that only reads")
  void found_yieldsToAStep() {
    set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);
    @SuppressWarnings("unchecked")
    List<String> read = (List<String>) session.attribute("list");
    read.add("computed");
    set("list", new ArrayList<>(List.of("set")));

    manager.take(session, "none");
    manager.save(session);

    assertThat(stored("list")).isEqualTo(List.of("set"));
    assertThat(session.attribute("list")).isEqualTo(List.of("set"));
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
        .extracting(SessionEvent.WriteDropped::reason)
        .containsExactly(DropReason.OVERTAKEN);
  }

  @Test
  @DisplayName("an object that a step left as it is, and that is changed later, is saved")
  void update_unchanged_isWatched() {
    set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);

    addTo(manager.update(session, "list", Object.class, Optional::orElseThrow), "b");
    manager.save(session);
    assertThat(stored("list")).isEqualTo(List.of("a", "b"));

    addTo(manager.update(session, "list", Object.class, AttributeStepsTest::copyOf), "c");
    manager.save(session);
    assertThat(stored("list")).isEqualTo(List.of("a", "b", "c"));

    session.setAttribute("list", new ArrayList<>(List.of("set")));
    addTo(manager.update(session, "list", Object.class, AttributeStepsTest::copyOf), "d");
    manager.save(session);
    assertThat(stored("list")).isEqualTo(List.of("set", "d"));
  }

  @Test
  @DisplayName("the request keeps the object that it has read")
  void update_unchanged_afterARead_isTheSameObject() {
    set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);
    Object read = session.attribute("list");

    assertThat(manager.update(session, "list", Object.class, Optional::orElseThrow))
        .containsSame(read);
  }

  /** Returns an equal list. */
  private static Object copyOf(Optional<Object> list) {
    return new ArrayList<>((List<?>) list.orElseThrow());
  }

  @SuppressWarnings("unchecked")
  private static void addTo(Optional<Object> list, String value) {
    ((List<String>) list.orElseThrow()).add(value);
  }

  @Test
  @DisplayName("a function that sets its own attribute fails when the store timeout has passed")
  void update_functionSetsTheSame_fails() {
    try (EngineFixture hasty =
        new EngineFixture(builder -> builder.storeTimeout(Duration.ofMillis(200)))) {
      Session stored = hasty.live(hasty.anonymous());
      stored.setAttribute("n", 0);
      Session draft = hasty.manager.adapter().create(hasty.manager.adapter().resolve(List.of()));
      for (Session session : List.of(stored, draft)) {
        assertThatThrownBy(
                () ->
                    hasty.manager.update(
                        session,
                        "n",
                        Integer.class,
                        n -> {
                          session.setAttribute("n", new Object().hashCode());
                          return 1;
                        }))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("\"n\"");
      }
    }
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
    set("other", "1");
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
