package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What README.md and docs/ say of the code is so. */
class DocumentsTest {

  private static final Path ROOT = Path.of("../..");
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  /** Comments, and literals, in which brackets need no partner. */
  private static final Pattern NO_CODE =
      Pattern.compile(
          "//[^\n]*|/\\*.*?\\*/|\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*'", Pattern.DOTALL);

  private static final Pattern XML = Pattern.compile("```xml\n(.*?)```", Pattern.DOTALL);
  private static final Pattern INI = Pattern.compile("```ini\n(.*?)```", Pattern.DOTALL);
  private static final Pattern ARTIFACT = Pattern.compile("<artifactId>(coatcheck-[a-z-]+)<");
  private static final Pattern VERSION = Pattern.compile("\n  <version>([^<]+)<");
  private static final Pattern DEPENDENCY =
      Pattern.compile(
          "<groupId>(.*?)</groupId>\\s*<artifactId>(.*?)</artifactId>\\s*<version>(.*?)</version>");
  private static final Pattern PRESET =
      Pattern.compile("`(?:SPRING|FACES|PRIMEFACES|WELD|SHIRO|WICKET|STRUTS)\\w*`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]+)[^)]*\\)");
  private static final Pattern ANCHOR = Pattern.compile("\\]\\(([^)#:]*)#([^)]+)\\)");
  private static final Pattern METHOD = Pattern.compile("`(?:[\\w-]+/)?(\\w+Test)(?:#(\\w+))?`");
  private static final Pattern TEST = Pattern.compile("`(?:[\\w-]+/)?(\\w+(?:Test|Contract))`");

  /** A class of an application, which no codec allows by itself. */
  private record Cart(int items) implements Serializable {}

  @Test
  void readme_commands_comeFirst() throws Exception {
    List<String> commands =
        read("README.md").lines().filter(line -> line.startsWith("./mvnw")).toList();
    assertThat(commands).hasSize(4);
    assertThat(commands.get(0)).contains("quickstart");
    assertThat(commands.get(1)).isEqualTo("./mvnw verify");
    assertThat(commands.get(2)).contains("-DskipTests install", " -am");
    assertThat(commands.get(3)).contains("cluster");
  }

