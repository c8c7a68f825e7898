package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayName(
    "A lost value is logged as a warning, even without listeners and if the exception is caught")
class LostValuesTest {

  private record Unlisted(String text) implements Serializable {}

  private record AlsoUnlisted(String text) implements Serializable {}

  @AutoClose private final RecordedLog log = RecordedLog.of(SessionManager.class);
  @AutoClose private final EngineFixture fixture = new EngineFixture();

  private List<String> warnings() {
    return log.lines(Level.WARN);
  }

  private Session newSession() {
    return fixture.manager.adapter().create(fixture.manager.adapter().resolve(List.of()));
  }

  private static void refuse(Session session, String name, Object value) {
    assertThatIllegalArgumentException().isThrownBy(() -> session.setAttribute(name, value));
  }

  @Test
  void refused_isAWarningOncePerClass_andAnEventEachTime() {
    for (int i = 0; i < 3; i++) {
      Session session = newSession();
      refuse(session, "user", new Unlisted("a secret"));
      refuse(session, "list", new ArrayList<>(List.of(new Unlisted("a secret"))));
      refuse(session, "other", new AlsoUnlisted("a secret"));
    }
    assertThat(warnings())
        .satisfiesExactly(
            first ->
                assertThat(first)
                    .startsWith(
                        "The attribute \"user\" could not be stored, and setting it threw an"
                            + " exception: ")
                    .contains(".allow(\"" + Unlisted.class.getName() + "\")")
                    .doesNotContain("a secret"),
            second -> assertThat(second).contains("\"other\"", AlsoUnlisted.class.getName()));
    assertThat(fixture.eventsOf(SessionEvent.AttributeRefused.class))
        .hasSize(9)
        .allSatisfy(event -> assertThat(event.problem()).doesNotContain("a secret"))
        .extracting(SessionEvent.AttributeRefused::attribute)
        .startsWith("user", "list", "other");
  }

  @Test
  void refused_byALimit_isAWarningAndAnEventToo() {
    refuse(newSession(), "big", "n".repeat(2 << 20));
    assertThat(warnings()).singleElement().asString().contains("\"big\"", "maxAttributeBytes");
    assertThat(fixture.eventsOf(SessionEvent.AttributeRefused.class)).hasSize(1);
  }

