package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What docs/SECURITY.md names is there, and no cell of its tables is empty that must not be. */
class SecurityDocumentTest {

  private static final Path ROOT = Path.of("../..");
  private static final Pattern NAMED =
      Pattern.compile("`((?:[\\w-]+/)?\\w+(?:Test|Contract))(?:#(\\w+))?`");

  private static String document;

  /** The sources of each class of that name, in whatever module, and with its module in front. */
  private static final Map<String, List<String>> SOURCES = new HashMap<>();

  @BeforeAll
  static void read() throws IOException {
    document = Files.readString(ROOT.resolve("docs/SECURITY.md"));
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        String name = file.getFileName().toString().replace(".java", "");
        for (String key : List.of(name, moduleOf(file) + "/" + name)) {
          SOURCES.computeIfAbsent(key, absent -> new ArrayList<>()).add(Files.readString(file));
        }
      }
    }
  }

  /** Returns the folder that {@code src} is in; empty for a file that is in none. */
  private static String moduleOf(Path file) {
    String path = ROOT.relativize(file).toString().replace('\\', '/');
    int end = path.indexOf("/src/");
    return end < 0 ? "" : path.substring(path.lastIndexOf('/', end - 1) + 1, end);
  }

  private static List<List<String>> rows(String section) {
    int start = document.indexOf("\n" + section + "\n");
    assertThat(start).as(section).isNotNegative();
    int end = document.indexOf("\n#", start + section.length());
    return (end < 0 ? document.substring(start) : document.substring(start, end))
        .lines()
        .filter(line -> line.startsWith("| "))
        .skip(1)
        .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
        .map(cells -> cells.subList(1, cells.size() - 1))
        .toList();
  }

  private static List<MatchResult> named(String text) {
    return NAMED.matcher(text).results().toList();
  }

  private static boolean exists(MatchResult test) {
    List<String> sources = SOURCES.getOrDefault(test.group(1), List.of());
    return test.group(2) == null
        ? !sources.isEmpty()
        : sources.stream().anyMatch(source -> declaration(source, test.group(2)) >= 0);
  }

  private static int declaration(String source, String method) {
    Matcher found = Pattern.compile("void " + method + "\\(").matcher(source);
    return found.find() ? found.start() : -1;
  }

  @Test
  void testsThatAreNamed_exist() {
    List<MatchResult> tests = named(document);
    assertThat(tests).hasSizeGreaterThan(150);
    assertThat(tests.stream().filter(test -> !exists(test)).map(MatchResult::group)).isEmpty();
  }

  @Test
  void namesOfSeveralModules_haveTheirModuleInFront() {
    assertThat(named(document))
        .extracting(test -> test.group(1))
        .allSatisfy(name -> assertThat(SOURCES.get(name)).as(name).hasSize(1));
  }

  /** Each number once, in order, with a test that bears it or the reason why it cannot occur. */
  @Test
  void failuresElsewhere_haveATestOfTheirNumberEach() {
    List<List<String>> rows = rows("## What went wrong elsewhere");
    assertThat(rows)
        .extracting(cells -> cells.get(0))
        .isEqualTo(IntStream.rangeClosed(1, 68).mapToObj(number -> "F" + number).toList());
    assertThat(rows).allSatisfy(cells -> assertThat(cells).hasSize(3).doesNotContain(""));
    assertThat(rows)
        .filteredOn(cells -> !cells.get(2).startsWith("cannot occur: "))
        .filteredOn(cells -> named(cells.get(2)).stream().noneMatch(t -> bears(t, cells.get(0))))
        .isEmpty();
  }

  /** Returns whether a test carries the number: the method, or a class that it is in. */
  private static boolean bears(MatchResult test, String number) {
    Pattern said = Pattern.compile("\\b" + number + "\\b");
    return SOURCES.getOrDefault(test.group(1), List.of()).stream()
        .filter(source -> declaration(source, test.group(2)) >= 0)
        .anyMatch(
            source -> {
              String before = source.substring(0, declaration(source, test.group(2)));
              String annotations = before.substring(before.lastIndexOf("\n\n"));
              return said.matcher(annotations).find()
                  || classesIn(before).stream().anyMatch(block -> said.matcher(block).find());
            });
  }

  /** The lines above the top class, and above the class that was opened last. */
  private static List<String> classesIn(String source) {
    List<String> blocks = new ArrayList<>();
    Matcher type = Pattern.compile("(?m)^ *(?:static )?(?:final )?class \\w+").matcher(source);
    while (type.find()) {
      String before = source.substring(0, type.start());
      blocks.add(before.substring(before.lastIndexOf("\n\n")));
    }
    return blocks.isEmpty() ? blocks : List.of(blocks.get(0), blocks.get(blocks.size() - 1));
  }

  @Test
  void duties_haveATestOrAreYours() {
    List<String> sections =
        document
            .lines()
            .dropWhile(line -> !line.equals("## Duties, one by one"))
            .skip(1)
            .takeWhile(line -> !line.startsWith("## "))
            .filter(line -> line.startsWith("### "))
            .toList();
    assertThat(sections).hasSize(5);
    assertThat(sections.stream().flatMap(section -> rows(section).stream()))
        .hasSizeGreaterThan(80)
        .allSatisfy(
            cells -> {
              assertThat(cells).hasSize(4).doesNotContain("");
              assertThat(!named(cells.get(3)).isEmpty() || cells.get(2).contains("**yours**"))
                  .as(cells.get(0))
                  .isTrue();
            });
  }

  @Test
  void findings_haveATestOrAReason() {
    assertThat(rows("## Attackers, races and other people's reports"))
        .filteredOn(cells -> !cells.get(0).equals("finding") && !cells.get(0).startsWith("---"))
        .hasSizeGreaterThan(40)
        .allSatisfy(
            cells -> {
              assertThat(cells).hasSize(3).doesNotContain("");
              assertThat(!named(cells.get(2)).isEmpty() || cells.get(2).contains(".md)"))
                  .as(cells.get(0))
                  .isTrue();
            });
  }

  @Test
  void rules_areAllThere() {
    assertThat(rows("## What is promised"))
        .extracting(cells -> cells.get(0))
        .isEqualTo(IntStream.rangeClosed(1, 21).mapToObj(number -> "I" + number).toList());
  }
}
