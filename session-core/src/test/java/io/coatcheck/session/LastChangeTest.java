package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** I4: which of two changes of one attribute holds, and which attributes there are. */
class LastChangeTest {

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  @SuppressWarnings("unchecked")
  private static List<String> list(Session session, String name) {
    return (List<String>) session.attribute(name);
  }

  private String withList() {
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    session.setAttribute("list", new ArrayList<>(List.of("a")));
    manager.save(session);
    return EngineFixture.sent(session);
  }

  private void set(String token, String name, Object value) {
    Session session = fixture.live(token);
    session.setAttribute(name, value);
    assertThat(manager.save(session)).isTrue();
  }

  @Nested
  @DisplayName("C3: a removal of an attribute that the request has not seen")
  class Removal {

    private final String token = fixture.anonymous();

    @Test
    @DisplayName("C3: wins if it came last")
    void save_removedAfterItWasSet_isGone() {
      Session remover = fixture.live(token);
      set(token, "x", "1");
      remover.removeAttribute("x");

      assertThat(manager.save(remover)).isTrue();

      assertThat(fixture.live(token).attributeNames()).containsExactly("cart");
    }

    @Test
    @DisplayName("C3: also beside another change, and in a login and a renewal")
    void save_withAnotherChange_isGone() {
      Session remover = fixture.live(token);
      Session login = fixture.live(token);
      set(token, "x", "1");
      remover.removeAttribute("x");
      remover.setAttribute("y", "2");
      manager.save(remover);
      assertThat(fixture.live(token).attributeNames()).containsExactly("cart", "y");

      set(token, "z", "1");
      login.removeAttribute("z");
      manager.authenticate(login, "alice", LoginOptions.defaults());
      assertThat(fixture.live(EngineFixture.sent(login)).attributeNames())
          .containsExactly("cart", "y");
    }

    @Test
    @DisplayName("C3: with nothing to remove, one look-up and no write")
    void save_nothingThere_writesNothing() {
      Session remover = fixture.live(token);
      fixture.store.calls.clear();
      remover.removeAttribute("x");
      manager.save(remover);
      manager.save(remover);

      assertThat(fixture.store.calls).containsExactly("find");
    }

    @Test
    @DisplayName("C3: with nothing to remove, activity is still stored")
    void save_nothingThere_touches() {
      fixture.clock.advance(Duration.ofMinutes(2));
      Session remover = fixture.live(token);
      remover.removeAttribute("x");
      manager.save(remover);

      assertThat(fixture.stored(remover).lastSeenAt()).isEqualTo(fixture.clock.instant());
    }

    @Test
    @DisplayName("C3: a session that has ended meanwhile stays ended")
    void save_ended_isDropped() {
      Session remover = fixture.live(token);
      manager.revoke(remover.id());
      remover.removeAttribute("x");

      assertThat(manager.save(remover)).isFalse();
      assertThat(remover.isEnded()).isTrue();
    }

    @Test
    @DisplayName("C3: a store that fails keeps the removal")
    void save_lookFails_keepsTheRemoval() {
      Session remover = fixture.live(token);
      set(token, "x", "1");
      remover.removeAttribute("x");
      fixture.store.beforeNext(
          "find",
          () -> {
            throw new SessionStoreException("down");
          });
      try {
        manager.save(remover);
        throw new AssertionError("must fail");
      } catch (SessionStoreException expected) {
        manager.save(remover);
      }
      assertThat(fixture.live(token).attributeNames()).containsExactly("cart");
    }
  }

  @Nested
  @DisplayName("B15: a change in place that was only detected")
  class Found {

    private final String token = withList();

    @Test
    @DisplayName("B15: yields to one that was set meanwhile")
    void save_setMeanwhile_yields() {
      Session reader = fixture.live(token);
      list(reader, "list").add("computed");
      set(token, "list", new ArrayList<>(List.of("set")));

      assertThat(manager.save(reader)).isTrue();

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("set"));
      assertThat(reader.attribute("list"))
          .as("what it reads from then on")
          .isEqualTo(List.of("set"));
    }

