package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The page of a package is a table of its contents, in each module")
class PackagePagesTest {

  private static final Path MODULES = Path.of("..");
  private static final Pattern NAME =
      Pattern.compile("\\{@(?:code|link)\\s+(?:[a-z]+\\.)*([A-Z]\\w+)");

  /** Types of other libraries that pages name. */
  private static final Set<String> ELSEWHERE =
      Set.of("HttpSession", "JwtDecoder", "MockMvc", "SessionRegistry");

  private static List<Path> sources() throws IOException {
    try (Stream<Path> modules = Files.list(MODULES)) {
      return modules
          .filter(module -> module.getFileName().toString().startsWith("session-"))
          .map(module -> module.resolve("src/main/java"))
          .filter(Files::isDirectory)
          .sorted()
          .toList();
    }
  }

  /** The folders of all packages of the library. */
  static List<Path> packages() throws IOException {
    Set<Path> packages = new TreeSet<>();
    for (Path source : sources()) {
      try (Stream<Path> files = Files.walk(source)) {
        files
            .filter(file -> file.toString().endsWith(".java"))
            .filter(file -> !file.endsWith("module-info.java"))
            .forEach(file -> packages.add(file.getParent()));
      }
    }
    return List.copyOf(packages);
  }

  private static String page(Path folder) throws IOException {
    return Files.readString(folder.resolve("package-info.java")).replaceAll("\\n \\* *", " ");
  }

  private static Set<String> typesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      Set<String> types = new TreeSet<>();
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".java") && !name.endsWith("-info.java"))
          .forEach(name -> types.add(name.replace(".java", "")));
      return types;
    }
  }

  private static Set<String> namesOn(String page) {
    Set<String> names = new TreeSet<>();
    Matcher name = NAME.matcher(page);
    while (name.find()) {
      names.add(name.group(1));
    }
    return names;
  }

  @Test
  void packages_areFoundInEachModule() throws IOException {
    assertThat(packages())
        .anyMatch(folder -> folder.endsWith("io/coatcheck/session/store"))
        .anyMatch(folder -> folder.endsWith("io/coatcheck/session/servlet"))
        .anyMatch(folder -> folder.endsWith("io/coatcheck/session/jdbc"))
        .anyMatch(folder -> folder.endsWith("io/coatcheck/session/redis"))
        .anyMatch(folder -> folder.endsWith("io/coatcheck/session/spring/test"));
  }

  @ParameterizedTest
  @MethodSource("packages")
  void page_namesEachTypeOfThePackage(Path folder) throws IOException {
    assertThat(namesOn(page(folder)))
        .as("names in package-info.java, which names each type of its package")
        .containsAll(typesIn(folder));
  }

  @ParameterizedTest
  @MethodSource("packages")
  void page_namesNoTypeThatDoesNotExist(Path folder) throws IOException {
    Set<String> known = new TreeSet<>(ELSEWHERE);
    for (Path other : packages()) {
      known.addAll(typesIn(other));
    }

    assertThat(known).containsAll(namesOn(page(folder)));
  }
}
