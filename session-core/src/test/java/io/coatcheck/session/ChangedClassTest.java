package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("I12: a class of attributes that changes while two versions of an application run")
class ChangedClassTest {

  private static final String VERSION = "private static final long serialVersionUID = 1;";

  private final ClassLoader before = Thread.currentThread().getContextClassLoader();
  private final List<URLClassLoader> loaders = new ArrayList<>();

  @AutoClose
  private final EngineFixture fixture =
      new EngineFixture(
          builder ->
              builder.codec(JavaSerializationCodec.builder().allow("com.example.shop.*").build()));

  @TempDir Path directory;

  @AfterEach
  void close() throws IOException {
    Thread.currentThread().setContextClassLoader(before);
    for (URLClassLoader loader : loaders) {
      loader.close();
    }
  }

  /** The classes of one version of the application: a cart and what else is in its file. */
  private ClassLoader application(String name, String cart) throws IOException {
    Path sources = Files.createDirectories(directory.resolve(name).resolve("com/example/shop"));
    Path file = sources.resolve("Cart.java");
    Files.writeString(
        file, "package com.example.shop; import java.io.*; import java.util.function.*; " + cart);
    int result =
        ToolProvider.getSystemJavaCompiler().run(null, null, null, "-proc:none", file.toString());
    assertThat(result).isZero();
    URLClassLoader loader = new URLClassLoader(new URL[] {urlOf(directory.resolve(name))}, before);
    loaders.add(loader);
    return loader;
  }

  private static URL urlOf(Path folder) throws MalformedURLException {
    return new File(folder.toString()).toURI().toURL();
  }

  private static String cart(String fields, String shown) {
    return "public class Cart implements Serializable, Consumer<String> { "
        + fields
        + " public String article = \"hat\";"
        + " public void accept(String text) { article = text; }"
        + " public String toString() { return article + "
        + shown
        + "; } }";
  }

  /** Serves a request on a node of that version, which stores a new cart; returns the token. */
  private String begin(ClassLoader version) throws ReflectiveOperationException {
    Thread.currentThread().setContextClassLoader(version);
    Session session =
        fixture.manager.adapter().create(fixture.manager.adapter().resolve(List.of()));
    session.setAttribute(
        "cart", version.loadClass("com.example.shop.Cart").getConstructor().newInstance());
    fixture.manager.save(session);
    return EngineFixture.sent(session);
  }

  /** Serves a request that reads the cart; returns its text. */
  private String read(ClassLoader version, String token) {
    return serve(version, token, cart -> {});
  }

  private String change(ClassLoader version, String token) {
    return serve(version, token, ChangedClassTest::putCoat);
  }

  @SuppressWarnings("unchecked") // Each cart is one.
  private static void putCoat(Object cart) {
    ((Consumer<String>) cart).accept("coat");
  }

  private String serve(ClassLoader version, String token, Consumer<Object> work) {
    Thread.currentThread().setContextClassLoader(version);
    Session session = fixture.live(token);
    Object cart = session.attribute("cart");
    if (cart != null) {
      work.accept(cart);
    }
    assertThat(fixture.manager.save(session)).isTrue();
    return String.valueOf(cart);
  }

  private long version(String token) {
    return fixture.stored(fixture.live(token)).version();
  }

  private List<String> problems() {
    return fixture.eventsOf(SessionEvent.AttributeUndecodable.class).stream()
        .map(SessionEvent.AttributeUndecodable::problem)
        .toList();
  }

  @Test
  @DisplayName("a node that lacks a field keeps it for the others, until it changes the object")
  void fieldRemoved_isKeptUntilTheObjectIsChanged() throws Exception {
    ClassLoader old =
        application("old", cart(VERSION + " String coupon = \"C10\";", "\" \" + coupon"));
    ClassLoader next = application("next", cart(VERSION + " int count;", "\" \" + count"));
    String token = begin(old);
    long stored = version(token);

    assertThat(read(next, token)).isEqualTo("hat 0");
    assertThat(version(token)).as("a request that only reads writes nothing").isEqualTo(stored);
    assertThat(read(old, token)).isEqualTo("hat C10");

    change(next, token);

    assertThat(read(next, token)).isEqualTo("coat 0");
    assertThat(read(old, token)).isEqualTo("coat null");
    assertThat(problems()).isEmpty();
  }

