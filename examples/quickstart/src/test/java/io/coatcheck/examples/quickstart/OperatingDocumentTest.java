package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.event.SessionEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What may be found in a log, a thread dump or the table is explained in docs/OPERATING.md. */
class OperatingDocumentTest {

  private static final Path ROOT = Path.of("../..");
  private static final Pattern LOGGER =
      Pattern.compile("LoggerFactory.getLogger\\((?:\"[\\w.]+\\.)?(\\w+)(?:\\.class|\")");

  /** The name of a thread, or of all that a number is appended to; there is a filter as well. */
  private static final Pattern THREAD =
      Pattern.compile("(?<!addFilter\\()\"(coatcheck-[a-z]+-?)\"");

  private static final Pattern COLUMN = Pattern.compile("(?m)^  ([a-z_]+) +[a-z]");
  private static final Pattern JOIN = Pattern.compile("\"\\s*\\+\\s*\"");
  private static final Pattern WARNING =
      Pattern.compile("LOG\\.warn\\(\\s*\"((?:[^\"\\\\]|\\\\.)*)");
  private static final List<String> MODULES =
      List.of(
          "session-core",
          "session-servlet",
          "session-store-jdbc",
          "session-store-redis",
          "session-migration");

  private static String read(String file) throws IOException {
    return Files.readString(ROOT.resolve(file));
  }

  /** Returns the first cells of the rows of a section, as many as asked for, without backticks. */
  private static List<List<String>> rows(String section, int cells) throws IOException {
    String document = read("docs/OPERATING.md");
    int start = document.indexOf("\n## " + section + "\n");
    assertThat(start).as(section).isNotNegative();
    int end = document.indexOf("\n## ", start + 1);
    return document
        .substring(start, end < 0 ? document.length() : end)
        .lines()
        .filter(line -> line.startsWith("| "))
        .skip(1)
        .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
        .peek(row -> assertThat(row.get(row.size() - 2)).as(row.toString()).isNotEmpty())
        .map(row -> row.subList(1, 1 + cells).stream().map(c -> c.replace("`", "")).toList())
        .toList();
  }

  private static List<String> firstCells(String section) throws IOException {
    return rows(section, 1).stream().map(row -> row.get(0)).toList();
  }

  /** Returns the main sources of the library. Texts that are split over lines are joined. */
  private static List<String> sources() throws IOException {
    List<String> sources = new ArrayList<>();
    for (String module : MODULES) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          sources.add(JOIN.matcher(Files.readString(file)).replaceAll(""));
        }
      }
    }
    return sources;
  }

  private static Stream<String> matches(Pattern pattern, String source) {
    return pattern.matcher(source).results().map(found -> found.group(1));
  }

  /** Returns what the first group matches in the main sources of the library, once each. */
  private static Set<String> inSources(Pattern pattern) throws IOException {
    return sources().stream()
        .flatMap(source -> matches(pattern, source))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Stream<Class<?>> events(Class<?> type) {
    return type.isSealed()
        ? Arrays.stream(type.getPermittedSubclasses()).flatMap(OperatingDocumentTest::events)
        : Stream.of(type);
  }

  private static String auditName(Class<?> event) {
    return event.getSimpleName().replaceAll("(?<=.)([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private static Stream<Enum<?>> reasons(Class<?> event) {
    if (event == SessionEvent.Ended.class) {
      return Stream.of(EndReason.values());
    } else if (event == SessionEvent.TokenRefused.class) {
      return Stream.of(RefusalReason.values());
    } else if (event == SessionEvent.WriteDropped.class) {
      return Stream.of(DropReason.values());
    } else if (event == SessionEvent.ForeignCredential.class) {
      return Stream.of(CredentialOutcome.values());
    }
    return Stream.of();
  }

  @Test
  void events_areAllThere_withEachReason() throws Exception {
    List<List<String>> expected =
        events(SessionEvent.class)
            .flatMap(
                event -> {
                  List<String> reasons =
                      reasons(event)
                          .map(r -> r.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                          .toList();
                  return (reasons.isEmpty() ? List.of("") : reasons)
                      .stream().map(reason -> List.of(auditName(event), reason));
                })
            .toList();
    assertThat(expected).hasSizeGreaterThan(20);
    assertThat(rows("Events", 2)).containsExactlyInAnyOrderElementsOf(expected);
  }

  /** So that the names above are those that are written. */
  @Test
  void events_haveTheNamesOfTheAuditLog() throws Exception {
    String listener =
        read("session-core/src/main/java/io/coatcheck/session/event/AuditListener.java");
    assertThat(events(SessionEvent.class).map(OperatingDocumentTest::auditName))
        .allSatisfy(name -> assertThat(listener).contains("\"" + name + "\""));
  }

  /** An event with a reason that this test does not know would have no row of its own. */
  @Test
  void events_withAReason_areKnown() {
    assertThat(
            events(SessionEvent.class)
                .filter(
                    event ->
                        Arrays.stream(event.getRecordComponents())
                            .anyMatch(component -> component.getType().isEnum())))
        .allSatisfy(event -> assertThat(reasons(event)).isNotEmpty());
  }

  @Test
  void loggers_areAllThere() throws Exception {
    List<String> named = firstCells("The log");
    assertThat(named).contains(AuditListener.LOGGER_NAME);
    assertThat(named.stream().skip(1).map(name -> name.substring(name.lastIndexOf('.') + 1)))
        .containsExactlyInAnyOrderElementsOf(inSources(LOGGER));
    assertThat(named.stream().skip(1))
        .allSatisfy(
            name ->
                assertThat(MODULES)
                    .anySatisfy(
                        module ->
                            assertThat(ROOT.resolve(module).resolve("src/main/java"))
                                .satisfies(
                                    sources ->
                                        assertThat(
                                                sources.resolve(name.replace('.', '/') + ".java"))
                                            .exists())));
  }

  /** A row quotes the beginning of a warning, with an ellipsis for each value and for the rest. */
  @Test
  void warningsOfTheFilter_areAllThere_andNoOthers() throws Exception {
    List<String> warnings =
        sources().stream()
            .filter(source -> source.contains("FilterLog.LOG"))
            .flatMap(source -> matches(WARNING, source))
            .map(warning -> warning.replace("{}", "…"))
            .toList();
    List<String> quoted =
        firstCells("Warnings of the filter").stream()
            .map(cell -> cell.replaceFirst(" …$", ""))
            .toList();
    assertThat(warnings).hasSizeGreaterThan(5);
    assertThat(quoted)
        .allSatisfy(quote -> assertThat(warnings).anyMatch(each -> each.startsWith(quote)));
    assertThat(warnings).allSatisfy(warning -> assertThat(quoted).anyMatch(warning::startsWith));
  }

  @Test
  void threads_areAllThere() throws Exception {
    assertThat(firstCells("Threads").stream().map(name -> name.replace("<n>", "")))
        .containsExactlyInAnyOrderElementsOf(inSources(THREAD));
  }

  @Test
  void columns_areAllThere_inTheirOrder() throws Exception {
    List<String> columns =
        COLUMN
            .matcher(read("session-store-jdbc/src/main/resources/schema/postgresql.sql"))
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(columns).hasSizeGreaterThan(20);
    assertThat(firstCells("The table")).isEqualTo(columns);
  }
}
