package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Who owns what is handed in and out, the capabilities, and {@code close}. */
abstract class Owning extends ContractPart {

  Owning(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  void insert_liveValue_isEncodedUnlessTheStoreKeepsLiveValues() {
    StringBuilder value = new StringBuilder("before");
    StoredSession stored =
        insert(
            SampleSessions.anonymous(NOW).attribute("a", AttributeValue.live(value, TEXT_CODEC)));
    value.append(" and after");
    assertThat(text(stored)).isEqualTo(store().keepsLiveValues() ? "before and after" : "before");
  }

  @Test
  void update_liveValue_isEncodedUnlessTheStoreKeepsLiveValues() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    StringBuilder value = new StringBuilder("before");
    AttributeValue live = AttributeValue.live(value, TEXT_CODEC);
    store().update(stored.toBuilder().attribute("a", live).build(), NOW);
    value.append(" and after");
    assertThat(text(stored)).isEqualTo(store().keepsLiveValues() ? "before and after" : "before");
  }

  @Test
  void find_returnsLiveValuesOnlyIfTheStoreKeepsThem() {
    AttributeValue live = AttributeValue.live("text", TEXT_CODEC);
    StoredSession stored = insert(SampleSessions.anonymous(NOW).attribute("a", live));
    AttributeValue found =
        store().find(stored.id()).orElseThrow().attributes().getOrDefault("a", live);
    assertThat(found.isLive()).isEqualTo(store().keepsLiveValues());
    assertThat(found.bytes()).asString(StandardCharsets.UTF_8).isEqualTo("text");
  }

  @Test
  void insert_mapOfAttributes_isNotRetained() {
    Map<String, AttributeValue> attributes = new HashMap<>();
    attributes.put("a", SampleSessions.text("1"));
    StoredSession stored = insert(SampleSessions.anonymous(NOW).attributes(attributes));
    attributes.put("b", SampleSessions.text("2"));
    assertThat(store().find(stored.id()).orElseThrow().attributes()).containsOnlyKeys("a");
  }

  @Test
  void capabilities_areTheSameEachTime() {
    assertThat(store().principalIndex().orElse(null))
        .isSameAs(store().principalIndex().orElse(null));
    assertThat(store().evictions().orElse(null)).isSameAs(store().evictions().orElse(null));
    assertThat(store().keepsLiveValues()).isEqualTo(store().keepsLiveValues());
  }

  @Test
  void touchInterval_isNotNegative() {
    assertThat(store().touchInterval()).isGreaterThanOrEqualTo(Duration.ZERO);
  }

  @Test
  void close_twice_isFine() {
    store().close();
    store().close();
  }

  @Test
  void close_thenAnyOperation_throws() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    SessionStore closed = store();
    closed.close();
    Map<String, Function<SessionStore, Object>> operations =
        Map.of(
            "insert",
            store -> {
              store.insert(SampleSessions.anonymous(NOW).build());
              return "stored";
            },
            "find",
            store -> store.find(session.id()),
            "update",
            store -> store.update(session, NOW),
            "touch",
            store -> store.touch(session.id(), NOW, NOW),
            "delete",
            store -> store.delete(session.id()),
            "deleteExpired",
            store -> store.deleteExpired(NOW, 1, gone -> {}));
    operations.forEach(
        (name, operation) ->
            assertThatExceptionOfType(SessionStoreException.class)
                .as("%s after close", name)
                .isThrownBy(() -> operation.apply(closed)));
  }

  private String text(StoredSession session) {
    return store().find(session.id()).orElseThrow().attributes().values().stream()
        .map(value -> value.object(TEXT_CODEC).toString())
        .findAny()
        .orElseThrow();
  }

  /** A codec of text, mutable or not. */
  private static final AttributeCodec TEXT_CODEC =
      new AttributeCodec() {
        @Override
        public byte[] encode(Object value) {
          return value.toString().getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public Object decode(byte[] bytes) {
          return new String(bytes, StandardCharsets.UTF_8);
        }
      };
}