    @Test
    @DisplayName("B15: yields while a change that was set in the same request is kept")
    void save_besideAnother_yieldsAlone() {
      Session reader = fixture.live(token);
      list(reader, "list").add("computed");
      reader.setAttribute("own", "1");
      set(token, "list", new ArrayList<>(List.of("set")));
      manager.save(reader);
      list(reader, "list").add("more");
      manager.save(reader);

      Session after = fixture.live(token);
      assertThat(after.attribute("list")).isEqualTo(List.of("set", "more"));
      assertThat(after.attribute("own")).isEqualTo("1");
    }

    @Test
    @DisplayName("B15: yields to a removal, and in a login")
    void save_removedMeanwhile_yields() {
      Session reader = fixture.live(token);
      Session login = fixture.live(token);
      list(reader, "list").add("computed");
      list(login, "list").add("computed");
      set(token, "list", null);
      manager.save(reader);
      assertThat(fixture.live(token).attributeNames()).isEmpty();

      manager.authenticate(login, "alice", LoginOptions.defaults());
      assertThat(fixture.live(EngineFixture.sent(login)).attributeNames()).isEmpty();
    }

    @Test
    @DisplayName("B15: is saved where another request changed something else")
    void save_otherAttributeMeanwhile_isSaved() {
      Session reader = fixture.live(token);
      list(reader, "list").add("b");
      set(token, "other", "1");
      manager.save(reader);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b"));
    }

