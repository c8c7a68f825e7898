package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I4: one atomic step on an attribute: take")
class AttributeStepsTest {

  @AutoClose private final StepsFixture steps = new StepsFixture();
  private final EngineFixture fixture = steps.engine;
  private final SessionManager manager = fixture.manager;
  private final String token = steps.token;

  @Test
  @DisplayName("returns the value once, and is one write")
  void take_isStoredAtOnce() {
    Session session = steps.live();

    assertThat(manager.take(session, "cart")).contains("a book");

    assertThat(fixture.store.calls).containsExactly("update");
    assertThat(steps.stored("cart")).isNull();
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
    Session session = steps.live();
    assertThat(manager.take(session, "token")).isEmpty();
    assertThat(fixture.store.calls).containsExactly("find");

    steps.set("token", "t1");
    assertThat(manager.take(session, "token")).contains("t1");
    assertThat(steps.stored("token")).isNull();
  }

  @Test
  @DisplayName("of what this request set or removed before")
  void take_ofOwnChange() {
    Session session = fixture.live(token);
    List<String> value = new ArrayList<>(List.of("a"));
    session.setAttribute("list", value);
    assertThat(manager.take(session, "list").orElseThrow()).isSameAs(value);
    assertThat(steps.stored("list")).isNull();

    session.removeAttribute("cart");
    assertThat(manager.take(session, "cart")).isEmpty();
    manager.save(session);
    assertThat(steps.stored("cart")).isNull();
  }

  @Test
  @DisplayName("returns the object that the request has, with what it changed in it")
  void take_ofWhatWasRead_isTheSameObject() {
    steps.set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);
    @SuppressWarnings("unchecked")
    List<String> read = (List<String>) session.attribute("list");
    read.add("b");

    assertThat(manager.take(session, "list").orElseThrow()).isSameAs(read);
    assertThat(steps.stored("list")).isNull();
  }

  @Test
  @DisplayName("of a value of another type changes nothing")
  void take_wrongType_changesNothing() {
    Session session = fixture.live(token);

    assertThatThrownBy(() -> manager.take(session, "cart", Integer.class))
        .isInstanceOf(ClassCastException.class)
        .hasMessage("attribute \"cart\" is of type java.lang.String, not java.lang.Integer");

    assertThat(steps.stored("cart")).isEqualTo("a book");
    assertThat(manager.take(session, "cart", String.class)).contains("a book");
  }

  @Test
  @DisplayName("I12: of bytes that do not decode here is empty, reported once, and leaves them")
  void take_undecodable_isEmpty() {
    Session session = fixture.live(token);
    AttributeValue unreadable = storeUnreadable(session, "cart");

    assertThat(manager.take(session, "cart")).isEmpty();
    assertThat(manager.update(session, "cart", String.class, cart -> cart.orElse(null))).isEmpty();

    assertThat(fixture.stored(session).attributes()).containsEntry("cart", unreadable);
    assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class)).hasSize(1);

    manager.update(session, "cart", String.class, cart -> "new");
    assertThat(steps.stored("cart")).isEqualTo("new");
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
    assertThat(steps.stored("other")).isEqualTo("1");
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
    steps.set("list", new ArrayList<>(List.of("a")));
    Session session = fixture.live(token);
    @SuppressWarnings("unchecked")
    List<String> read = (List<String>) session.attribute("list");
    read.add("computed");
    steps.set("list", new ArrayList<>(List.of("set")));

    manager.take(session, "none");
    manager.save(session);

    assertThat(steps.stored("list")).isEqualTo(List.of("set"));
    assertThat(session.attribute("list")).isEqualTo(List.of("set"));
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
        .extracting(SessionEvent.WriteDropped::reason)
        .containsExactly(DropReason.OVERTAKEN);
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
}
