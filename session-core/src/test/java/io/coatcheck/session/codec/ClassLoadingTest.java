package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.codec.shop.Shop;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F63: classes are found by the context class loader, then by the library's")
class ClassLoadingTest {

  private static final String MONEY = "io.coatcheck.session.codec.shop.Shop$Money";
  private static final String PLAIN = "io.coatcheck.session.codec.shop.Shop$Plain";

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @Test
  void decode_prefersTheContextLoader() throws Exception {
    ClassLoader application = new ApplicationLoader();
    Class<?> money = application.loadClass(MONEY);
    assertThat(money).isNotSameAs(Shop.Money.class);
    Object value = money.getConstructor(String.class, long.class).newInstance("EUR", 5L);
    HostileBytesTest.withContextLoader(
        application,
        () -> {
          Object[] pair = {value, new ArrayList<>(List.of(value)), new int[] {1}};
          Object[] decoded = (Object[]) codec.decode(codec.encode(pair));
          assertThat(decoded[0]).isEqualTo(value).hasSameClassAs(value);
          assertThat(decoded[1]).isEqualTo(List.of(value));
        });
  }

  @Test
  void decode_withAContextLoaderThatKnowsNothing_fallsBack() {
    byte[] bytes = codec.encode(new Shop.Money[] {new Shop.Money("EUR", 5)});
    for (ClassLoader loader : new ClassLoader[] {null, ClassLoader.getPlatformClassLoader()}) {
      HostileBytesTest.withContextLoader(
          loader,
          () ->
              assertThat((Shop.Money[]) codec.decode(bytes))
                  .containsExactly(new Shop.Money("EUR", 5)));
    }
  }

  @Test
  void encode_ofAHiddenClass_isRefused() throws Exception {
    MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(Shop.class, MethodHandles.lookup());
    Class<?> hidden =
        lookup.defineHiddenClass(ApplicationLoader.bytesOf(PLAIN), false).lookupClass();
    Object value = hidden.getDeclaredConstructor().newInstance();
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> codec.encode(value))
        .withMessageContaining("hidden");
  }

  /** Defines the classes of the shop itself, as a web application beside the library would. */
  private static final class ApplicationLoader extends ClassLoader {

    ApplicationLoader() {
      super(ClassLoadingTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("io.coatcheck.session.codec.shop.")) {
        return super.loadClass(name, resolve);
      }
      Class<?> known = findLoadedClass(name);
      if (known != null) {
        return known;
      }
      try {
        byte[] bytes = bytesOf(name);
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException unreadable) {
        throw new ClassNotFoundException(name, unreadable);
      }
    }

    static byte[] bytesOf(String name) throws IOException {
      String resource = name.replace('.', '/') + ".class";
      try (InputStream in = ClassLoadingTest.class.getClassLoader().getResourceAsStream(resource)) {
        return in.readAllBytes();
      }
    }
  }
}