  /** The bill of materials, and what it names: as modules of the command, or as what they need. */
  @Test
  void readme_install_coversEveryLibrary() throws Exception {
    String command =
        read("README.md")
            .lines()
            .filter(line -> line.contains("-DskipTests install"))
            .findFirst()
            .orElseThrow();
    Map<String, Set<String>> needed = new HashMap<>();
    Map<String, String> artifacts = new HashMap<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(ROOT, "session-*")) {
      for (Path folder : folders) {
        if (Files.exists(folder.resolve("pom.xml"))) {
          String name = folder.getFileName().toString();
          Set<String> named = new LinkedHashSet<>();
          ARTIFACT
              .matcher(read(name + "/pom.xml"))
              .results()
              .map(found -> found.group(1))
              .filter(artifact -> !artifact.equals("coatcheck-parent"))
              .forEach(named::add);
          // The first one is its own.
          String own = named.iterator().next();
          artifacts.put(name, own);
          needed.put(own, name.equals("session-bom") ? Set.of(own) : named);
        }
      }
    }
    Deque<String> open = new ArrayDeque<>();
    for (String module : command.replaceAll(".*-pl (\\S+).*", "$1").split(",", -1)) {
      assertThat(artifacts).containsKey(module);
      open.add(artifacts.get(module));
    }
    Set<String> installed = new TreeSet<>();
    for (String next = open.poll(); next != null; next = open.poll()) {
      if (installed.add(next)) {
        open.addAll(needed.getOrDefault(next, Set.of()));
      }
    }
    assertThat(installed).containsAll(needed.keySet());
  }

  /** Modules for the build alone are never installed, so that a command has to build them. */
  @Test
  void commands_buildWhatTheirModulesNeed() throws Exception {
    List<String> commands = new ArrayList<>();
    for (Path page : pages()) {
      Files.readString(page)
          .lines()
          .filter(line -> line.contains("./mvnw ") && line.contains(" -pl "))
          .forEach(commands::add);
    }
    assertThat(commands).hasSizeGreaterThan(10).allMatch(command -> command.contains(" -am"));
  }

  /** Except for the indentation, which depends on where they stand. */
  @Test
  void readme_snippets_areInTheExamples() throws Exception {
    List<String> snippets = blocks(SNIPPET, "README.md");
    assertThat(snippets).hasSizeGreaterThan(1);
    areInTheExamples(snippets);
  }

  @Test
  void readme_isShort() throws Exception {
    assertThat(Files.size(ROOT.resolve("README.md"))).isLessThanOrEqualTo(10_000);
  }

  @Test
  void servlet_classes_areInTheExamples() throws Exception {
    List<String> classes =
        blocks(SNIPPET, "docs/SERVLET.md").stream()
            .filter(block -> block.contains("public final class"))
            .toList();
    assertThat(classes).hasSize(2);
    areInTheExamples(classes);
  }

  /** Otherwise what is copied from a page is no code: a search in sources finds a part as well. */
  @Test
  void snippets_areComplete() throws Exception {
    int snippets = 0;
    for (Path page : pages()) {
      for (MatchResult snippet : SNIPPET.matcher(Files.readString(page)).results().toList()) {
        String code = NO_CODE.matcher(snippet.group(1)).replaceAll(" ").strip();
        assertThat(brackets(code)).as("%s: %s", page, snippet.group(1)).isEmpty();
        assertThat(code).as("%s: %s", page, snippet.group(1)).matches("(?s).*[;}]");
        snippets++;
      }
    }
    assertThat(snippets).isGreaterThan(30);
  }

  /** Otherwise no request that such a filter passes on can become asynchronous, as on Jetty. */
  @Test
  void snippets_registerFiltersForAsynchronousRequests() throws Exception {
    int filters = 0;
    for (Path page : pages()) {
      for (MatchResult snippet : SNIPPET.matcher(Files.readString(page)).results().toList()) {
        if (snippet.group(1).matches("(?s).*addMappingForUrlPatterns\\([^;]*, true, .*")) {
          assertThat(snippet.group(1)).as("%s", page).contains(".setAsyncSupported(true);");
          filters++;
        }
      }
    }
    assertThat(filters).isGreaterThan(2);
  }

  /** Returns the brackets that have no partner. */
  private static String brackets(String code) {
    String left = code.replaceAll("[^(){}\\[\\]]", "");
    for (int length = -1; length != left.length(); ) {
      length = left.length();
      left = left.replace("()", "").replace("{}", "").replace("[]", "");
    }
    return left;
  }

  @Test
  void configuration_snippets_areInTheExamples() throws Exception {
    List<String> snippets = blocks(SNIPPET, "docs/CONFIGURATION.md");
    assertThat(snippets).hasSize(2);
    areInTheExamples(snippets);
  }

  @Test
  void jdbc_snippets_areInTheExamples() throws Exception {
    List<String> snippets = blocks(SNIPPET, "docs/JDBC.md");
    assertThat(snippets).hasSize(1);
    areInTheExamples(snippets);
  }

  @Test
  void frameworks_snippets_areInTheExamples() throws Exception {
    List<String> snippets = blocks(SNIPPET, "docs/FRAMEWORKS.md");
    assertThat(snippets).hasSizeGreaterThan(2);
    areInTheExamples(snippets);
  }

  @Test
  void frameworks_namesAllPresetsAndNoOthers() throws Exception {
    assertThat(PRESET.matcher(read("docs/FRAMEWORKS.md")).results().map(MatchResult::group))
        .extracting(name -> name.substring(1, name.length() - 1))
        .containsOnly(Stream.of(AllowListPreset.values()).map(Enum::name).toArray(String[]::new));
  }

  /** What {@code DeploymentTest} deploys is what the page shows. */
  @Test
  void servlet_webXml_isDeployedInATest() throws Exception {
    List<String> filters =
        blocks(XML, "docs/SERVLET.md").stream()
            .filter(block -> block.startsWith("<filter>"))
            .toList();
    String deployed = read("examples/quickstart/src/test/resources/deployment/filter.xml");
    assertThat(filters)
        .singleElement()
        .satisfies(filter -> assertThat(unindented(deployed)).contains(unindented(filter)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/JDBC.md", "docs/METRICS.md", "docs/MIGRATING.md"})
  void dependencies_areThoseOfTheBuild(String document) throws Exception {
    String build = read("pom.xml");
    List<MatchResult> dependencies =
        blocks(XML, document).stream()
            .flatMap(block -> DEPENDENCY.matcher(block).results())
            .toList();
    assertThat(dependencies).isNotEmpty();
    for (MatchResult dependency : dependencies) {
      if (dependency.group(1).equals("io.coatcheck")) {
        assertThat(read("session-bom/pom.xml"))
            .contains("<artifactId>" + dependency.group(2) + "</artifactId>");
        assertThat(build).contains("<version>" + dependency.group(3) + "</version>");
      } else {
        String property = dependency.group(2).toLowerCase(Locale.ROOT) + ".version";
        assertThat(build)
            .contains("<artifactId>" + dependency.group(2) + "</artifactId>")
            .contains("<" + property + ">" + dependency.group(3) + "</" + property + ">");
      }
    }
  }

  @Test
  void billOfMaterials_namesEveryLibrary_inTheVersionOfTheBuild() throws Exception {
    String bom = read("session-bom/pom.xml");
    List<String> libraries = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(ROOT, "session-*")) {
      for (Path folder : folders) {
        if (Files.exists(folder.resolve("pom.xml"))
            && !folder.getFileName().toString().equals("session-bom")) {
          libraries.add(
              ARTIFACT
                  .matcher(read(folder.getFileName() + "/pom.xml"))
                  .results()
                  .map(artifact -> artifact.group(1))
                  .filter(name -> !name.equals("coatcheck-parent"))
                  .findFirst()
                  .orElseThrow());
        }
      }
    }
    assertThat(libraries).hasSizeGreaterThanOrEqualTo(4);
    assertThat(ARTIFACT.matcher(bom).results().map(artifact -> artifact.group(1)))
        .filteredOn(name -> !name.equals("coatcheck-bom"))
        .containsExactlyInAnyOrderElementsOf(libraries);
    assertThat(VERSION.matcher(bom).results().findFirst().orElseThrow().group(1))
        .isEqualTo(VERSION.matcher(read("pom.xml")).results().findFirst().orElseThrow().group(1));
  }

  /** What docs/SCALING.md says of a touch interval of 3 minutes. */
  @Test
  void scaling_touchIntervalOfThreeMinutes_needsALongerAnonymousTimeout() {
    SessionManagerBuilder builder =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .touchInterval(Duration.ofMinutes(3));
    assertThatThrownBy(builder::build).hasMessageContaining("PT3M > PT15M / 10");
    SessionPolicy policy =
        SessionPolicy.builder().anonymousIdleTimeout(Duration.ofMinutes(30)).build();
    builder.policy(policy).build().close();
  }

  /**
   * What docs/CONFIGURATION.md and docs/SERVLET.md say of an application that moves to a database.
   */
  @Test
  void copyOnRead_refusesWhatADatabaseWould() {
    Cart notAllowed = new Cart(1);
    try (SessionManager inMemory =
            SessionManager.builder(InMemorySessionStore.builder().build()).build();
        SessionManager copying =
            SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build())
                .build()) {
      inMemory
          .adapter()
          .create(inMemory.adapter().resolve(List.of()))
          .setAttribute("name", notAllowed);
      Session session = copying.adapter().create(copying.adapter().resolve(List.of()));
      assertThatThrownBy(() -> session.setAttribute("name", notAllowed))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageContaining("JavaSerializationCodec.builder().allow(");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "README.md",
        "SECURITY.md",
        "docs/ARCHITECTURE.md",
        "docs/BENCHMARKS.md",
        "docs/CONFIGURATION.md",
        "docs/FRAMEWORKS.md",
        "docs/IN-MEMORY.md",
        "docs/JDBC.md",
        "docs/METRICS.md",
        "docs/MIGRATING.md",
        "docs/OPERATING.md",
        "docs/SCALING.md",
        "docs/SECURITY.md",
        "docs/SERVLET.md",
        "docs/SPRING.md",
        "docs/STORES.md"
      })
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

  /** The part of a link after the hash is a heading, in the form that GitHub gives it. */
  @Test
  void anchors_areHeadings() throws Exception {
    int links = 0;
    for (Path page : pages()) {
      for (MatchResult link : ANCHOR.matcher(Files.readString(page)).results().toList()) {
        Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
        assertThat(anchors(target)).as(page + ": " + link.group()).contains(link.group(2));
        links++;
      }
    }
    assertThat(links).isGreaterThan(20);
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      docs.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
    }
    return pages;
  }

  private static List<String> anchors(Path page) throws IOException {
    return Files.readString(page)
        .lines()
        .filter(line -> line.matches("#{1,4} .*"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .toList();
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

  @ParameterizedTest
  @CsvSource({"docs/SERVLET.md, 30", "docs/FRAMEWORKS.md, 5"})
  void servletAndFrameworks_nameTestsThatExist(String document, int atLeast) throws Exception {
    List<Path> sources = javaFiles(ROOT);
    List<MatchResult> named = METHOD.matcher(read(document)).results().toList();
    assertThat(named).hasSizeGreaterThan(atLeast);
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

  /** The recipe for Shiro is a file of its example. */
  @Test
  void frameworks_ini_isInTheExamples() throws Exception {
    List<String> recipes = blocks(INI, "docs/FRAMEWORKS.md");
    assertThat(recipes)
        .containsExactly(
            read("examples/frameworks/shiro/src/main/resources/shiro-session-login.ini"));
  }

  private static void areInTheExamples(List<String> snippets) throws IOException {
    String sources = unindented(sourcesOf(ROOT.resolve("examples")));
    assertThat(snippets).allSatisfy(snippet -> assertThat(sources).contains(unindented(snippet)));
  }

  private static List<String> blocks(Pattern kind, String document) throws IOException {
    return kind.matcher(read(document)).results().map(found -> found.group(1)).toList();
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
