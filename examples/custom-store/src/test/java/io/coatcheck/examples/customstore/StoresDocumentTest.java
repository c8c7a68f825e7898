package io.coatcheck.examples.customstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.store.StoredSessionCodec;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What docs/STORES.md says of the code is so. */
class StoresDocumentTest {

  private static final Path ROOT = Path.of("../..");
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern DEPENDENCY =
      Pattern.compile(
          "<groupId>(.*?)</groupId>\\s*<artifactId>(.*?)</artifactId>\\s*<version>(.*?)</version>");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(\\w+)` \\|");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]+)[^)]*\\)");

  private static String page() throws IOException {
    return Files.readString(ROOT.resolve("docs/STORES.md"));
  }

  /** Except for the indentation, which depends on where they stand. */
  @Test
  void snippets_areInTheExample() throws IOException {
    List<String> snippets = SNIPPET.matcher(page()).results().map(found -> found.group(1)).toList();
    String sources = unindented(sources("src"));
    assertThat(snippets).hasSizeGreaterThan(6);
    assertThat(snippets).allSatisfy(snippet -> assertThat(sources).contains(unindented(snippet)));
  }

  @Test
  void dependencies_areThoseOfTheBuild() throws IOException {
    String build = Files.readString(ROOT.resolve("pom.xml"));
    List<MatchResult> dependencies = DEPENDENCY.matcher(page()).results().toList();
    assertThat(dependencies).hasSize(3);
    for (MatchResult dependency : dependencies) {
      assertThat(build)
          .as(dependency.group(2))
          .contains("<artifactId>" + dependency.group(2) + "</artifactId>")
          .contains(">" + dependency.group(3) + "<");
    }
  }

  /** The count in the page: neither blank, nor comment, nor import. */
  @Test
  void sixVerbs_takeAsManyLinesAsThePageSays() throws IOException {
    long lines = lines("SessionMaps") + lines("MvSessionStore");
    assertThat(lines).isLessThan(200);
    assertThat(page()).contains("**" + lines + " lines**");
    long more = lines("IndexedMvSessionStore") + lines("MvPrincipalIndex") + lines("PrincipalKeys");
    assertThat(page()).contains(more + " lines more");
  }

  @Test
  void table_hasEveryPart() throws IOException {
    List<String> parts =
        Arrays.stream(StoredSessionBuilder.class.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()))
            .map(Method::getName)
            .filter(name -> !Set.of("build", "attribute", "removeAttribute").contains(name))
            // The same part in milliseconds.
            .filter(name -> !name.equals("lastSeenMillis"))
            .distinct()
            .toList();
    List<String> rows = ROW.matcher(page()).results().map(found -> found.group(1)).toList();
    assertThat(rows).containsAll(parts).contains("id");
  }

  @Test
  void bounds_areThoseOfTheCode() throws IOException {
    assertThat(page())
        .contains("1 to " + StoredSession.MAX_PRINCIPAL_LENGTH + " code points")
        .contains("up to " + StoredSession.MAX_CLIENT_ADDRESS_LENGTH + " characters")
        .contains("up to " + StoredSession.MAX_USER_AGENT_LENGTH + " characters")
        .contains("1 to " + String.format("%,d", PrincipalIndex.MAX_PAGE))
        .contains("at most " + LoginLimit.MAX_EVICTED + " sessions")
        .contains("up to " + String.format("%,d", BatchLookup.MAX_IDS))
        .contains("format " + StoredSessionCodec.FORMAT);
    assertThat(BatchTouch.MAX_IDS).isEqualTo(BatchLookup.MAX_IDS);
  }

  @Test
  void links_leadSomewhere() throws IOException {
    List<String> links =
        LINK.matcher(page())
            .results()
            .map(found -> found.group(1))
            .filter(link -> !link.contains("://"))
            .toList();
    assertThat(links).isNotEmpty();
    assertThat(links).allSatisfy(link -> assertThat(ROOT.resolve("docs").resolve(link)).exists());
  }

  private static long lines(String type) throws IOException {
    return Files.readString(
            Path.of("src/main/java/io/coatcheck/examples/customstore", type + ".java"))
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .filter(line -> !line.startsWith("*") && !line.startsWith("/*") && !line.startsWith("//"))
        .filter(line -> !line.startsWith("import ") && !line.startsWith("package "))
        .count();
  }

  private static String sources(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      StringBuilder sources = new StringBuilder();
      for (Path file : files.filter(one -> one.toString().endsWith(".java")).toList()) {
        sources.append(Files.readString(file));
      }
      return sources.toString();
    }
  }

  private static String unindented(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining("\n"));
  }
}
