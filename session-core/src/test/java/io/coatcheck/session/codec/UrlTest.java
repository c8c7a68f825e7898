package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.shop.Shop;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F4: a java.net.URL is stored as its text, and read back without a look-up")
class UrlTest {

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost",
        "https://id.example.com/realms/a?x=1#y",
        "http://user@host.invalid:8080/a%20b/ä?ö",
        "http://[::1]:9/",
        "ftp://host.invalid/a",
        "file:/tmp/a",
        "jar:file:/a.jar!/b",
        "http://host.invalid"
      })
  void decode_hasTheSameText(String text) throws Exception {
    URL decoded = (URL) codec.decode(codec.encode(new URL(text)));
    assertThat(decoded.toExternalForm()).isEqualTo(text);
    assertThat(decoded.getHost()).isEqualTo(new URL(text).getHost());
    assertThat(decoded.getDefaultPort()).isEqualTo(new URL(text).getDefaultPort());
    // Encoding is stable, or each request would take the value for changed.
    assertThat(codec.encode(decoded)).isEqualTo(codec.encode(new URL(text)));
  }

  @Test
  void decode_asAKeyOrAnElement_looksNothingUp() throws Exception {
    URL issuer = new URL("https://" + "x".repeat(60) + ".invalid/");
    Map<Object, Object> claims = new HashMap<>();
    claims.put("iss", issuer);
    claims.put("all", new URL[] {issuer});
    @SuppressWarnings("unchecked")
    Map<Object, Object> decoded = (Map<Object, Object>) codec.decode(codec.encode(claims));
    URL first = (URL) decoded.get("iss");
    URL second = ((URL[]) decoded.get("all"))[0];
    assertThat(first).isEqualTo(second).hasSameHashCodeAs(second);

    // By the JDK's own form this would ask for the host's address.
    Map<Object, String> keyed = new HashMap<>();
    keyed.put(first, "issuer");
    @SuppressWarnings("unchecked")
    Map<Object, String> again = (Map<Object, String>) codec.decode(codec.encode(keyed));
    assertThat(again).containsEntry(second, "issuer");

    // One address, two names: after a look-up they would be equal.
    Object byName = codec.decode(codec.encode(new URL("http://localhost/")));
    Object byNumber = codec.decode(codec.encode(new URL("http://127.0.0.1/")));
    assertThat(byName).isNotEqualTo(byNumber);
  }

  @Test
  void decode_inAField_isThere() throws Exception {
    Shop.Box box = new Shop.Box(new URL("http://host.invalid/"));
    Object content = ((Shop.Box) codec.decode(codec.encode(box))).content;
    assertThat(content).isInstanceOf(URL.class).hasToString("http://host.invalid/");
  }

  @Test
  void decode_opensConnectionsAsTheJdkDoes() throws Exception {
    URL file = (URL) codec.decode(codec.encode(UrlTest.class.getResource("UrlTest.class")));
    URLConnection connection = file.openConnection();
    connection.setUseCaches(false);
    try (var in = connection.getInputStream()) {
      assertThat(in.readAllBytes()).startsWith(0xCA, 0xFE, 0xBA, 0xBE);
    }
  }

  @Test
  void encode_ofAUrlThatItsTextDoesNotDescribe_isRefused() throws Exception {
    URLStreamHandler silent =
        new URLStreamHandler() {
          @Override
          protected URLConnection openConnection(URL url) {
            throw new UnsupportedOperationException();
          }

          @Override
          protected String toExternalForm(URL url) {
            return "";
          }
        };
    URL odd = new URL(null, "odd:thing", silent);
    assertThatThrownBy(() -> codec.encode(new Shop.Box(odd)))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining("cannot store");
  }

  @Test
  @DisplayName("I12: in the JDK's own form it is refused, at any depth")
  void decode_ofTheJdksForm_isRefused() throws Exception {
    URL url = new URL("http://localhost");
    HashMap<Object, Object> keyed = new HashMap<>();
    keyed.put(url, 1);
    for (Object value : List.of(url, new Shop.Box(url), keyed, new URL[] {url})) {
      Streams.assertRefused(codec, Streams.ofAnything(value), "java.net.URL is not");
    }
  }

  @Test
  @DisplayName("I14: a text that is no URL is refused")
  void decode_ofAnythingElse_isRefused() throws Exception {
    byte[] bytes = codec.encode(new URL("http://localhost"));
    int at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("http:");
    bytes[at + 4] = 'x';
    assertThatThrownBy(() -> codec.decode(bytes)).isInstanceOf(AttributeCodecException.class);
  }
}
