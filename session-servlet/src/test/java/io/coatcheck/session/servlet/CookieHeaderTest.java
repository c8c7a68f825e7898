package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Reading the Cookie header")
class CookieHeaderTest {

  private static PresentedValues readAll(String... lines) {
    PresentedValues found = new PresentedValues();
    CookieHeader.read(
        Collections.enumeration(List.of(lines)), "__Host-id", "__Host-id-seen", found);
    return found;
  }

  private static List<String> read(String... lines) {
    return readAll(lines).texts();
  }

  @Test
  void pairs_areFoundAmongOthers() {
    assertThat(read("a=1; __Host-id=x; b=2")).containsExactly("x");
    assertThat(read("__Host-id=x")).containsExactly("x");
    assertThat(read("a=1;__Host-id=x;b=2")).containsExactly("x");
    assertThat(read("a=1; \t __Host-id=x \t ; b=2")).containsExactly("x");
    assertThat(read("a=1;;;__Host-id=x;")).containsExactly("x");
  }

  @Test
  @DisplayName("F49: HTTP/2 may split the header into several")
  void lines_areAllRead() {
    assertThat(read("a=1", "__Host-id=x", "__Host-id=y; b=2")).containsExactly("x", "y");
  }

  @Test
  void noHeader_hasNoValue() {
    PresentedValues found = new PresentedValues();
    CookieHeader.read(null, "__Host-id", "__Host-id-seen", found);
    assertThat(found.texts()).isEmpty();
    assertThat(read()).isEmpty();
    assertThat(read("")).isEmpty();
  }

  @ParameterizedTest
  @DisplayName(
      "F49: a cookie without exactly the name of the session cookie is not the session cookie")
  @ValueSource(
      strings = {
        "=__Host-id=x",
        "__Host-id",
        "__Host-id =x",
        "__host-id=x",
        "__Host.id=x",
        "__Host-id%00=x",
        "__Host-id\u0000=x",
        "x__Host-id=x",
        "__Host-idx=x",
        "\"__Host-id\"=x",
        "a=__Host-id=x",
        "a=1,__Host-id=x",
        "$Version=1; __Host-id=x",
        " $version=\"1\"; __Host-id=x; $Path=/",
      })
  void otherNames_areIgnored(String line) {
    assertThat(read(line)).isEmpty();
  }

  @Test
  @DisplayName("F4: a value is taken as it stands, neither unquoted nor decoded")
  void values_areNotTouched() {
    assertThat(read("__Host-id=\"x\"")).containsExactly("\"x\"");
    assertThat(read("__Host-id=%78+y")).containsExactly("%78+y");
    assertThat(read("__Host-id=x=y")).containsExactly("x=y");
    assertThat(read("__Host-id= x")).containsExactly(" x");
    assertThat(read("__Host-id=")).containsExactly("");
    assertThat(read("__Host-id= ; a=1")).containsExactly("");
  }

  @Test
  @DisplayName("F48, attack 7: five values at most are taken, which are one too many")
  void manyValues_areCutOff() {
    assertThat(read("__Host-id=x; ".repeat(150))).hasSize(5);
    assertThat(
            read("__Host-id=1; __Host-id=2", "__Host-id=3; __Host-id=4; __Host-id=5; __Host-id=6"))
        .containsExactly("1", "2", "3", "4", "5");
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @DisplayName("I20: a line of four million semicolons is read once, and not once for each of them")
  void manySegments_areReadOnce() {
    String semicolons = ";".repeat(4_000_000);
    assertThat(CookieHeader.without(semicolons + "__Host-id", "__Host-id")).isNotNull();
    assertThat(CookieHeader.without("__Host-id" + semicolons, "__Host-id")).isNotNull();
    assertThat(CookieHeader.without("a=__Host-id" + semicolons, "__Host-id")).isNotNull();
  }

  @Test
  @DisplayName("the cookie of the version hint is another one, and takes no value's place")
  void hints_areNoValues() {
    PresentedValues found =
        readAll("__Host-id-seen=a; __Host-id=x; __Host-id-seen=b", "__Host-id-seen=; c=3");
    assertThat(found.texts()).containsExactly("x");
    assertThat(found.hints()).containsExactly("a", "b", "");

    PresentedValues many = readAll("__Host-id-seen=a; ".repeat(150) + "__Host-id=x");
    assertThat(many.texts()).containsExactly("x");
    assertThat(many.hints()).hasSize(4);
    PresentedValues late = readAll("__Host-id=x; ".repeat(150) + "__Host-id-seen=a");
    assertThat(late.texts()).hasSize(5);
    assertThat(late.hints()).containsExactly("a");
  }

  @Test
  @DisplayName(
      "I14: any characters are read without an exception, and values hold no more than those")
  void anyCharacters_areRead() {
    String alphabet = "__Host-id=;; \t\"$Version\u0000\u00ff\ud83d\ude00,\\";
    Random random = new Random(20260101);
    for (int round = 0; round < 200_000; round++) {
      StringBuilder line = new StringBuilder();
      int length = random.nextInt(60);
      for (int i = 0; i < length; i++) {
        line.append(
            random.nextInt(8) == 0
                ? "__Host-id="
                : String.valueOf(alphabet.charAt(random.nextInt(alphabet.length()))));
      }
      int total = read(line.toString()).stream().mapToInt(String::length).sum();
      assertThat(total).isLessThanOrEqualTo(line.length());
    }
  }
}
