package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The code of the page is compiled, and the tests that it names exist. */
@DisplayName("docs/MIGRATING.md")
class MigratingDocumentTest {

  private static final Path ROOT = Path.of("..");
  private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern SCRIPT = Pattern.compile("```js\n(.*?)```", Pattern.DOTALL);

  /** A row of the tables that say what was tried: the last cell names the tests. */
  private static final Pattern ATTACK = Pattern.compile("(?m)^\\| [^|]* \\| [^|]* \\| (`.*`) \\|$");

  private static final Pattern TEST = Pattern.compile("`(?:(\\w+(?:Test|Contract))#?)?(\\w*)`");

  @Test
  @DisplayName("shows only Java that is compiled")
  void java() throws IOException {
    String sources =
        sources("session-migration/src/test/java", ".java")
            + sources("examples/from-jwt/src/main/java", ".java");
    assertThat(blocks(JAVA)).hasSizeGreaterThan(3).allMatch(sources::contains);
  }

  @Test
  @DisplayName("shows only scripts that the example runs")
  void scripts() throws IOException {
    String sources = sources("examples/from-jwt/src/main/resources", ".js");
    assertThat(blocks(SCRIPT)).isNotEmpty().allMatch(sources::contains);
  }

  @Test
  @DisplayName("names only tests that exist")
  void tests() throws IOException {
    List<Path> files =
        Stream.concat(
                files("session-migration/src/test/java", ".java").stream(),
                files("session-core/src/test/java", ".java").stream())
            .toList();
    List<MatchResult> named =
        ATTACK
            .matcher(text())
            .results()
            .flatMap(row -> TEST.matcher(row.group(1)).results())
            .toList();
    assertThat(named).hasSizeGreaterThan(30);
    for (MatchResult test : named) {
      String owner = test.group(1);
      String method = test.group(2);
      List<Path> owners =
          files.stream().filter(file -> owner == null || file.endsWith(owner + ".java")).toList();
      assertThat(owners).as(test.group()).isNotEmpty();
      if (!method.isEmpty()) {
        assertThat(owners)
            .as(test.group())
            .anySatisfy(
                file -> assertThat(Files.readString(file)).contains("void " + method + "("));
      }
    }
  }

  private static String text() throws IOException {
    return Files.readString(ROOT.resolve("docs/MIGRATING.md"));
  }

  private static List<String> blocks(Pattern kind) throws IOException {
    return kind.matcher(text()).results().map(block -> unspaced(block.group(1))).toList();
  }

  private static String sources(String folder, String ending) throws IOException {
    StringBuilder sources = new StringBuilder();
    for (Path file : files(folder, ending)) {
      sources.append(unspaced(Files.readString(file)));
    }
    return sources.toString();
  }

  private static List<Path> files(String folder, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
      return files.filter(file -> file.toString().endsWith(ending)).toList();
    }
  }

  private static String unspaced(String code) {
    return code.replaceAll("\\s+", "");
  }
}
