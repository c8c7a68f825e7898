package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Ownership of arguments and results, the capabilities, and {@code close}. */
abstract class Owning extends ContractPart {

  Owning(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  @Sentence("A store that does not keep live objects reads each")
  void insert_liveValue_isEncodedUnlessTheStoreKeepsLiveValues() {
    StringBuilder value = new StringBuilder("before");
    StoredSession stored =
        insert(
            SampleSessions.anonymous(NOW).attribute("a", AttributeValue.live(value, TEXT_CODEC)));
    value.append(" and after");
    assertThat(text(stored)).isEqualTo(store().keepsLiveValues() ? "before and after" : "before");
  }

  @Test
  @Sentence("A store that does not keep live objects reads each")
  void update_liveValue_isEncodedUnlessTheStoreKeepsLiveValues() {
    StoredSession stored = insert(SampleSessions.anonymous(NOW));
    StringBuilder value = new StringBuilder("before");
    AttributeValue live = AttributeValue.live(value, TEXT_CODEC);
    store().update(stored.toBuilder().attribute("a", live).build(), NOW);
    value.append(" and after");
    assertThat(text(stored)).isEqualTo(store().keepsLiveValues() ? "before and after" : "before");
  }

  @Test
  @Sentence("A store that does not keep live objects reads each")
  void find_returnsLiveValuesOnlyIfTheStoreKeepsThem() {
    AttributeValue live = AttributeValue.live("text", TEXT_CODEC);
    StoredSession stored = insert(SampleSessions.anonymous(NOW).attribute("a", live));
    AttributeValue found =
        store().find(stored.id()).orElseThrow().attributes().getOrDefault("a", live);
    assertThat(found.isLive()).isEqualTo(store().keepsLiveValues());
    assertThat(found.bytes()).asString(StandardCharsets.UTF_8).isEqualTo("text");
  }

  @Test
  @Sentence("StoredSession is immutable and may be retained.")
  void insert_mapOfAttributes_isNotRetained() {
    Map<String, AttributeValue> attributes = new HashMap<>();
    attributes.put("a", SampleSessions.text("1"));
    StoredSession stored = insert(SampleSessions.anonymous(NOW).attributes(attributes));
    attributes.put("b", SampleSessions.text("2"));
    assertThat(store().find(stored.id()).orElseThrow().attributes()).containsOnlyKeys("a");
  }

  @Test
  @Sentence("the same one each time")
  void capabilities_areTheSameEachTime() {
    SessionStore store = store();
    List<Supplier<Optional<?>>> capabilities =
        List.of(
            store::principalIndex,
            store::loginLimit,
            store::evictions,
            store::nearCopies,
            store::batchLookup,
            store::batchTouch);
    for (Supplier<Optional<?>> capability : capabilities) {
      Object first = capability.get().orElse(null);
      assertThat((Object) capability.get().orElse(null)).isSameAs(first);
    }
    assertThat(store.keepsLiveValues()).isEqualTo(store.keepsLiveValues());
  }

  @Test
  @Sentence("A capability is obtained by principalIndex() and similar methods")
  void capabilities_areTheSameOnTheOtherNode() {
    assertThat(otherNode().principalIndex().isPresent())
        .isEqualTo(store().principalIndex().isPresent());
    assertThat(otherNode().loginLimit().isPresent()).isEqualTo(store().loginLimit().isPresent());
    assertThat(otherNode().batchLookup().isPresent()).isEqualTo(store().batchLookup().isPresent());
    assertThat(otherNode().batchTouch().isPresent()).isEqualTo(store().batchTouch().isPresent());
  }

  /** If it broke, sessions that exceed the limit could not be ended. */
  @Test
  @Sentence("A store that has it has a principalIndex() too.")
  void loginLimit_isThereOnlyWithAPrincipalIndex() {
    assumeHas(store().loginLimit(), LoginLimit.class);
    assertThat(store().principalIndex()).as("the PrincipalIndex").isPresent();
  }

  /** If it broke, data kept by this node would hide changes of another one. */
  @Test
  @Sentence("What has returned is seen by every operation that begins later, on every node.")
  void anotherNodesChanges_areSeenAtOnce() {
    assumeOtherNode();
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    assertStored(session);
    StoredSession changed = session.toBuilder().principal("bob").generation(1).build();
    assertThat(otherNode().update(changed, NOW)).isTrue();
    assertStored(successor(changed));
    assertThat(otherNode().touch(session.id(), NOW.plusSeconds(60), NOW)).isTrue();
    assertStored(successor(changed).toBuilder().lastSeenAt(NOW.plusSeconds(60)).build());
    assertThat(otherNode().delete(session.id())).isPresent();
    assertGone(session);
    assertThat(store().update(changed, NOW)).as("update of a session that is gone").isFalse();
    assertThat(store().touch(session.id(), NOW, NOW)).as("touch of it").isFalse();
    assertThat(store().delete(session.id())).as("delete of it").isEmpty();
    otherNode().insert(session);
    assertStored(session);
  }

  @Test
  @Sentence("Returns how far the stored last-seen moment may lag behind the last request")
  void touchInterval_isNotNegative() {
    assertThat(store().touchInterval()).isGreaterThanOrEqualTo(Duration.ZERO);
  }

  @Test
  @Sentence("Returns how long an operation on one session, or BatchTouch, takes at most")
  void longestCall_isPositive() {
    assertThat(store().longestCall()).isGreaterThan(Duration.ZERO);
  }

  @Test
  @Sentence("Calling it twice is allowed.")
  void close_twice_isFine() {
    store().close();
    store().close();
  }

  @Test
  @Sentence("Operations that begin later throw SessionStoreException.")
  void close_thenAnyOperation_throws() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    Operations operations = new Operations(store(), session, NOW);
    store().close();
    operations.assertAllFail("after close");
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
