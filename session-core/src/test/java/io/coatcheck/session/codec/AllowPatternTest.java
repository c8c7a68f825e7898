package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.Serializable;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AllowPatternTest {

  @ParameterizedTest
  @CsvSource({
    "com.example.Cart,    com.example.Cart,        true",
    "com.example.Cart,    com.example.Cart$Item,   false",
    "com.example.Cart,    com.example.Carton,      false",
    "com.example.*,       com.example.Cart,        true",
    "com.example.*,       com.example.Cart$Item,   true",
    "com.example.*,       com.example.shop.Cart,   false",
    "com.example.*,       com.examples.Cart,       false",
    "com.example.**,      com.example.Cart,        true",
    "com.example.**,      com.example.shop.a.Cart, true",
    "com.example.**,      com.examples.Cart,       false",
    "com.example.**,      com.example,             false",
    "shop.*,              shop.Cart,               true",
    "shop.*,              shop.a.Cart,             false",
    "Cart,                Cart,                    true",
    "Cart,                com.example.Cart,        false",
    "com.example.Cart$-1, com.example.Cart$-1,     true"
  })
  void matches_isByWholeParts(String pattern, String className, boolean expected) {
    assertThat(AllowPattern.parse(pattern).matches(className)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "**",
        ".",
        ".*",
        ".**",
        "*.*",
        "*.**",
        "a..b",
        "com.example.",
        ".com.example.Cart",
        "com.example.***",
        "com.*.Cart",
        "com.**.Cart",
        "com.example.Ca*",
        "com.example**",
        "com.example.Cart;java.**",
        "!com.example.Cart",
        "maxdepth=5",
        "com.example.Cart ",
        " com.example.**",
        "com/example/Cart",
        "[Lcom.example.Cart;",
        "com.example.Cart[]",
        "1a.B",
        "com.example.\u0000Cart",
        "com.example.Cart\n"
      })
  @DisplayName("I12: a pattern that is malformed is refused")
  void parse_ofMalformed_isRefused(String pattern) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JavaSerializationCodec.builder().allow(pattern))
        .withMessageStartingWith("allow takes ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "com.**",
        "org.**",
        "shop.**",
        "uk.co.**",
        "com.google.**",
        "org.apache.**",
        "io.github.**",
        "org.springframework.**"
      })
  @DisplayName("I12: a pattern wider than one project is refused")
  void parse_ofTooWide_isRefused(String pattern) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JavaSerializationCodec.builder().allow(pattern))
        .withMessageStartingWith("allow takes ")
        .withMessageEndingWith(": " + pattern);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "java.**",
        "java.*",
        "java.util.**",
        "java.util.*",
        "java.util.concurrent.**",
        "javax.**",
        "javax.swing.**",
        "jdk.internal.**",
        "sun.misc.*",
        "com.sun.**",
        "com.sun.rowset.*",
        "org.w3c.dom.**",
        "org.xml.sax.*",
        "netscape.javascript.*"
      })
  @DisplayName("I12: a pattern for packages of the JDK is refused")
  void parse_ofJdkPackages_isRefused(String pattern) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JavaSerializationCodec.builder().allow(pattern))
        .withMessage("allow takes classes of the JDK one by one, by their full names: " + pattern);
  }

  @ParameterizedTest
  @ValueSource(strings = {"com.sun.faces.**", "com.sun.faces.util.*", "javax.money.**"})
  @DisplayName("F9: a package whose name resembles one of the JDK may be allowed")
  void parse_ofPackagesThatAreNotTheJdks_isAllowed(String pattern) {
    assertThat(AllowPattern.parse(pattern).matches(pattern.replace("**", "A").replace("*", "A")))
        .isTrue();
  }

  @Test
  @DisplayName("F4: java.net.URL needs no line, and the message says so")
  void parse_ofUrl_saysThatItNeedsNoLine() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JavaSerializationCodec.builder().allow(java.net.URL.class))
        .withMessage("allow needs no line for this class: it is stored as its text: java.net.URL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "java.io.File",
        "java.lang.Class",
        "java.lang.invoke.SerializedLambda",
        "java.lang.reflect.Proxy",
        "java.rmi.server.UnicastRemoteObject",
        "java.security.SignedObject",
        "javax.management.BadAttributeValueExpException",
        "sun.reflect.annotation.AnnotationInvocationHandler",
        "jdk.proxy1.$Proxy5",
        "com.sun.org.apache.xalan.internal.xsltc.trax.TemplatesImpl",
        "org.springframework.beans.factory.support.DisposableBeanAdapter",
        "org.springframework.web.context.request.DestructionCallbackBindingListener"
      })
  @DisplayName("I12: some classes are never allowed, not even by name")
  void parse_ofNeverAllowed_isRefused(String className) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JavaSerializationCodec.builder().allow(className))
        .withMessageStartingWith("allow never takes this class");
    assertThat(JdkTypes.isValueType(className)).isFalse();
  }

  @Test
  void allow_ofClassesThatNoEncodingNames_isRefused() {
    Runnable lambda = () -> {};
    Class<?>[] types = {
      int.class,
      String[].class,
      int[].class,
      Serializable.class,
      Comparable.class,
      lambda.getClass()
    };
    for (Class<?> type : types) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> JavaSerializationCodec.builder().allow(type))
          .withMessageStartingWith("allow takes ");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JavaSerializationCodec.builder().allow(java.io.File.class))
        .withMessageStartingWith("allow never takes ");
  }

  @Test
  void allowList_decidesArraysByTheirElements() {
    AllowList list = new AllowList(List.of(AllowPattern.parse("com.example.*")));
    assertThat(list.allows("[Lcom.example.Cart;")).isTrue();
    assertThat(list.allows("[[[Lcom.example.Cart;")).isTrue();
    assertThat(list.allows("[I")).isTrue();
    assertThat(list.allows("[[Z")).isTrue();
    assertThat(list.allows("[Lcom.other.Cart;")).isFalse();
    assertThat(list.allows("[Ljava.io.File;")).isFalse();
    for (String malformed :
        new String[] {"", "[", "[L;", "[X", "[Lcom.example.Cart", "[com.example.Cart;", "I"}) {
      assertThat(list.allows(malformed)).as(malformed).isFalse();
    }
    assertThat(list.allows(int[][].class)).isTrue();
    assertThat(list.allows(int.class)).isFalse();
    assertThat(list.allows(String[].class)).isTrue();
    assertThat(list.allows(java.io.File[].class)).isFalse();
  }

  @Test
  @DisplayName("I12: never means never, even if a pattern matches")
  void allowList_ofAnyPattern_refusesWhatIsNeverAllowed() {
    AllowList list =
        new AllowList(
            List.of(
                new AllowPattern("java.", AllowPattern.Reach.TREE),
                new AllowPattern("java.io.File", AllowPattern.Reach.CLASS)));
    assertThat(list.allows("java.io.File")).isFalse();
    assertThat(list.allows(java.io.File.class)).isFalse();
    assertThat(list.allows("java.net.URL")).isFalse();
  }

  @Test
  void printable_keepsControlCharactersAndLengthOutOfMessages() {
    assertThat(ClassNames.printable("a.B\n\u001b[31m x")).isEqualTo("\"a.B\\u000a\\u001b[31m x\"");
    assertThat(ClassNames.printable("a".repeat(70_000))).hasSize(305).endsWith("...\"");
    assertThat(ClassNames.printable(null)).isEqualTo("(no name)");
  }
}
