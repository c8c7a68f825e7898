package io.coatcheck.session.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("ASVS 16.4.1: untrusted text cannot forge a line of a log")
class QuotedTextTest {

  private static final Pattern UNSAFE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

  @ParameterizedTest(name = "U+{0}")
  @CsvSource({
    "000A, \\u000a", "000D, \\u000d", "001B, \\u001b", "0000, \\u0000", "007F, \\u007f",
    "0085, \\u0085", "00AD, \\u00ad", "200B, \\u200b", "2028, \\u2028", "2029, \\u2029",
    "202E, \\u202e", "2066, \\u2066", "FEFF, \\ufeff", "E000, \\ue000", "FFFF, \\uffff",
    "D800, \\ud800", "DC00, \\udc00", "E0001, \\udb40\\udc01", "F0000, \\udb80\\udc00"
  })
  void of_unsafeCharacter_isEscaped(String codePoint, String escaped) {
    String text = "a" + Character.toString(Integer.parseInt(codePoint, 16)) + "b";

    assertThat(QuotedText.of(text)).isEqualTo("\"a" + escaped + "b\"");
    assertThat(QuotedText.unquoted(text, 300)).isEqualTo("a" + escaped + "b");
  }

  @Test
  void of_anyCharacter_leavesNoneThatIsUnsafe() {
    for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      String text = Character.toString(codePoint);
      assertThat(UNSAFE.matcher(QuotedText.of(text)).find()).as(text).isFalse();
      assertThat(UNSAFE.matcher(QuotedText.unquoted(text, 300)).find()).as(text).isFalse();
    }
  }

  @Test
  void of_lettersOfEveryScript_stay() {
    assertThat(QuotedText.of("älice 愛麗絲 \uD83D\uDE00")).isEqualTo("\"älice 愛麗絲 \uD83D\uDE00\"");
  }

  @Test
  @DisplayName("a quote in the text cannot end it")
  void of_quotesAndBackslashes_areEscaped() {
    assertThat(QuotedText.of("a\" reason=\"b\\")).isEqualTo("\"a\\\" reason=\\\"b\\\\\"");
    assertThat(QuotedText.unquoted("attribute \"a\"", 300)).isEqualTo("attribute \"a\"");
  }

  @Test
  void of_longText_isCut() {
    String longest = "x".repeat(QuotedText.MAX_LENGTH);

    assertThat(QuotedText.of(longest)).isEqualTo('"' + longest + '"');
    assertThat(QuotedText.of(longest + "y")).isEqualTo('"' + longest + "...\"");
    assertThat(QuotedText.unquoted("x".repeat(1_000_000), 7)).isEqualTo("xxxxxxx...");
  }

  @Test
  void of_pairAtTheCut_isNotSplit() {
    String before = "x".repeat(QuotedText.MAX_LENGTH - 1);

    assertThat(QuotedText.of(before + "\uD83D\uDE00y"))
        .isEqualTo('"' + before + "\uD83D\uDE00...\"");
  }

  @Test
  void of_nothing_isTwoQuotes() {
    assertThat(QuotedText.of("")).isEqualTo("\"\"");
    assertThat(QuotedText.unquoted("", 300)).isEmpty();
  }
}
