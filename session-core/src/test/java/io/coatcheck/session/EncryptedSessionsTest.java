package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A manager with encryption stores no plain value, and otherwise works the same")
class EncryptedSessionsTest {

  private static final AttributeEncryption ENCRYPTION =
      AttributeEncryption.builder("new", key(1)).build();

  private final HookedStore store =
      new HookedStore(
          InMemorySessionStore.builder().copyOnRead(true).build(), EngineFixture.TOUCH_INTERVAL);
  private EngineFixture fixture = fixture(ENCRYPTION);

  private static SecretKey key(int fill) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) fill);
    return new SecretKeySpec(bytes, "AES");
  }

  private EngineFixture fixture(AttributeEncryption encryption) {
    return fixture(builder -> builder.encryption(encryption));
  }

  private EngineFixture fixture(UnaryOperator<SessionManagerBuilder> settings) {
    return new EngineFixture(store, settings);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  private Session newSession() {
    return fixture.manager.adapter().create(fixture.manager.adapter().resolve(List.of()));
  }

  private StoredSession raw(Session session) {
    return store.find(session.id()).orElseThrow();
  }

  private static String text(StoredSession stored) {
    StringBuilder text = new StringBuilder();
    stored
        .attributes()
        .forEach(
            (name, value) -> text.append(new String(value.bytes(), StandardCharsets.ISO_8859_1)));
    return text.toString();
  }

  private static byte[] bytes(StoredSession stored, String name) {
    AttributeValue value = stored.attributes().get(name);
    assertThat(value).isNotNull();
    return value.bytes();
  }

  @Test
  void stored_areFramesOnly_andReadAgain() {
    Session session = newSession();
    session.setAttribute("card", "4111");
    session.setAttribute("list", new ArrayList<>(List.of("secret")));
    fixture.manager.save(session);

    assertThat(text(raw(session))).doesNotContain("4111").doesNotContain("secret");
    Session read = fixture.live(EngineFixture.sent(session));
    assertThat(read.attribute("card")).isEqualTo("4111");
    assertThat(read.attribute("list")).isEqualTo(List.of("secret"));
    assertThat(read.attributeNames()).containsExactly("card", "list");
  }

  @Test
  @DisplayName("a mutable value that is only read is not written, and one that changed is")
  void changesInPlace_areFoundDespiteRandomNonces() {
    Session session = newSession();
    session.setAttribute("list", new ArrayList<>(List.of("a")));
    session.setAttribute("other", "b");
    fixture.manager.save(session);
    String token = EngineFixture.sent(session);
    StoredSession first = raw(session);

    Session reader = fixture.live(token);
    assertThat(reader.attribute("list")).isEqualTo(List.of("a"));
    fixture.manager.save(reader);
    assertThat(raw(session).version()).isEqualTo(first.version());

    Session writer = fixture.live(token);
    @SuppressWarnings("unchecked")
    List<Object> list = (List<Object>) writer.attribute("list");
    list.add("b");
    fixture.manager.save(writer);
    StoredSession second = raw(session);
    assertThat(second.version()).isEqualTo(first.version() + 1);
    assertThat(bytes(second, "other"))
        .as("what did not change is stored as it was")
        .isEqualTo(bytes(first, "other"));
    assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b"));

    list.add("c");
    fixture.manager.save(writer);
    assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b", "c"));
  }

  @Test
  void login_whoseSessionIsGone_takesTheAttributesToItsNewId() {
    Session session = newSession();
    session.setAttribute("cart", new ArrayList<>(List.of("a book")));
    session.setAttribute("note", "plain text");
    fixture.manager.save(session);
    Session late = fixture.live(EngineFixture.sent(session));
    @SuppressWarnings("unchecked")
    List<Object> cart = (List<Object>) late.attribute("cart");
    late.setAttribute("set before", new ArrayList<>(List.of("x")));
    store.delete(session.id());

    Session loggedIn =
        EngineFixture.granted(fixture.manager.authenticate(late, "alice", LoginOptions.defaults()));
    assertThat(loggedIn.id()).isNotEqualTo(session.id());
    cart.add("a pen");
    fixture.manager.save(loggedIn);

    Session read = fixture.live(EngineFixture.sent(loggedIn));
    assertThat(read.attribute("cart")).isEqualTo(List.of("a book", "a pen"));
    assertThat(read.attribute("note")).isEqualTo("plain text");
    assertThat(read.attribute("set before")).isEqualTo(List.of("x"));
    assertThat(text(raw(loggedIn))).doesNotContain("book").doesNotContain("plain text");
    assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class)).isEmpty();
  }

  @Test
  void login_underALimit_andRenewal_keepTheAttributes() {
    fixture =
        fixture(
            builder ->
                builder.encryption(ENCRYPTION).sessionsPerPrincipal(1, WhenFull.EVICT_OLDEST));
    Session first =
        EngineFixture.granted(fixture.manager.authenticate(null, "bob", LoginOptions.defaults()));
    first.setAttribute("cart", "a book");
    fixture.manager.save(first);
    fixture.manager.renew(first);
    assertThat(fixture.live(EngineFixture.sent(first)).attribute("cart")).isEqualTo("a book");

    Session anonymous = newSession();
    anonymous.setAttribute("cart", "a pen");
    fixture.manager.save(anonymous);
    Session second =
        EngineFixture.granted(
            fixture.manager.authenticate(anonymous, "bob", LoginOptions.defaults()));
    assertThat(fixture.live(EngineFixture.sent(second)).attribute("cart")).isEqualTo("a pen");
    assertThat(fixture.eventsOf(SessionEvent.Ended.class))
        .singleElement()
        .satisfies(
            ended -> {
              assertThat(ended.reason()).isEqualTo(EndReason.LIMIT);
              assertThat(ended.session().id()).isEqualTo(first.id());
            });
  }

  @Test
  void events_ofEndedSessions_haveReadableAttributes() {
    Session session = newSession();
    session.setAttribute("cart", "a book");
    fixture.manager.save(session);
    fixture.clock.advance(Duration.ofDays(1));
    fixture.manager.cleanUp();
    StoredSession ended = fixture.eventsOf(SessionEvent.Ended.class).get(0).session();
    assertThat(fixture.manager.attributesOf(ended)).isEqualTo(Map.of("cart", "a book"));

    Session another = newSession();
    another.setAttribute("cart", "a pen");
    fixture.manager.save(another);
    fixture.manager.revoke(another.id());
    StoredSession revoked = fixture.eventsOf(SessionEvent.Ended.class).get(1).session();
    assertThat(fixture.manager.attributesOf(revoked)).isEqualTo(Map.of("cart", "a pen"));
  }

  @Test
  @DisplayName(
      "I12: a value moved to another session is absent, with an event, and keeps its bytes")
  void movedValue_isAbsent_andTheOthersLive() {
    Session admin = newSession();
    admin.setAttribute("role", "admin");
    fixture.manager.save(admin);
    Session session = newSession();
    session.setAttribute("role", "guest");
    session.setAttribute("cart", "a book");
    fixture.manager.save(session);
    String token = EngineFixture.sent(session);
    AttributeValue stolen = raw(admin).attributes().get("role");
    store.update(
        raw(session).toBuilder().attribute("role", stolen).build(), fixture.clock.instant());

    Session read = fixture.live(token);
    assertThat(read.attribute("role")).isNull();
    assertThat(read.attribute("cart")).isEqualTo("a book");
    assertThat(read.attributeNames()).containsExactly("cart");
    assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.attribute()).isEqualTo("role");
              assertThat(event.problem()).contains("moved from another session or attribute");
            });

    read.setAttribute("cart", "a pen");
    fixture.manager.save(read);
    assertThat(bytes(raw(session), "role")).isEqualTo(stolen.bytes());
    Session mended = fixture.live(token);
    mended.setAttribute("role", "guest");
    fixture.manager.save(mended);
    assertThat(fixture.live(token).attribute("role")).isEqualTo("guest");
  }

  @Test
  @DisplayName(
      "I12: a node without the key removes nothing, and a node with the key takes the value")
  void take_withoutTheKey_leavesTheValue() {
    Session session = newSession();
    session.setAttribute("coupon", "c1");
    fixture.manager.save(session);
    String token = EngineFixture.sent(session);
    EngineFixture withKey = fixture;
    fixture = fixture(AttributeEncryption.builder("other", key(2)).build());

    Session withoutKey = fixture.live(token);
    assertThat(fixture.manager.take(withoutKey, "coupon")).isEmpty();
    withoutKey.setAttribute("cart", "a book");
    fixture.manager.save(withoutKey);

    assertThat(withKey.manager.take(withKey.live(token), "coupon")).contains("c1");
    assertThat(withKey.manager.take(withKey.live(token), "coupon")).isEmpty();
  }

  @Test
  @DisplayName("after a rotation, the next write of a session leaves nothing under the old key")
  void rotation_encryptsAnewWhenWritten() {
    Session session = newSession();
    session.setAttribute("cart", "a book");
    session.setAttribute("note", "text");
    fixture.manager.save(session);
    String token = EngineFixture.sent(session);
    AttributeEncryption rotated =
        AttributeEncryption.builder("newer", key(2)).decryptionKey("new", key(1)).build();
    EngineFixture second = fixture(rotated);
    Session read = second.live(token);
    assertThat(read.attribute("note")).isEqualTo("text");
    read.setAttribute("cart", "a pen");
    second.manager.save(read);

    fixture = fixture(AttributeEncryption.builder("newer", key(2)).build());
    Session after = fixture.live(token);
    assertThat(after.attribute("cart")).isEqualTo("a pen");
    assertThat(after.attribute("note")).isEqualTo("text");
  }

  @Test
  void rotation_loginEncryptsAnew() {
    Session session = newSession();
    session.setAttribute("cart", "a book");
    fixture.manager.save(session);
    AttributeEncryption rotated =
        AttributeEncryption.builder("newer", key(2)).decryptionKey("new", key(1)).build();
    EngineFixture second = fixture(rotated);
    Session read = second.live(EngineFixture.sent(session));
    Session loggedIn =
        EngineFixture.granted(second.manager.authenticate(read, "bob", LoginOptions.defaults()));
    String token = EngineFixture.sent(loggedIn);

    EngineFixture third = fixture(AttributeEncryption.builder("newer", key(2)).build());
    assertThat(third.live(token).attribute("cart")).isEqualTo("a book");
  }

  @Test
  void plainSessions_areReadWhileAccepted_andEncryptedWhenWritten() {
    EngineFixture plain = fixture(builder -> builder);
    Session session = plain.manager.adapter().create(plain.manager.adapter().resolve(List.of()));
    session.setAttribute("cart", "a book");
    session.setAttribute("note", "text");
    plain.manager.save(session);
    String token = EngineFixture.sent(session);

    assertThat(fixture.live(token).attribute("cart")).isNull();
    EngineFixture accepting =
        fixture(AttributeEncryption.builder("new", key(1)).acceptPlain(true).build());
    Session read = accepting.live(token);
    assertThat(read.attribute("cart")).isEqualTo("a book");
    read.setAttribute("cart", "a pen");
    accepting.manager.save(read);
    assertThat(text(raw(session))).doesNotContain("a pen").doesNotContain("text");
    assertThat(fixture.live(token).attribute("note")).isEqualTo("text");
  }

  @Test
  void conflicts_areMerged() {
    Session session = newSession();
    session.setAttribute("a", "0");
    fixture.manager.save(session);
    String token = EngineFixture.sent(session);
    Session one = fixture.live(token);
    Session two = fixture.live(token);
    one.setAttribute("a", "1");
    two.setAttribute("b", "2");
    fixture.manager.save(one);
    fixture.manager.save(two);
    Session read = fixture.live(token);
    assertThat(read.attribute("a")).isEqualTo("1");
    assertThat(read.attribute("b")).isEqualTo("2");
  }

  @Test
  void limits_countThePlainBytes() {
    fixture = fixture(builder -> builder.encryption(ENCRYPTION).maxAttributeBytes(64));
    Session session = newSession();
    session.setAttribute("note", "n".repeat(62));
    fixture.manager.save(session);
    Session read = fixture.live(EngineFixture.sent(session));
    read.setAttribute("note", "m".repeat(62));
    assertThat(fixture.manager.save(read)).isTrue();
    assertThat(fixture.manager.save(read)).isTrue();
  }

  @Test
  @DisplayName("a near cache keeps encrypted bytes, and decodes an immutable value once")
  void nearCache() {
    AtomicInteger decoded = new AtomicInteger();
    JavaSerializationCodec codec = JavaSerializationCodec.builder().build();
    SessionStore remote = InMemorySessionStore.builder().copyOnRead(true).build();
    NearCacheSessionStore cached =
        NearCacheSessionStore.builder(remote).maxStaleness(Duration.ofMinutes(1)).build();
    try (SessionManager manager =
        SessionManager.builder(cached)
            .cleanUpInterval(Duration.ZERO)
            .encryption(ENCRYPTION)
            .codec(new Counting(codec, decoded))
            .build()) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      session.setAttribute("cart", "a book");
      manager.save(session);
      assertThat(text(cached.find(session.id()).orElseThrow())).doesNotContain("a book");
      String token = EngineFixture.sent(session);
      for (int i = 0; i < 3; i++) {
        Resolution.Live live = (Resolution.Live) manager.adapter().resolve(List.of(token));
        assertThat(live.session().attribute("cart")).isEqualTo("a book");
      }
      assertThat(decoded).hasValue(1);
    }
  }

  private record Counting(JavaSerializationCodec codec, AtomicInteger decoded)
      implements io.coatcheck.session.codec.AttributeCodec {
    @Override
    public byte[] encode(Object value) {
      return codec.encode(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      decoded.incrementAndGet();
      return codec.decode(bytes);
    }
  }

  @Test
  @DisplayName("values in memory stay the objects that they are")
  void liveValues_areNotEncoded() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .cleanUpInterval(Duration.ZERO)
            .encryption(ENCRYPTION)
            .build()) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      Object value = new Object();
      session.setAttribute("any", value);
      manager.save(session);
      Resolution.Live live =
          (Resolution.Live) manager.adapter().resolve(List.of(EngineFixture.sent(session)));
      assertThat(live.session().attribute("any")).isSameAs(value);
    }
  }
}
