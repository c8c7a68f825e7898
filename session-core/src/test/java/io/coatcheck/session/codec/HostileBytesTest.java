package io.coatcheck.session.codec;

import static java.io.ObjectStreamConstants.SC_SERIALIZABLE;
import static java.io.ObjectStreamConstants.TC_ARRAY;
import static java.io.ObjectStreamConstants.TC_NULL;
import static java.io.ObjectStreamConstants.TC_OBJECT;
import static java.io.ObjectStreamConstants.TC_PROXYCLASSDESC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.hostile.Gadget;
import io.coatcheck.session.codec.shop.Shop;
import java.io.File;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I12, F61: no class outside the allow-list is loaded, created or run")
class HostileBytesTest {

  private static final String HOSTILE = "io.coatcheck.session.codec.hostile.Gadget$";

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @BeforeEach
  @AfterEach
  void forget() {
    Gadget.Trace.RAN.clear();
  }

  @Test
  void decode_ofAGadget_runsNoneOfItsCode() {
    Object[] gadgets = {new Gadget.Reading(), new Gadget.Resolving(), new Gadget.External()};
    Gadget.Trace.RAN.clear();
    for (Object gadget : gadgets) {
      Object[] around = {
        gadget,
        new ArrayList<>(List.of(gadget)),
        new HashMap<>(Map.of("a", gadget)),
        new Object[] {"a", gadget},
        new Shop.Box(gadget),
        new Shop.Box(new Object[] {new Shop.LargeBox(gadget)})
      };
      for (Object value : around) {
        byte[] bytes = Streams.ofAnything(value);
        Gadget.Trace.RAN.clear();
        assertRefused(bytes, gadget.getClass().getName() + " is not on the allow-list");
      }
    }
    assertThat(Gadget.Trace.RAN).isEmpty();
  }

  @Test
  void decode_ofAGadget_doesNotEvenLoadIt() {
    List<String> asked = new ArrayList<>();
    byte[] untouched =
        Streams.of(
            out -> {
              out.writeByte(TC_OBJECT);
              Streams.describe(out, HOSTILE + "Untouched", 1, SC_SERIALIZABLE);
            });
    byte[] array =
        Streams.of(
            out -> {
              out.writeByte(TC_ARRAY);
              Streams.describe(out, "[L" + HOSTILE + "Untouched;", 1, SC_SERIALIZABLE);
              out.writeInt(0);
            });
    withContextLoader(
        new SpyLoader(asked),
        () -> {
          assertRefused(untouched, "Untouched is not on the allow-list");
          assertRefused(array, "Untouched; is not on the allow-list");
        });
    assertThat(asked).isEmpty();
    assertThat(Gadget.Trace.RAN).isEmpty();
  }

  @Test
  void decode_whenTheCodeOfAnAllowedClassHidesIt_isRefusedAllTheSame() {
    assertRefused(
        Streams.ofAnything(new Shop.Swallowing(new Gadget.Reading())),
        "Gadget$Reading is not on the allow-list");
  }

  @Test
  void decode_ofAnEnumOrARecordThatIsNotAllowed_isRefused() {
    AttributeCodec plain = JavaSerializationCodec.builder().build();
    for (Object value :
        List.of(Shop.Colour.RED, EnumSet.of(Shop.Colour.RED), new Shop.Money("EUR", 1))) {
      assertThatThrownBy(() -> plain.decode(codec.encode(value)))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageContaining("is not on the allow-list")
          .hasMessageNotContaining("allow(");
    }
  }

  @Test
  void decode_ofWhatIsNeverAllowed_isRefused() throws Exception {
    Object lambda = (Runnable & Serializable) () -> {};
    Object proxy =
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Comparable.class},
            (InvocationHandler & Serializable) (self, method, args) -> null);
    assertRefused(Streams.ofAnything(new File("a")), "java.io.File is not");
    assertRefused(Streams.ofAnything(new URL("http://localhost")), "java.net.URL is not");
    assertRefused(Streams.ofAnything(lambda), "SerializedLambda is not");
    assertRefused(Streams.ofAnything(proxy), "a dynamic proxy is never decoded");
    assertRefused(Streams.ofAnything(new Class<?>[0]), "java.lang.Class; is not");
    assertRefused(Streams.ofAnything(new Shop.Box(File.class)), "java.io.File is not");
    assertRefused(Streams.ofAnything(String.class), "holds no value");
    assertRefused(Streams.ofAnything(ObjectStreamClass.lookup(String.class)), "holds no value");
    assertRefused(Streams.ofAnything(int.class), "int is not on the allow-list");
  }

  @Test
  void decode_ofAProxyByHand_isRefusedWithoutInterfaces() {
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_OBJECT);
              out.writeByte(TC_PROXYCLASSDESC);
              out.writeInt(1);
              out.writeUTF("java.util.List");
              out.writeByte(TC_NULL);
            }),
        "");
  }

  @Test
  void decode_ofAClassAnAllowedOneResolvesTo_isRefused() {
    assertRefused(
        Streams.ofAnything(new Shop.Resolved(HOSTILE + "Reading")),
        "Gadget$Reading is not on the allow-list");
  }

  @Test
  void decode_showsNoControlCharactersOfANameInItsMessage() {
    assertThatThrownBy(
            () ->
                codec.decode(
                    Streams.of(
                        out -> {
                          out.writeByte(TC_OBJECT);
                          Streams.describe(out, "a\r\nFORGED\u001b", 1, SC_SERIALIZABLE);
                        })))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining("\"a\\u000d\\u000aFORGED\\u001b\" is not");
  }

  private void assertRefused(byte[] bytes, String message) {
    Streams.assertRefused(codec, bytes, message);
  }

  static void withContextLoader(ClassLoader loader, Runnable action) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      action.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Notes what it is asked for. */
  static final class SpyLoader extends ClassLoader {
    private final List<String> asked;

    SpyLoader(List<String> asked) {
      super(HostileBytesTest.class.getClassLoader());
      this.asked = asked;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      asked.add(name);
      return super.loadClass(name, resolve);
    }
  }
}
