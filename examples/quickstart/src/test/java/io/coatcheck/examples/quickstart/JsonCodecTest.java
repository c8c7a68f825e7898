package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The codec for JSON that docs/CONFIGURATION.md shows")
class JsonCodecTest {

  private final JsonCodec codec =
      new JsonCodec(List.of(Cart.class, Label.class), JavaSerializationCodec.builder().build());

  /** Of the application; it need not be Serializable. */
  record Cart(List<String> articles, int hats) {}

  record Label(String text) {}

  record Unlisted(String text) {}

  @Test
  @DisplayName("returns equal values, of its classes and of others")
  void values() {
    for (Object value :
        List.of(new Cart(List.of("with a space"), 3), new Label("näh"), "json1 x y", 42)) {
      assertThat(codec.decode(codec.encode(value))).isEqualTo(value);
    }
  }

  @Test
  @DisplayName("refuses another class, and names it")
  void anotherClass() {
    assertThatThrownBy(() -> codec.encode(new Unlisted("text")))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining(Unlisted.class.getName());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "json1",
        "json1 ",
        "json2 java.lang.String \"text\"",
        "json1 java.util.ArrayList []",
        "json1 io.coatcheck.examples.quickstart.JsonCodecTest$Unlisted {\"text\":\"t\"}",
        "json1 io.coatcheck.examples.quickstart.JsonCodecTest$Label [3]",
        "json1 io.coatcheck.examples.quickstart.JsonCodecTest$Label {\"text\":"
      })
  @DisplayName("refuses bytes that it did not make")
  void hostileBytes(String text) {
    assertRefused(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  @DisplayName("keeps the bytes of a value that did not change, and reads those from before")
  void sameBytes() {
    for (Object value : List.of(new Label("text"), List.of("text"))) {
      byte[] before = codec.encode(value);
      assertThat(codec.encodeAgain(codec.decode(before), before)).isSameAs(before);
    }
    byte[] old = JavaSerializationCodec.builder().build().encode(List.of("text"));
    assertThat(codec.decode(old)).isEqualTo(List.of("text"));
  }

  private void assertRefused(byte[] bytes) {
    assertThatThrownBy(() -> codec.decode(bytes)).isInstanceOf(AttributeCodecException.class);
  }

  @Test
  @DisplayName("keeps the attributes of a session")
  void session() {
    try (SessionManager sessions =
        SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build())
            .codec(codec)
            .build()) {
      Session session = sessions.adapter().create(sessions.adapter().resolve(List.of()));
      session.setAttribute("cart", new Cart(List.of("hat"), 1));
      sessions.save(session);
      Session again = sessions.adapter().reopen(session.id(), 0).orElseThrow();
      assertThat(again.attribute("cart")).isEqualTo(new Cart(List.of("hat"), 1));
    }
  }
}
