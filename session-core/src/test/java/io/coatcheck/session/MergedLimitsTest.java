package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** I21: the limits on attributes hold for what requests of one moment store together. */
class MergedLimitsTest {

  private final EngineFixture fixture =
      new EngineFixture(
          builder -> builder.maxAttributes(10).maxAttributeBytes(1_000).maxSessionBytes(4_000));
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private static long bytes(Map<String, AttributeValue> attributes) {
    return attributes.values().stream().mapToLong(value -> value.bytes().length).sum();
  }

  @Test
  @DisplayName("attack 8: 50 requests that were resolved before any was saved")
  void save_manyAtOnce_staysWithinTheLimits() {
    String token = fixture.anonymous();
    List<Session> requests = IntStream.range(0, 50).mapToObj(i -> fixture.live(token)).toList();
    for (int i = 0; i < requests.size(); i++) {
      requests.get(i).setAttribute("a" + i, "x".repeat(900));
      manager.save(requests.get(i));
      assertThat(requests.get(i).isEnded()).isFalse();
    }

    StoredSession stored = fixture.stored(fixture.live(token));
    assertThat(stored.attributes()).hasSizeBetween(4, 10);
    assertThat(bytes(stored.attributes())).isLessThanOrEqualTo(4_000);
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
        .hasSize(50 + 1 - stored.attributes().size())
        .allSatisfy(event -> assertThat(event.reason().name()).isEqualTo("LIMIT"))
        .first()
        .extracting(SessionEvent.WriteDropped::attributes)
        .isEqualTo(java.util.Set.of("a4"));
    Session last = requests.get(49);
    assertThat(last.attribute("a49")).as("as it is stored").isNull();
  }

  @Test
  @DisplayName("attack 8: many small ones")
  void save_manyNames_staysWithinTheLimits() {
    String token = fixture.anonymous();
    List<Session> requests = IntStream.range(0, 5).mapToObj(i -> fixture.live(token)).toList();
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 5; j++) {
        requests.get(i).setAttribute("a" + i + j, j);
      }
      manager.save(requests.get(i));
    }

    assertThat(fixture.live(token).attributeNames()).hasSize(10);
  }

  @Test
  @DisplayName("attack 8: a login merges too")
  void authenticate_staysWithinTheLimits() {
    String token = fixture.anonymous();
    Session login = fixture.live(token);
    Session other = fixture.live(token);
    for (int i = 0; i < 9; i++) {
      login.setAttribute("l" + i, i);
      other.setAttribute("o" + i, i);
    }
    manager.save(other);

    manager.authenticate(login, "alice", LoginOptions.defaults());

    assertThat(fixture.live(EngineFixture.sent(login)).attributeNames()).hasSize(10);
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class)).hasSize(1);
  }

  @Test
  @DisplayName("attack 8: what is beyond a limit already can be replaced by less, and removed")
  void attribute_beyondTheLimits_canShrink() {
    String token = fixture.anonymous();
    StoredSessionBuilder grown = fixture.stored(fixture.live(token)).toBuilder();
    for (int i = 0; i < 20; i++) {
      grown.attribute("a" + i, AttributeValue.encoded(EngineFixture.CODEC.encode("x".repeat(500))));
    }
    fixture.store.update(grown.build(), fixture.clock.instant());

    Session session = fixture.live(token);
    session.setAttribute("a0", "y".repeat(400));
    session.setAttribute("a1", "z".repeat(500));
    assertThatThrownBy(() -> session.setAttribute("a2", "x".repeat(501)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> session.setAttribute("new", "1"))
        .isInstanceOf(IllegalArgumentException.class);
    session.removeAttribute("a3");
    assertThat(manager.save(session)).isTrue();

    Session after = fixture.live(token);
    assertThat(after.attribute("a0")).isEqualTo("y".repeat(400));
    assertThat(after.attribute("a1")).isEqualTo("z".repeat(500));
    assertThat(after.attributeNames()).hasSize(20);
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class)).isEmpty();
  }

  @Test
  @DisplayName("stores 23: three requests at once, each within 4 MiB")
  void save_threeLargeOnes_neverFails() {
    try (EngineFixture defaults = new EngineFixture()) {
      String token = defaults.anonymous();
      List<Session> requests = IntStream.range(0, 3).mapToObj(i -> defaults.live(token)).toList();
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          requests.get(i).setAttribute("a" + i + j, new byte[1_000_000]);
        }
        defaults.manager.save(requests.get(i));
      }

      StoredSession stored = defaults.stored(defaults.live(token));
      assertThat(bytes(stored.attributes())).isBetween(4_000_000L, 4L << 20);
    }
  }

  @Test
  @DisplayName("attack 8: a value that grows in place stays within the limits")
  void save_grownInPlace_staysWithinTheLimits() {
    Session first = manager.adapter().create(manager.adapter().resolve(List.of()));
    List<String> growing = new ArrayList<>(List.of("a"));
    first.setAttribute("list", growing);
    manager.save(first);
    String token = EngineFixture.sent(first);
    growing.add("x".repeat(2_000));
    first.setAttribute("other", "1");

    assertThat(manager.save(first)).isFalse();

    Session after = fixture.live(token);
    assertThat(after.attribute("list")).isEqualTo(List.of("a"));
    assertThat(after.attribute("other")).isEqualTo("1");
    @SuppressWarnings("unchecked")
    List<String> read = (List<String>) after.attribute("list");
    read.add("x".repeat(2_000));
    manager.save(after);
    assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a"));
  }

  @Test
  @DisplayName("attack 8: live values are counted")
  void save_liveValues_areCounted() {
    HookedStore store =
        new HookedStore(InMemorySessionStore.builder().build(), java.time.Duration.ZERO);
    try (EngineFixture live = new EngineFixture(store, builder -> builder.maxAttributes(10))) {
      String token = live.anonymous();
      List<Session> requests = IntStream.range(0, 50).mapToObj(i -> live.live(token)).toList();
      for (int i = 0; i < 50; i++) {
        requests.get(i).setAttribute("a" + i, new Object());
        live.manager.save(requests.get(i));
      }
      assertThat(live.live(token).attributeNames()).hasSize(10);
    }
  }
}
