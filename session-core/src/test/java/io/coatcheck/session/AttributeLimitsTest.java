package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.memory.InMemorySessionStore;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F55: what a session may hold")
class AttributeLimitsTest {

  @AutoClose
  private final EngineFixture fixture =
      new EngineFixture(
          new HookedStore(InMemorySessionStore.builder().copyOnRead(true).build(), Duration.ZERO),
          builder -> builder.maxAttributeBytes(1_000).maxSessionBytes(1_500).maxAttributes(5));

  private Session begun() {
    SessionAdapter adapter = fixture.manager.adapter();
    return adapter.create(adapter.resolve(List.of()));
  }

  @Test
  void attribute_overTheLimits_isRefusedAndChangesNothing() {
    Session session = begun();
    session.setAttribute("a", "x".repeat(800));

    assertThatThrownBy(() -> session.setAttribute("b", "x".repeat(1_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxAttributeBytes = 1000");
    assertThatThrownBy(() -> session.setAttribute("b", "x".repeat(800)))
        .hasMessageContaining("maxSessionBytes = 1500");
    session.setAttribute("a", "y".repeat(900));
    for (int i = 0; i < 4; i++) {
      session.setAttribute("n" + i, i);
    }
    assertThatThrownBy(() -> session.setAttribute("n4", 4))
        .hasMessageContaining("maxAttributes = 5");
    session.removeAttribute("n0");
    session.setAttribute("n4", 4);

    fixture.manager.save(session);
    assertThat(fixture.live(sent(session)).attributeNames())
        .containsExactly("a", "n1", "n2", "n3", "n4");
  }

  @Test
  void attribute_overTheLimits_isNamedWithoutItsControlCharacters() {
    Session session = begun();

    assertThatThrownBy(() -> session.setAttribute("a\r\nWARN b", "x".repeat(1_000)))
        .hasMessage(
            "an attribute must have at most maxAttributeBytes = 1000 bytes:"
                + " \"a\\u000d\\u000aWARN b\" has 1002");
    assertThatThrownBy(() -> session.setAttribute("n".repeat(255), "x".repeat(1_000)))
        .hasMessageContaining("\"" + "n".repeat(255) + "\" has 1002");
  }

  @Test
  void settings_outOfRange_areRefused() {
    SessionManagerBuilder builder = SessionManager.builder(InMemorySessionStore.builder().build());

    assertThatThrownBy(() -> builder.maxAttributes(0))
        .hasMessage("maxAttributes must be at least 1: 0");
    assertThatThrownBy(() -> builder.maxAttributeBytes(1))
        .hasMessage("maxAttributeBytes must be at least 64: 1");
    assertThatThrownBy(() -> builder.maxSessionBytes(1))
        .hasMessage("maxSessionBytes must be at least 64: 1");
  }
}
