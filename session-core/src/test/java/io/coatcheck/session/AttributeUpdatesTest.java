package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodecException;
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
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I4: one atomic step on an attribute: update")
class AttributeUpdatesTest {

  @AutoClose private final StepsFixture steps = new StepsFixture();
  private final EngineFixture fixture = steps.engine;
  private final SessionManager manager = fixture.manager;
  private final String token = steps.token;

  @Test
  @DisplayName("is one write, returns the new value, and goes on from there")
  void update_isStoredAtOnce() {
    Session session = steps.live();
    assertThat(steps.increment(session)).isEqualTo(1);
    assertThat(steps.increment(session)).isEqualTo(2);
    assertThat(session.attribute("n")).isEqualTo(2);
    manager.save(session);
    assertThat(fixture.store.calls).containsExactly("update", "update");
    assertThat(steps.stored("n")).isEqualTo(2);
  }

  @Test
  @DisplayName("is decided again if the attribute was changed meanwhile")
  void update_afterAnother_isDecidedAgain() {
    Session session = steps.live();
    steps.increment(fixture.live(token));
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
    assertThat(steps.stored("n")).isEqualTo(2);
    assertThat(fixture.store.calls.subList(0, 3)).containsExactly("update", "find", "update");
  }

  @Test
  @DisplayName("is not decided again for a change of another attribute, which stays")
  void update_besideAnother_isDecidedOnce() {
    Session session = fixture.live(token);
    steps.set("other", "1");
    AtomicInteger calls = new AtomicInteger();

    manager.update(session, "n", Integer.class, n -> calls.incrementAndGet());

    assertThat(calls).hasValue(1);
    assertThat(steps.stored("n")).isEqualTo(1);
    assertThat(steps.stored("other")).isEqualTo("1");
    assertThat(fixture.eventsOf(SessionEvent.SavedAfterConflict.class)).hasSize(1);
  }

  @Test
  @DisplayName("that returns null removes")
  void update_null_removes() {
    Session session = fixture.live(token);
    assertThat(manager.update(session, "cart", String.class, cart -> null)).isEmpty();
    assertThat(steps.stored("cart")).isNull();
  }

  @Test
  @DisplayName("that changes nothing reads the store once and writes nothing")
  void update_sameValue_writesNothing() {
    Session session = steps.live();
    assertThat(manager.update(session, "cart", String.class, cart -> cart.orElse("none")))
        .contains("a book");
    assertThat(fixture.store.calls).containsExactly("find");

    steps.set("cart", "a coat");
    assertThat(manager.update(session, "cart", String.class, cart -> cart.orElse("none")))
        .as("as it is stored, not as the request began with it")
        .contains("a coat");
    assertThat(session.attribute("cart")).isEqualTo("a coat");
  }

  @Test
  @DisplayName("stores what the request changed so far in the same write, and it is saved once")
  void update_carriesOtherChanges() {
    Session session = steps.live();
    session.setAttribute("other", "1");
    session.removeAttribute("cart");
    session.setIdleTimeout(Duration.ofMinutes(7));

    steps.increment(session);
    manager.save(session);

    assertThat(fixture.store.calls).containsExactly("update");
    assertThat(steps.stored("other")).isEqualTo("1");
    assertThat(steps.stored("cart")).isNull();
    assertThat(fixture.stored(session).idleTimeout()).contains(Duration.ofMinutes(7));
  }

  @Test
  @DisplayName(
      "gives the function an object of its own, and watches what it returned for later changes")
  void update_mutable_isOwn() {
    steps.set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);
    Object read = session.attribute("list");
    steps.set("list", new ArrayList<>(List.of("a", "b")));

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
    assertThat(steps.stored("list")).isEqualTo(List.of("a", "b", "c"));
    assertThat(session.attribute("list")).isSameAs(updated);

    @SuppressWarnings("unchecked")
    List<String> held = (List<String>) updated;
    held.add("d");
    manager.save(session);
    assertThat(steps.stored("list")).isEqualTo(List.of("a", "b", "c", "d"));
  }

  @Test
  @DisplayName("whose function throws changes nothing")
  void update_throws_changesNothing() {
    Session session = steps.live();
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
    assertThat(steps.stored("cart")).isEqualTo("a book");
    assertThat(steps.stored("other")).isEqualTo("1");
  }

  @Test
  @DisplayName("to what cannot be encoded, or is too large, changes nothing")
  void update_unstorable_changesNothing() {
    Session session = steps.live();
    assertThatThrownBy(() -> manager.update(session, "x", Object.class, x -> new Object()))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining("\"x\"");
    assertThatThrownBy(() -> manager.update(session, "x", String.class, x -> "x".repeat(5_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxAttributeBytes");
    steps.set("big", "b".repeat(2_500));
    assertThatThrownBy(() -> manager.update(session, "x", String.class, x -> "x".repeat(2_500)))
        .as("I21: measured on what is stored, not on what the request began with")
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxSessionBytes");
    assertThatThrownBy(() -> manager.take(session, ""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(steps.stored("x")).isNull();
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
                threads
                    .submit(() -> steps.increment(fixture.live(token)))
                    .get(60, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            }
            return n.orElse(0) + 1;
          });
      assertThat(steps.stored("n")).isEqualTo(2);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  @DisplayName("that always loses the race fails when the store timeout has passed")
  void update_overtakenForEver_fails() {
    Duration timeout = Duration.ofMillis(200);
    try (EngineFixture hasty =
        new EngineFixture(fixture.store, builder -> builder.storeTimeout(timeout))) {
      Session session = hasty.live(token);
      AtomicInteger calls = new AtomicInteger();
      long begun = System.nanoTime();

      assertThatThrownBy(
              () ->
                  hasty.manager.update(
                      session,
                      "n",
                      Integer.class,
                      n -> {
                        Session faster = fixture.live(token);
                        faster.setAttribute("n", calls.incrementAndGet());
                        manager.save(faster);
                        return -1;
                      }))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("lost the compare-and-set");
      assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(timeout.toNanos());
      assertThat(steps.stored("n")).isEqualTo(calls.get());
    }
  }

  @Test
  @DisplayName("an object that a step left as it is, and that is changed later, is saved")
  void update_unchanged_isWatched() {
    steps.set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);

    addTo(manager.update(session, "list", Object.class, Optional::orElseThrow), "b");
    manager.save(session);
    assertThat(steps.stored("list")).isEqualTo(List.of("a", "b"));

    addTo(manager.update(session, "list", Object.class, AttributeUpdatesTest::copyOf), "c");
    manager.save(session);
    assertThat(steps.stored("list")).isEqualTo(List.of("a", "b", "c"));

    session.setAttribute("list", new ArrayList<>(List.of("set")));
    addTo(manager.update(session, "list", Object.class, AttributeUpdatesTest::copyOf), "d");
    manager.save(session);
    assertThat(steps.stored("list")).isEqualTo(List.of("set", "d"));
  }

  @Test
  @DisplayName("the request keeps the object that it has read")
  void update_unchanged_afterARead_isTheSameObject() {
    steps.set("list", new ArrayList<>(List.of("a")));
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
}