  @Test
  @DisplayName("an atomic step that is refused is a warning and an event; one that throws is not")
  void refused_inAStep() {
    Session session = newSession();
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                fixture.manager.update(
                    session, "new", Object.class, old -> new Unlisted("a secret")));
    session.setAttribute("good", "1");
    fixture.manager.save(session);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                fixture.manager.update(
                    session, "stored", Object.class, old -> new AlsoUnlisted("a secret")));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                fixture.manager.update(session, "large", Object.class, old -> "n".repeat(2 << 20)));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                fixture.manager.update(
                    session,
                    "thrown",
                    Object.class,
                    old -> {
                      throw new IllegalArgumentException("the application's own");
                    }));
    assertThat(fixture.eventsOf(SessionEvent.AttributeRefused.class))
        .extracting(SessionEvent.AttributeRefused::attribute)
        .containsExactly("new", "stored", "large");
    assertThat(warnings()).hasSize(3);
  }

  @Test
  void refused_inMemory_isOnlyWhatPassesALimit() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .cleanUpInterval(Duration.ZERO)
            .maxAttributes(1)
            .build()) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      session.setAttribute("user", new Unlisted("text"));
      assertThat(warnings()).isEmpty();
      refuse(session, "second", "text");
      assertThat(warnings()).singleElement().asString().contains("\"second\"", "maxAttributes");
    }
  }

  @Test
  void unencodable_isAWarningOncePerClass_andAnEventEachTime() {
    Session session = newSession();
    Map<String, Object> map = new HashMap<>();
    session.setAttribute("map", map);
    List<Object> list = new ArrayList<>();
    session.setAttribute("list", list);
    map.put("bean", new Unlisted("a secret"));
    list.add(new Unlisted("a secret"));
    fixture.manager.save(session);

    assertThat(warnings())
        .singleElement()
        .asString()
        .contains("was changed after it was set or read, and its change could not be stored: ")
        .contains(".allow(\"" + Unlisted.class.getName() + "\")")
        .doesNotContain("a secret");
    assertThat(fixture.eventsOf(SessionEvent.AttributeUnencodable.class)).hasSize(2);

    Session read = fixture.live(EngineFixture.sent(session));
    @SuppressWarnings("unchecked")
    Map<String, Object> again = (Map<String, Object>) read.attribute("map");
    again.put("bean", new Object());
    fixture.manager.save(read);
    assertThat(warnings()).hasSize(2).last().asString().contains("java.lang.Object");
    assertThat(fixture.eventsOf(SessionEvent.AttributeUnencodable.class)).hasSize(3);
  }

  @Test
  void undecodable_isAWarningOfOneLine() {
    Session session = newSession();
    session.setAttribute("good", "1");
    fixture.manager.save(session);
    StoredSession stored = fixture.stored(session);
    byte[] garbage = {(byte) 0xEE, 1, 2, 3};
    fixture.store.update(
        stored.toBuilder().attribute("a\nb", AttributeValue.encoded(garbage)).build(),
        fixture.clock.instant());
    String token = EngineFixture.sent(session);
    for (int i = 0; i < 3; i++) {
      assertThat(fixture.live(token).attribute("a\nb")).isNull();
    }
    assertThat(warnings())
        .singleElement()
        .asString()
        .startsWith("The attribute \"a\\u000ab\" could not be read, and is absent: ")
        .doesNotContain("\n");
  }

  @Test
  @DisplayName("many classes fill neither the log nor the memory")
  void warnings_areBounded() {
    AttributeCodec codec =
        new AttributeCodec() {
          private int number;

          @Override
          public byte[] encode(Object value) {
            throw new AttributeCodecException("class" + number++ + "\nforged line");
          }

          @Override
          public Object decode(byte[] bytes) {
            throw new AttributeCodecException("class" + number++ + "\nforged line");
          }
        };
    EngineFixture refusing = new EngineFixture(builder -> builder.codec(codec));
    Session session =
        refusing.manager.adapter().create(refusing.manager.adapter().resolve(List.of()));
    ValueWarnings bounded = new ValueWarnings();
    for (int i = 0; i < 1_000; i++) {
      bounded.undecodable("a", new AttributeCodecException("class" + i + "\nforged line"));
    }
    assertThat(warnings())
        .hasSize(ValueWarnings.MAX_KEYS)
        .allSatisfy(line -> assertThat(line).doesNotContain("\n"))
        .last()
        .asString()
        .contains("this is the last such warning");
    refuse(session, "a", "text");
    assertThat(warnings()).hasSize(ValueWarnings.MAX_KEYS + 1);
    refusing.close();
  }

  @Nested
  @DisplayName("copyOnRead(true), which simulates a remote store in tests, fails the save")
  class CopyOnRead {

    private final JavaSerializationCodec codec = JavaSerializationCodec.builder().build();

    private void assertFailsOnce(SessionStore store) {
      try (SessionManager manager =
          SessionManager.builder(store).codec(codec).cleanUpInterval(Duration.ZERO).build()) {
        Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
        List<Object> list = new ArrayList<>();
        session.setAttribute("list", list);
        session.setAttribute("good", "1");
        manager.save(session);
        Session read =
            ((Resolution.Live) manager.adapter().resolve(List.of(EngineFixture.sent(session))))
                .session();
        @SuppressWarnings("unchecked")
        List<Object> found = (List<Object>) read.attribute("list");
        found.add(new Unlisted("a secret"));
        assertThatThrownBy(() -> manager.save(read))
            .isInstanceOf(AttributeCodecException.class)
            .hasMessageStartingWith(
                "attribute \"list\" was changed after it was set or read, and cannot be stored"
                    + " any more: ")
            .hasMessageContaining(".allow(\"" + Unlisted.class.getName() + "\")")
            .hasMessageNotContaining("a secret")
            .extracting(e -> ((AttributeCodecException) e).refusedClass().orElseThrow())
            .isEqualTo(Unlisted.class.getName());
        assertThat(warnings()).hasSize(1);

        read.setAttribute("error", "shown");
        assertThatCode(() -> manager.save(read))
            .as("the error page of the request can be sent")
            .doesNotThrowAnyException();
      }
    }

    @Test
    void save_failsOncePerAttribute() {
      assertFailsOnce(InMemorySessionStore.builder().copyOnRead(true).build());
    }

    @Test
    void save_throughANearCache_failsTheSame() {
      assertFailsOnce(
          NearCacheSessionStore.wrap(InMemorySessionStore.builder().copyOnRead(true).build()));
    }

    @Test
    void save_ofANewSession_fails() {
      try (SessionManager manager =
          SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build())
              .cleanUpInterval(Duration.ZERO)
              .build()) {
        Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
        List<Object> list = new ArrayList<>();
        session.setAttribute("list", list);
        list.add(new Object());
        assertThatThrownBy(() -> manager.save(session)).isInstanceOf(AttributeCodecException.class);
        assertThat(session.isStored()).isFalse();
      }
    }
  }
}
