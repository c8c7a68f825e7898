package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.password.PasswordHasher;
import io.coatcheck.session.servlet.CrossOriginPolicy;
import io.coatcheck.session.servlet.FloodGuard;
import io.coatcheck.session.servlet.RequireLogin;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What README.md and docs/ say of the code is so. */
class DocumentsTest {

  private static final Path ROOT = Path.of("../..");
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]+)[^)]*\\)");
  private static final Pattern METHOD = Pattern.compile("`(\\w+Test)(?:#(\\w+))?`");
  private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|Contract))`");

  @Test
  void readme_commands_comeFirst() throws Exception {
    List<String> commands =
        read("README.md").lines().filter(line -> line.startsWith("./mvnw")).toList();
    assertThat(commands).hasSize(3);
    assertThat(commands.get(0)).contains("quickstart");
    assertThat(commands.get(1)).isEqualTo("./mvnw verify");
    assertThat(commands.get(2)).contains("cluster");
  }

  /** But for the indentation, which depends on where they stand. */
  @Test
  void readme_snippets_areInTheExamples() throws Exception {
    String sources = unindented(sourcesOf(ROOT.resolve("examples")));
    List<String> snippets =
        SNIPPET.matcher(read("README.md")).results().map(found -> found.group(1)).toList();
    assertThat(snippets).hasSizeGreaterThan(3);
    assertThat(snippets).allSatisfy(snippet -> assertThat(sources).contains(unindented(snippet)));
  }

  @Test
  void readme_namesEveryOption() throws Exception {
    String readme = read("README.md");
    Stream<Class<?>> builders =
        Stream.of(
            SessionManagerBuilder.class,
            SessionPolicy.Builder.class,
            LoginOptions.Builder.class,
            SessionFilterBuilder.class,
            SessionCookie.Builder.class,
            FloodGuard.Builder.class,
            CrossOriginPolicy.Builder.class,
            RequireLogin.Builder.class,
            JavaSerializationCodec.Builder.class,
            InMemorySessionStore.Builder.class,
            NearCacheSessionStore.Builder.class,
            PasswordHasher.Builder.class);
    assertThat(builders.flatMap(builder -> Arrays.stream(builder.getDeclaredMethods())))
        .filteredOn(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
        .extracting(Method::getName)
        .filteredOn(name -> !name.equals("build"))
        .allSatisfy(name -> assertThat(readme).contains("`" + name + "`"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/ARCHITECTURE.md", "docs/SERVLET.md"})
  void links_leadSomewhere(String document) throws Exception {
    Path folder = ROOT.resolve(document).toAbsolutePath().getParent();
    List<String> links =
        LINK.matcher(read(document))
            .results()
            .map(found -> found.group(1))
            .filter(link -> !link.contains("://"))
            .toList();
    assertThat(links).allSatisfy(link -> assertThat(folder.resolve(link)).exists());
  }

  @Test
  void architecture_namesTestsThatExist() throws Exception {
    List<String> classes =
        javaFiles(ROOT).stream()
            .map(file -> file.getFileName().toString().replace(".java", ""))
            .toList();
    List<String> named =
        TEST.matcher(read("docs/ARCHITECTURE.md"))
            .results()
            .map((MatchResult found) -> found.group(1))
            .toList();
    assertThat(named).hasSizeGreaterThan(20);
    assertThat(classes).containsAll(named);
  }

  @Test
  void servlet_namesTestsThatExist() throws Exception {
    List<Path> sources = javaFiles(ROOT);
    List<MatchResult> named = METHOD.matcher(read("docs/SERVLET.md")).results().toList();
    assertThat(named).hasSizeGreaterThan(30);
    for (MatchResult test : named) {
      List<Path> files =
          sources.stream().filter(file -> file.endsWith(test.group(1) + ".java")).toList();
      assertThat(files).as(test.group()).isNotEmpty();
      if (test.group(2) != null) {
        assertThat(files)
            .as(test.group())
            .anySatisfy(
                file -> assertThat(Files.readString(file)).contains("void " + test.group(2) + "("));
      }
    }
  }

  private static String read(String document) throws IOException {
    return Files.readString(ROOT.resolve(document));
  }

  private static String sourcesOf(Path folder) throws IOException {
    StringBuilder sources = new StringBuilder();
    for (Path file : javaFiles(folder)) {
      if (file.toString().contains("/src/main/")) {
        sources.append(Files.readString(file));
      }
    }
    return sources.toString();
  }

  private static List<Path> javaFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }

  private static String unindented(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining("\n"));
  }
}
