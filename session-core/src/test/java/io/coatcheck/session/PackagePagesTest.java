package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The page of a package is a table of its contents")
class PackagePagesTest {

  private static final Path SOURCES = Path.of("src/main/java/io/coatcheck/session");
  private static final Pattern NAME =
      Pattern.compile("\\{@(?:code|link)\\s+(?:[a-z]+\\.)*([A-Z]\\w+)");

  private static String page(String folder) throws IOException {
    return Files.readString(SOURCES.resolve(folder).resolve("package-info.java"))
        .replaceAll("\\n \\* *", " ");
  }

  private static Set<String> typesIn(String folder) throws IOException {
    try (Stream<Path> files = Files.list(SOURCES.resolve(folder))) {
      Set<String> types = new TreeSet<>();
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".java") && !name.equals("package-info.java"))
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

  @ParameterizedTest
  @ValueSource(strings = {"", "codec", "event", "password", "token"})
  void page_namesEachTypeOfThePackage(String folder) throws IOException {
    assertThat(namesOn(page(folder)))
        .as("names in package-info.java, which names each type of its package")
        .containsAll(typesIn(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "codec", "event", "password", "token"})
  void page_namesNoTypeThatDoesNotExist(String folder) throws IOException {
    Set<String> known = new TreeSet<>(typesIn(""));
    for (String other : Set.of("codec", "event", "password", "token")) {
      known.addAll(typesIn(other));
    }

    assertThat(known).containsAll(namesOn(page(folder)));
  }
}
