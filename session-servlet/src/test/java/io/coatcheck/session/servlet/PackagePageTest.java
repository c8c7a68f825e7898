package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The page of the servlet package is a table of its contents")
class PackagePageTest {

  private static final Path SOURCES = Path.of("src/main/java/io/coatcheck/session/servlet");

  /** Types of the core that the page names on the path of a request. */
  private static final Set<String> OF_THE_CORE =
      Set.of("HttpSession", "SessionManager", "SessionWriter");

  private static Set<String> types() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".java") && !name.equals("package-info.java"))
          .map(name -> name.replace(".java", ""))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static Set<String> names() throws IOException {
    String page =
        Files.readString(SOURCES.resolve("package-info.java")).replaceAll("\\n \\* *", " ");
    return Pattern.compile("\\{@(?:code|link)\\s+(?:[a-z]+\\.)*([A-Z]\\w+)")
        .matcher(page)
        .results()
        .map(name -> name.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void page_namesEachTypeOfThePackage() throws IOException {
    assertThat(names()).containsAll(types());
  }

  @Test
  void page_namesNoTypeThatDoesNotExist() throws IOException {
    Set<String> unknown = names();
    unknown.removeAll(types());

    assertThat(OF_THE_CORE).containsAll(unknown);
  }
}
