package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class SaveTest {

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private Session newSession() {
    return manager.adapter().create(manager.adapter().resolve(List.of()));
  }

  private static Object holder(String text) {
    List<String> list = new ArrayList<>();
    list.add(text);
    return list;
  }

  @SuppressWarnings("unchecked")
  private static List<String> list(Session session, String name) {
    return (List<String>) session.attribute(name);
  }

  @Nested
  @DisplayName("I10: an anonymous visitor costs nothing until something is stored")
  class Creation {

    @Test
    void save_untouchedSession_storesNothing() {
      Session session = newSession();
      session.removeAttribute("absent");
      session.attributeNames();

      assertThat(manager.save(session)).isTrue();

      assertThat(fixture.store.calls).isEmpty();
      assertThat(session.unsentToken()).isEmpty();
    }

    @Test
    void save_attributeSet_insertsOnce() {
      Session session = newSession();
      session.setAttribute("a", "1");
      manager.save(session);
      manager.save(session);

      assertThat(fixture.store.calls).containsExactly("insert");
      assertThat(fixture.eventsOf(SessionEvent.Created.class)).hasSize(1);
      assertThat(fixture.live(EngineFixture.sent(session)).attribute("a")).isEqualTo("1");
    }

    @Test
    void save_keptOrTimeoutChanged_inserts() {
      Session kept = newSession();
      kept.keep();
      Session timed = newSession();
      timed.setIdleTimeout(Duration.ofMinutes(5));
      manager.save(kept);
      manager.save(timed);

      assertThat(fixture.store.calls).containsExactly("insert", "insert");
      assertThat(fixture.stored(timed).idleTimeout()).contains(Duration.ofMinutes(5));
    }

    @Test
    void save_insertFails_keepsTheChangesAndSendsNoToken() {
      Session session = newSession();
      session.setAttribute("a", "1");
      fixture.store.beforeNext(
          "insert",
          () -> {
            throw new SessionStoreException("insert: down");
          });

      assertThatThrownBy(() -> manager.save(session)).isInstanceOf(SessionStoreException.class);
      assertThat(session.unsentToken()).isEmpty();
      assertThat(fixture.eventsOf(SessionEvent.StoreFailed.class)).hasSize(1);

      manager.save(session);
      assertThat(session.unsentToken()).isPresent();
    }
  }

  @Nested
  @DisplayName("I4: concurrent changes merge by attribute")
  class Merge {

    @Test
    @DisplayName("F25: two requests that loaded before either saved: both changes are there")
    void save_differentAttributes_bothSurvive() {
      String token = fixture.anonymous();
      Session one = fixture.live(token);
      Session other = fixture.live(token);
      one.setAttribute("one", "1");
      other.setAttribute("other", "2");

      manager.save(one);
      manager.save(other);

      Session after = fixture.live(token);
      assertThat(after.attributeNames()).containsExactly("cart", "one", "other");
      assertThat(fixture.eventsOf(SessionEvent.SavedAfterConflict.class))
          .singleElement()
          .extracting(SessionEvent.SavedAfterConflict::attempts)
          .isEqualTo(2);
      assertThat(other.attribute("one")).isEqualTo("1");
    }

    @Test
    void save_sameAttribute_lastWriterWinsWhole() {
      String token = fixture.anonymous();
      Session one = fixture.live(token);
      Session other = fixture.live(token);
      one.setAttribute("x", holder("one"));
      other.setAttribute("x", holder("other"));
      manager.save(one);
      manager.save(other);

      assertThat(fixture.live(token).attribute("x")).isEqualTo(List.of("other"));
    }

    @Test
    @DisplayName("F25: one sets, one only reads: what was set survives")
    void save_readerDoesNotOverwrite() {
      String token = fixture.anonymous();
      Session writer = fixture.live(token);
      Session reader = fixture.live(token);
      reader.attribute("cart");
      writer.setAttribute("cart", "two books");
      manager.save(writer);
      fixture.clock.advance(Duration.ofMinutes(2));
      manager.save(reader);

      assertThat(fixture.live(token).attribute("cart")).isEqualTo("two books");
    }

    @Test
    void save_removalAndAddition_merge() {
      String token = fixture.anonymous();
      Session one = fixture.live(token);
      Session other = fixture.live(token);
      one.removeAttribute("cart");
      other.setAttribute("note", "n");
      manager.save(one);
      manager.save(other);

      assertThat(fixture.live(token).attributeNames()).containsExactly("note");
    }

    @Test
    void save_idleTimeoutAndAttribute_merge() {
      String token = fixture.anonymous();
      Session one = fixture.live(token);
      Session other = fixture.live(token);
      one.setIdleTimeout(Duration.ofMinutes(3));
      other.setAttribute("note", "n");
      manager.save(one);
      manager.save(other);

      Session after = fixture.live(token);
      assertThat(after.idleTimeout()).contains(Duration.ofMinutes(3));
      assertThat(after.attribute("note")).isEqualTo("n");
    }

    @Test
    @DisplayName("C1: only the store timeout ends the attempts, and the changes are kept")
    void save_alwaysLosing_failsAfterTheTimeout() {
      try (EngineFixture busy =
          new EngineFixture(builder -> builder.storeTimeout(Duration.ofMillis(50)))) {
        String token = busy.anonymous();
        Session session = busy.live(token);
        session.setAttribute("a", "1");
        loseForever(busy, session);

        assertThatThrownBy(() -> busy.manager.save(session))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("lost the compare-and-set")
            .hasMessageContaining("PT0.05S");
      }
    }

    private void loseForever(EngineFixture busy, Session session) {
      busy.store.beforeNext(
          "update",
          () -> {
            busy.store.inner().update(busy.stored(session), busy.clock.instant());
            loseForever(busy, session);
          });
    }
  }

  @Nested
  @DisplayName("I2: no resurrection")
  class Ended {

    @Test
    @DisplayName("F6: logged out while the request ran: the change is dropped and reported")
    void save_loggedOutMeanwhile_isDropped() {
      String token = fixture.loggedIn("alice");
      Session slow = fixture.live(token);
      manager.invalidate(fixture.live(token));
      slow.setAttribute("a", "1");

      assertThat(manager.save(slow)).isFalse();

      assertThat(fixture.isLive(token)).isFalse();
      assertThat(slow.isEnded()).isTrue();
      assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.reason()).isEqualTo(DropReason.ENDED);
                assertThat(event.attributes()).isEqualTo(Set.of("a"));
                assertThat(event.principal()).contains("alice");
              });
    }

    @Test
    @DisplayName("F6: the same with a touch only")
    void save_touchAfterLogout_doesNothing() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(2));
      Session slow = fixture.live(token);
      manager.invalidate(fixture.live(token));

      manager.save(slow);

      assertThat(fixture.isLive(token)).isFalse();
      assertThat(slow.isEnded()).isTrue();
    }

    @Test
    @DisplayName("F35: a request that outlives the deadline loses its changes")
    void save_expiredMeanwhile_isDropped() {
      String token = fixture.loggedIn("alice");
      Session slow = fixture.live(token);
      slow.setAttribute("a", "1");
      fixture.clock.advance(Duration.ofMinutes(30));

      assertThat(manager.save(slow)).isFalse();

      assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
          .singleElement()
          .extracting(SessionEvent.WriteDropped::reason)
          .isEqualTo(DropReason.EXPIRED);
      assertThat(fixture.isLive(token)).isFalse();
    }

    @Test
    @DisplayName("F9: what this request ended stays ended")
    void save_afterOwnInvalidate_doesNothing() {
      String token = fixture.loggedIn("alice");
      Session session = fixture.live(token);
      session.setAttribute("a", "1");
      manager.invalidate(session);
      fixture.store.calls.clear();

      assertThat(manager.save(session)).isTrue();

      assertThat(fixture.store.calls).isEmpty();
      assertThatThrownBy(() -> session.attribute("a")).isInstanceOf(IllegalStateException.class);
      assertThat(session.principal()).isEmpty();
    }

    @Test
    @DisplayName("I4: a request from before an explicit renewal is dropped")
    void save_renewedMeanwhile_isDropped() {
      String token = fixture.loggedIn("alice");
      Session slow = fixture.live(token);
      Session renewing = fixture.live(token);
      manager.renew(renewing);
      slow.setAttribute("a", "1");

      assertThat(manager.save(slow)).isFalse();

      assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
          .singleElement()
          .extracting(SessionEvent.WriteDropped::reason)
          .isEqualTo(DropReason.REKEYED);
      Session after = fixture.live(EngineFixture.sent(renewing));
      assertThat(after.attribute("a")).isNull();
      manager.invalidate(after);
    }
  }

  @Nested
  @DisplayName("F27: repeated changes of one attribute")
  class Sequences {

    private final String token = fixture.anonymous();
    private final Session session = fixture.live(token);

    private Object saved(String name) {
      manager.save(session);
      return fixture.live(token).attribute(name);
    }

    @Test
    void addThenModify_savesTheLastValue() {
      session.setAttribute("a", "1");
      session.setAttribute("a", "2");
      assertThat(saved("a")).isEqualTo("2");
    }

    @Test
    void addThenRemove_savesNothing() {
      session.setAttribute("a", "1");
      session.removeAttribute("a");
      assertThat(saved("a")).isNull();
      assertThat(session.attributeNames()).containsExactly("cart");
    }

    @Test
    void modifyThenRemove_removes() {
      session.setAttribute("cart", "x");
      session.removeAttribute("cart");
      assertThat(saved("cart")).isNull();
    }

    @Test
    @DisplayName("as with HttpSession, setting null removes")
    void setToNull_removes() {
      session.setAttribute("cart", null);
      assertThat(session.attribute("cart")).isNull();
      assertThat(session.attributeNames()).doesNotContain("cart");
      assertThat(saved("cart")).isNull();
    }

    @Test
    void removeThenAdd_savesTheNewValue() {
      session.removeAttribute("cart");
      session.setAttribute("cart", "y");
      assertThat(saved("cart")).isEqualTo("y");
    }

    @Test
    void removeAbsent_writesNothing() {
      fixture.store.calls.clear();
      session.removeAttribute("nothing");
      manager.save(session);
      assertThat(fixture.store.calls).as("another request may have set it").containsExactly("find");
    }

    @Test
    void setAfterSave_isSavedAgain() {
      session.setAttribute("a", "1");
      manager.save(session);
      session.setAttribute("a", "2");
      assertThat(saved("a")).isEqualTo("2");
    }
  }

  @Nested
  @DisplayName("changes in place")
  class InPlace {

    @Test
    void save_valueReadAndChanged_isSaved() {
      Session first = newSession();
      first.setAttribute("list", holder("a"));
      manager.save(first);
      String token = EngineFixture.sent(first);

      Session second = fixture.live(token);
      list(second, "list").add("b");
      manager.save(second);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b"));
    }

    @Test
    void save_valueChangedAfterSet_isSavedAsItIsThen() {
      Session session = newSession();
      List<String> value = new ArrayList<>(List.of("a"));
      session.setAttribute("list", value);
      value.add("b");
      manager.save(session);
      value.add("c");
      manager.save(session);

      assertThat(fixture.live(EngineFixture.sent(session)).attribute("list"))
          .isEqualTo(List.of("a", "b", "c"));
    }

    @Test
    void save_valueOnlyRead_writesNothing() {
      Session first = newSession();
      first.setAttribute("list", holder("a"));
      first.setAttribute("map", Map.of("a", 1, "b", 2, "c", 3));
      manager.save(first);
      Session second = fixture.live(EngineFixture.sent(first));
      fixture.store.calls.clear();

      assertThat(second.attribute("list")).isSameAs(second.attribute("list"));
      second.attribute("map");
      manager.save(second);

      assertThat(fixture.store.calls).isEmpty();
    }

    @Test
    @DisplayName("bytes that differ only because serialization is not canonical are no change")
    void save_storedByAnotherProcess_isNoChange() {
      Session first = newSession();
      first.setAttribute("list", holder("a"));
      manager.save(first);
      // As another process may have written it: equal, but with another capacity in the stream.
      Map<String, String> sized = new HashMap<>(4096);
      sized.put("k", "v");
      StoredSession stored = fixture.stored(first);
      fixture.store.update(
          stored.toBuilder()
              .attribute("map", AttributeValue.encoded(EngineFixture.CODEC.encode(sized)))
              .build(),
          fixture.clock.instant());
      Session second = fixture.live(EngineFixture.sent(first));
      second.attribute("map");
      fixture.store.calls.clear();

      manager.save(second);

      assertThat(fixture.store.calls).isEmpty();
    }

    @Test
    @DisplayName("I4: a value read before another request replaced it does not undo that")
    void save_readThenReplacedByAnother_keepsTheOthers() {
      Session first = newSession();
      first.setAttribute("list", holder("a"));
      manager.save(first);
      String token = EngineFixture.sent(first);
      Session reader = fixture.live(token);
      list(reader, "list");
      Session writer = fixture.live(token);
      writer.setAttribute("list", holder("z"));
      manager.save(writer);

      reader.setAttribute("other", "1");
      manager.save(reader);
      reader.setAttribute("more", "2");
      manager.save(reader);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("z"));
    }
  }

  @Nested
  @DisplayName("I12: values that cannot be encoded or decoded")
  class Encoding {

    @Test
    void set_unencodable_failsThereAndLosesNothing() {
      Session session = newSession();
      session.setAttribute("good", "1");

      assertThatThrownBy(() -> session.setAttribute("bad", new Object()))
          .isInstanceOf(AttributeCodecException.class);

      manager.save(session);
      assertThat(fixture.live(EngineFixture.sent(session)).attributeNames())
          .containsExactly("good");
    }

    @Test
    @DisplayName("the message names the attribute, the class and what to do, and never the value")
    void set_unencodable_saysWhichAndWhatToDo() {
      Session session = newSession();

      assertThatThrownBy(() -> session.setAttribute("cart", new Secretive("hunter2")))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessage(
              "attribute \"cart\": cannot store a "
                  + Secretive.class.getName()
                  + ": "
                  + Secretive.class.getName()
                  + " is not on the allow-list: add"
                  + " JavaSerializationCodec.builder().allow(\""
                  + Secretive.class.getName()
                  + "\")");
      assertThatThrownBy(() -> session.setAttribute("a\nb", new Object()))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageStartingWith("attribute \"a\\u000ab\": cannot store a java.lang.Object: ")
          .hasMessageContaining("does not implement Serializable: store a value of a class that");
      assertThatThrownBy(() -> session.setAttribute("blob", new byte[5 << 20]))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageStartingWith("attribute \"blob\": cannot store a byte[]: it takes more than")
          .hasMessageContaining("JavaSerializationCodec.builder().maxBytes(...)");
    }

    private record Secretive(String text) implements java.io.Serializable {}

    @Test
    void save_becameUnencodable_keepsItsBytesAndSavesTheOthers() {
      Session session = newSession();
      List<Object> list = new ArrayList<>(List.of("a"));
      session.setAttribute("list", list);
      session.setAttribute("good", "1");
      list.add(new Object());

      manager.save(session);

      Session after = fixture.live(EngineFixture.sent(session));
      assertThat(after.attribute("list")).isEqualTo(List.of("a"));
      assertThat(after.attribute("good")).isEqualTo("1");
      assertThat(fixture.eventsOf(SessionEvent.AttributeUnencodable.class))
          .singleElement()
          .extracting(SessionEvent.AttributeUnencodable::attribute)
          .isEqualTo("list");
    }

    @Test
    void get_undecodable_isAbsent_reportedOnce_andCostsOnlyItself() {
      Session first = newSession();
      first.setAttribute("good", "1");
      manager.save(first);
      StoredSession stored = fixture.stored(first);
      byte[] garbage = {(byte) 0xEE, 1, 2, 3};
      fixture.store.update(
          stored.toBuilder().attribute("bad", AttributeValue.encoded(garbage)).build(),
          fixture.clock.instant());
      String token = EngineFixture.sent(first);

      Session second = fixture.live(token);
      assertThat(second.attribute("bad")).isNull();
      assertThat(second.attribute("bad")).isNull();
      assertThat(second.attribute("good")).isEqualTo("1");
      second.setAttribute("good", "2");
      manager.save(second);

      assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class)).hasSize(1);
      assertThat(fixture.stored(second).attributes().get("bad").bytes()).isEqualTo(garbage);
      Session third = fixture.live(token);
      third.setAttribute("bad", "mended");
      manager.save(third);
      assertThat(fixture.live(token).attribute("bad")).isEqualTo("mended");
    }
  }

  @Test
  @DisplayName("the store in memory shares live objects and serializes nothing")
  void save_liveStore_sharesObjects() {
    HookedStore store = new HookedStore(InMemorySessionStore.builder().build(), Duration.ZERO);
    try (EngineFixture live = new EngineFixture(store, builder -> builder)) {
      Session session = live.manager.adapter().create(live.manager.adapter().resolve(List.of()));
      Object notSerializable = new Object();
      session.setAttribute("any", notSerializable);
      live.manager.save(session);

      assertThat(live.live(EngineFixture.sent(session)).attribute("any")).isSameAs(notSerializable);
    }
  }

  @Test
  @DisplayName("F37: what is changed during a save is still to be saved")
  void save_changedMeanwhile_isSavedByTheNext() {
    String token = fixture.anonymous();
    Session session = fixture.live(token);
    session.setAttribute("a", "1");
    fixture.store.beforeNext("update", () -> session.setAttribute("a", "2"));
    manager.save(session);
    manager.save(session);

    assertThat(fixture.live(token).attribute("a")).isEqualTo("2");
  }

  @Test
  void attribute_nameOutOfRange_isRefused() {
    Session session = newSession();

    assertThatThrownBy(() -> session.setAttribute("", "x"))
        .hasMessage("the name of an attribute must have 1 to 255 characters: 0");
    assertThatThrownBy(() -> session.setAttribute("x".repeat(256), "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