  @Test
  @DisplayName("without a declared version it is absent, its bytes stay, and the event says why")
  void versionNotDeclared_isAbsentWhereTheClassDiffers() throws Exception {
    ClassLoader old = application("old", cart("", "\"\""));
    ClassLoader next = application("next", cart("int count;", "\"\""));
    String token = begin(old);
    long stored = version(token);

    assertThat(read(next, token)).isEqualTo("null");

    assertThat(version(token)).isEqualTo(stored);
    assertThat(read(old, token)).isEqualTo("hat");
    assertThat(problems())
        .singleElement()
        .asString()
        .matches(
            ".*class com\\.example\\.shop\\.Cart has changed; its objects from before can be read"
                + " if it declares serialVersionUID = -?[0-9]+L");
    String declared = problems().get(0).replaceFirst(".*(serialVersionUID.*)", "$1");
    ClassLoader mended =
        application(
            "mended", cart("private static final long " + declared + "; int count;", "\"\""));
    assertThat(read(mended, token)).isEqualTo("hat");
  }

  @Test
  @DisplayName(
      "without a declared version the event says why, even if the superclass is stored too")
  void versionNotDeclared_belowASuperclass_isNamed() throws Exception {
    String token = begin(application("old", withSuperclass(cart("", "\"\""))));

    assertThat(read(application("next", withSuperclass(cart("int count;", "\"\""))), token))
        .isEqualTo("null");

    assertThat(problems())
        .singleElement()
        .asString()
        .matches(".*shop\\.Cart has changed; .* if it declares serialVersionUID = -?[0-9]+L");
  }

  private static String withSuperclass(String cart) {
    return cart.replace("Cart implements", "Cart extends Base implements")
        + " class Base implements Serializable { "
        + VERSION
        + " int id; }";
  }

  @Test
  @DisplayName("a class that declares another version is not advised to take that back")
  void otherVersionDeclared_isAbsent() throws Exception {
    String token = begin(application("old", cart(VERSION, "\"\"")));

    assertThat(read(application("next", cart(VERSION.replace("1", "2"), "\"\"")), token))
        .isEqualTo("null");

    assertThat(problems())
        .singleElement()
        .asString()
        .endsWith("class com.example.shop.Cart has changed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          record Item(String name) implements Serializable {} | record Item(String name, int count) implements Serializable {} | new Item("hat") | Item[name=hat, count=0]
          record Item(String name, int count) implements Serializable {} | record Item(String name) implements Serializable {} | new Item("hat", 2) | Item[name=hat]
          enum Item { HAT, COAT } | enum Item { NEW, COAT } | Item.COAT | COAT
          """)
  @DisplayName("records and enums need no declared version")
  void recordsAndEnums_areRead(String before, String after, String value, String shown)
      throws Exception {
    ClassLoader old = application("old", holder(value) + before);
    ClassLoader next = application("next", holder("null") + after);

    assertThat(read(next, begin(old))).isEqualTo(shown);
    assertThat(problems()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "class Item implements Serializable {}, class Thing implements Serializable {}, new Item()",
    "'enum Item { HAT, COAT }', enum Item { COAT }, Item.HAT",
  })
  @DisplayName("a class that was renamed, and a constant that was removed, are not read")
  void whatIsGone_isAbsent(String before, String after, String value) throws Exception {
    ClassLoader old = application("old", holder(value) + before);
    ClassLoader next = application("next", holder("null") + after);
    String token = begin(old);

    assertThat(read(next, token)).isEqualTo("null");
    assertThat(read(old, token)).isNotEqualTo("null");
    assertThat(problems()).hasSize(1);
  }

  /** A cart with one value, and the same form in all versions. */
  private static String holder(String value) {
    return "public class Cart implements Serializable { "
        + VERSION
        + " Object item = "
        + value
        + "; public String toString() { return String.valueOf(item); } } ";
  }
}