    @Test
    @DisplayName("B15: a value that was set counts as set, even if it is then changed in place")
    void save_setHere_wins() {
      Session setter = fixture.live(token);
      List<String> value = new ArrayList<>(List.of("mine"));
      setter.setAttribute("list", value);
      value.add("too");
      set(token, "list", new ArrayList<>(List.of("set")));
      manager.save(setter);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("mine", "too"));
    }
  }

  @Nested
  @DisplayName("an object that was read and is set again, as Spring does with session-scoped beans")
  class SetAgain {

    private final String token = withList();

    @Test
    @DisplayName("is not a change if it is as it was: it yields to what another request has stored")
    void save_unchanged_yields() {
      Session reader = fixture.live(token);
      List<String> read = list(reader, "list");
      set(token, "list", new ArrayList<>(List.of("set")));
      reader.setAttribute("list", read);
      reader.setAttribute("list", read);

      assertThat(reader.attribute("list")).isSameAs(read);
      manager.save(reader);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("set"));
    }

    @Test
    @DisplayName("writes nothing if it is as it was, and later changes in place are saved")
    void save_unchanged_writesNothing() {
      Session reader = fixture.live(token);
      List<String> read = list(reader, "list");
      reader.setAttribute("list", read);
      fixture.store.calls.clear();
      manager.save(reader);
      assertThat(fixture.store.calls).isEmpty();

      read.add("b");
      manager.save(reader);
      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b"));
    }

    @Test
    @DisplayName("yields also after the request has saved, and has seen what another one stored")
    void save_unchangedAndReplaced_yields() {
      Session reader = fixture.live(token);
      List<String> read = list(reader, "list");
      set(token, "list", new ArrayList<>(List.of("set")));
      reader.setAttribute("own", "1");
      manager.save(reader);
      reader.setAttribute("list", read);
      manager.save(reader);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("set"));
      assertThat(reader.attribute("list")).isEqualTo(List.of("set"));
    }

    @Test
    @DisplayName("counts as set if it was changed, before or after it was set")
    void save_changed_wins() {
      Session before = fixture.live(token);
      List<String> read = list(before, "list");
      set(token, "list", new ArrayList<>(List.of("set")));
      read.add("b");
      before.setAttribute("list", read);
      manager.save(before);
      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b"));

      Session after = fixture.live(token);
      read = list(after, "list");
      after.setAttribute("list", read);
      set(token, "list", new ArrayList<>(List.of("set")));
      read.add("c");
      manager.save(after);
      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a", "b", "c"));
    }

    @Test
    @DisplayName("an equal object that was not read counts as set")
    void save_anotherObject_wins() {
      Session setter = fixture.live(token);
      List<String> copy = new ArrayList<>(list(setter, "list"));
      set(token, "list", new ArrayList<>(List.of("set")));
      setter.setAttribute("list", copy);
      manager.save(setter);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a"));
    }

    @Test
    @DisplayName("is a change after this request has replaced or removed it, or taken it")
    void save_afterOwnChange_wins() {
      Session own = fixture.live(token);
      List<String> read = list(own, "list");
      set(token, "list", new ArrayList<>(List.of("set")));
      own.setAttribute("other", "1");
      manager.save(own);
      own.removeAttribute("list");
      own.setAttribute("list", read);
      manager.save(own);
      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a"));

      Session taker = fixture.live(token);
      List<String> taken = list(taker, "list");
      assertThat(manager.take(taker, "list")).containsSame(taken);
      taker.setAttribute("list", taken);
      manager.save(taker);
      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a"));
    }

    @Test
    @DisplayName("is a change after a login that dropped it")
    void save_afterALoginThatDropsAttributes_isKept() {
      try (EngineFixture dropping =
          new EngineFixture(builder -> builder.dropAttributesAtLogin(true))) {
        Session session =
            dropping.manager.adapter().create(dropping.manager.adapter().resolve(List.of()));
        session.setAttribute("list", new ArrayList<>(List.of("a")));
        dropping.manager.save(session);
        Session login = dropping.live(EngineFixture.sent(session));
        List<String> kept = list(login, "list");
        dropping.manager.authenticate(login, "alice", LoginOptions.defaults());
        login.setAttribute("list", kept);
        dropping.manager.save(login);

        assertThat(dropping.live(EngineFixture.sent(login)).attribute("list"))
            .isEqualTo(List.of("a"));
      }
    }

    @Test
    @DisplayName("is a change if it was changed, and changed back while the first is being saved")
    void save_changedBackMeanwhile_isSaved() {
      Session session = fixture.live(token);
      List<String> read = list(session, "list");
      read.add("b");
      session.setAttribute("list", read);
      fixture.store.beforeNext(
          "update",
          () -> {
            read.remove("b");
            session.setAttribute("list", read);
          });
      manager.save(session);
      manager.save(session);

      assertThat(fixture.live(token).attribute("list")).isEqualTo(List.of("a"));
    }

    @Test
    @DisplayName("does not undo a removal by another request")
    void save_removedMeanwhile_staysRemoved() {
      Session reader = fixture.live(token);
      List<String> read = list(reader, "list");
      set(token, "list", null);
      reader.setAttribute("list", read);
      manager.save(reader);

      assertThat(fixture.live(token).attributeNames()).isEmpty();
    }
  }

  @Test
  @DisplayName("B16: a name is listed if and only if its value can be read")
  void attributeNames_undecodable_isNotListed() {
    String token = withList();
    Session first = fixture.live(token);
    fixture.store.update(
        fixture.stored(first).toBuilder()
            .attribute("bad", AttributeValue.encoded(new byte[] {(byte) 0xEE, 1}))
            .attribute("good", AttributeValue.encoded(EngineFixture.CODEC.encode("1")))
            .build(),
        fixture.clock.instant());
    Session session = fixture.live(token);
    fixture.store.calls.clear();

    assertThat(session.attributeNames()).containsExactly("good", "list");
    assertThat(session.attributeNames())
        .allSatisfy(name -> assertThat(session.attribute(name)).isNotNull());
    assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class)).hasSize(1);
    manager.save(session);
    assertThat(fixture.store.calls).as("listing changes nothing").isEmpty();

    session.removeAttribute("bad");
    manager.save(session);
    assertThat(fixture.stored(session).attributes()).containsOnlyKeys("good", "list");
  }
}
