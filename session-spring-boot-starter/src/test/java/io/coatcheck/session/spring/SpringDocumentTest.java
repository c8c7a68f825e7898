package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("docs/SPRING.md")
class SpringDocumentTest {

  private static final Path DOCUMENT = Path.of("../docs/SPRING.md");
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(coatcheck\\.[a-z0-9.-]+)` \\|");
  private static final Pattern NAMED = Pattern.compile("(?<!\\.)(coatcheck\\.[a-z0-9.-]*[a-z0-9])");
  private static final Pattern PROPERTY =
      Pattern.compile("\"name\": \"(coatcheck\\.[a-z0-9.-]+)\"");

  private static final Pattern ROW_WITH_VALUE =
      Pattern.compile("(?m)^\\| `(coatcheck\\.[a-z0-9.-]+)` \\| `?([^|` ]+)`? \\|");
  private static final Pattern DEFAULT =
      Pattern.compile(
          "\"name\": \"(coatcheck\\.[a-z0-9.-]+)\"[^{}]*\"defaultValue\": \"?([^\\s,\"]+)");

  private static final Pattern DESCRIPTION = Pattern.compile("\"description\": \"([^\n]+)\"");

  /** Words that refer to the description of another property, or of the group. */
  private static final Pattern ELSEWHERE =
      Pattern.compile(
          "^(its|how many (per|at)|the table;)|\\b(that (cookie|table)|they may|it may|it holds)\\b");

  @Test
  @DisplayName("lists every property, and no other")
  void properties() throws IOException {
    assertThat(found(ROW, text())).isEqualTo(properties(metadata()));
  }

  @Test
  @DisplayName("has the defaults that an editor shows; texts such as none are no values")
  void defaults() throws IOException {
    Map<String, String> documented = pairs(ROW_WITH_VALUE, text());
    documented.values().removeAll(Set.of("none", "any"));
    assertThat(documented).hasSizeGreaterThan(50);
    assertThat(pairs(DEFAULT, metadata().replace("\\/", "/"))).isEqualTo(documented);
  }

  @Test
  @DisplayName("speaks of no property that does not exist")
  void named() throws IOException {
    Set<String> known = properties(metadata());
    Set<String> groups = new TreeSet<>();
    known.forEach(name -> groups.add(name.substring(0, name.lastIndexOf('.'))));
    assertThat(found(NAMED, text()))
        .allMatch(name -> known.contains(name) || groups.contains(name));
  }

  @Test
  @DisplayName("is not needed by an editor, which shows the description of one property alone")
  void descriptions() throws IOException {
    assertThat(found(DESCRIPTION, metadata()))
        .hasSizeGreaterThan(50)
        .noneMatch(description -> ELSEWHERE.matcher(description).find());
  }

  @Test
  @DisplayName("shows only code that is compiled")
  void snippets() throws IOException {
    List<String> snippets =
        SNIPPET.matcher(text()).results().map(match -> oneLine(match.group(1))).toList();
    assertThat(snippets).isNotEmpty();
    StringBuilder sources = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        sources.append(oneLine(Files.readString(file)));
      }
    }
    assertThat(snippets).allMatch(snippet -> sources.toString().contains(snippet));
  }

  private static String oneLine(String code) {
    return code.replaceAll("\\s+", " ").strip();
  }

  private static String text() throws IOException {
    return Files.readString(DOCUMENT);
  }

  private static String metadata() throws IOException {
    try (InputStream in =
        CoatcheckProperties.class.getResourceAsStream(
            "/META-INF/spring-configuration-metadata.json")) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static Set<String> properties(String metadata) {
    return found(PROPERTY, metadata.substring(metadata.indexOf("\"properties\": [")));
  }

  private static Set<String> found(Pattern pattern, String text) {
    Set<String> all = new TreeSet<>();
    for (MatchResult match : pattern.matcher(text).results().toList()) {
      all.add(match.group(1));
    }
    return all;
  }

  /** Returns the second group of each match, by the first. */
  private static Map<String, String> pairs(Pattern pattern, String text) {
    Map<String, String> all = new TreeMap<>();
    for (MatchResult match : pattern.matcher(text).results().toList()) {
      all.put(match.group(1), match.group(2));
    }
    return all;
  }
}
