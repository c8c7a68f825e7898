package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("attack 12: what a container may treat as the same path")
class PathCaseTest {

  private static final List<Locale> LOCALES =
      List.of(Locale.ROOT, Locale.forLanguageTag("tr"), Locale.forLanguageTag("lt"));

  @ParameterizedTest
  @CsvSource({
    "/admin, /ADMIN",
    "/admin, /adm\u0130n",
    "/admin, /adm\u0131n",
    "/ADMIN, /adm\u0130n",
    "/admin, /admI\u0307n",
    "/tasks, /ta\u017F\u212A\u017F",
    "/strasse, /stra\u00DFe",
    "/stra\u00DFe, /STRASSE",
    "/stra\u00DFe, /STRA\u1E9EE",
    "/profile, /pro\uFB01le",
    "/offices, /o\uFB03ces",
    "/angstrom\u00E5, /Angstrom\u212B",
    "/\u03BF\u03B4\u03BF\u03C2, /\u039F\u0394\u039F\u03A3",
    "/caf\u00E9, /cafe\u0301",
    "/admin, /admin/",
    "/admin, /admin.",
    "/admin, '/admin. ./'",
    "/admin/x, /admin./x",
    "/\uD801\uDC00, /\uD801\uDC28",
  })
  void fold_ofTwoFormsOfAPath_isEqual(String pattern, String path) {
    assertThat(PathCase.fold(path)).isEqualTo(PathCase.fold(pattern));
  }

  @ParameterizedTest
  @CsvSource({
    "/admin, /admins",
    "/resume, /r\u00E9sum\u00E9",
    "/a.b, /ab",
    "/a b, /ab",
    "/.well-known, /well-known",
    "/x, /\u0445",
  })
  void fold_ofAnotherPath_differs(String pattern, String path) {
    assertThat(PathCase.fold(path)).isNotEqualTo(PathCase.fold(pattern));
  }

  @Test
  @DisplayName("for every code point, whatever a change of case makes of it is the same")
  void everyCodePoint_inEachCase() {
    List<String> wrong = new ArrayList<>();
    for (int codePoint = 0x21; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      if (Character.getType(codePoint) != Character.SURROGATE && codePoint != '/') {
        String path = "/x" + Character.toString(codePoint) + "y";
        for (String other : spellings(codePoint)) {
          if (!PathCase.fold("/x" + other + "y").equals(PathCase.fold(path))) {
            wrong.add(String.format(Locale.ROOT, "U+%04X %s", codePoint, other));
          }
        }
      }
    }

    assertThat(wrong).isEmpty();
  }

  private static List<String> spellings(int codePoint) {
    String text = Character.toString(codePoint);
    Stream<String> ofTheCharacter =
        Stream.of(
                Character.toLowerCase(codePoint),
                Character.toUpperCase(codePoint),
                Character.toTitleCase(codePoint),
                Character.toLowerCase(Character.toUpperCase(codePoint)))
            .map(Character::toString);
    Stream<String> ofTheText =
        LOCALES.stream().flatMap(l -> Stream.of(text.toLowerCase(l), text.toUpperCase(l)));
    Stream<String> composed =
        Stream.of(Normalizer.Form.NFC, Normalizer.Form.NFD)
            .map(form -> Normalizer.normalize(text, form));
    return Stream.of(ofTheCharacter, ofTheText, composed)
        .flatMap(stream -> stream)
        .filter(other -> !other.equals(text))
        .distinct()
        .toList();
  }
}
