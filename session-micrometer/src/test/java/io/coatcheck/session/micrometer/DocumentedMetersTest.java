package io.coatcheck.session.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("docs/METRICS.md lists the meters that are registered, and no others")
class DocumentedMetersTest {

  private static final Path PAGE = Path.of("../docs/METRICS.md");
  private static final Pattern FAMILY = Pattern.compile("(?m)^# TYPE (\\S+) ");
  private static final Pattern SERIES = Pattern.compile("coatcheck_\\w+");
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  private static MeteredSite site;

  /** What the table says of a meter, and what the registry has. */
  private record Described(String type, Map<String, Set<String>> tags, String prometheus) {}

  @BeforeAll
  static void start() throws Exception {
    site = MeteredSite.withAllMeters();
  }

  @AfterAll
  static void stop() throws Exception {
    site.close();
  }

  private static Map<String, Described> documented() throws IOException {
    String page = Files.readString(PAGE);
    String section = page.substring(page.indexOf("\n## The meters\n"));
    Map<String, Described> meters = new TreeMap<>();
    section
        .substring(0, section.indexOf("\n## ", 1))
        .lines()
        .filter(line -> line.startsWith("| `"))
        .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
        .forEach(
            row -> {
              assertThat(row).as("five cells between bars").hasSize(7);
              assertThat(row.get(5)).as("the meaning of %s", row.get(1)).isNotEmpty();
              Described meter = new Described(row.get(2), tags(row.get(3)), bare(row.get(4)));
              assertThat(meters.put(bare(row.get(1)), meter)).as(row.get(1)).isNull();
            });
    return meters;
  }

  private static String bare(String cell) {
    return cell.replace("`", "");
  }

  private static Map<String, Set<String>> tags(String cell) {
    return Arrays.stream(bare(cell).split(";", -1))
        .filter(tag -> !tag.isBlank())
        .map(tag -> tag.split(":", 2))
        .collect(Collectors.toMap(parts -> parts[0].strip(), parts -> values(parts[1])));
  }

  private static Set<String> values(String list) {
    return Arrays.stream(list.split(",", -1)).map(String::strip).collect(Collectors.toSet());
  }

  private static String prometheusName(Meter.Id id) {
    String name = id.getConventionName(site.registry.config().namingConvention());
    return id.getType() == Meter.Type.COUNTER ? name + "_total" : name;
  }

  private static Set<String> families() {
    return FAMILY
        .matcher(site.registry.scrape())
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void table_isWhatIsRegistered() throws Exception {
    Map<String, Described> registered = new TreeMap<>();
    for (Meter meter : site.registry.getMeters()) {
      Meter.Id id = meter.getId();
      assertThat(id.getDescription()).as(id.getName()).isNotBlank();
      Described described =
          registered.computeIfAbsent(
              id.getName(),
              name ->
                  new Described(
                      id.getType().name().toLowerCase(Locale.ROOT),
                      new TreeMap<>(),
                      prometheusName(id)));
      for (Tag tag : id.getTags()) {
        described.tags().computeIfAbsent(tag.getKey(), key -> new TreeSet<>()).add(tag.getValue());
      }
    }
    assertThat(registered).hasSizeGreaterThan(15);
    assertThat(documented()).isEqualTo(registered);
  }

  @Test
  void namesInPrometheus_areThoseOfAScrape() throws Exception {
    Set<String> documented =
        documented().values().stream()
            .map(Described::prometheus)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(families())
        .filteredOn(family -> !family.endsWith("_max"))
        .containsExactlyElementsOf(documented);
  }

  @Test
  void queries_nameSeriesThatExist() throws Exception {
    Set<String> known = families();
    assertThat(SERIES.matcher(Files.readString(PAGE)).results().map(MatchResult::group))
        .hasSizeGreaterThan(20)
        .map(series -> known.contains(series) ? series : series.replaceFirst("_(count|sum)$", ""))
        .allSatisfy(series -> assertThat(known).contains(series));
  }

  private static SessionManager documentedSetUp(SessionStore database, MeterRegistry registry) {
    SessionMetrics metrics = SessionMetrics.create(registry);
    NearCacheSessionStore store = NearCacheSessionStore.wrap(metrics.meter(database));
    metrics.observe(store);
    return SessionManager.builder(store).listener(metrics).build();
  }

  @Test
  void setUp_isThatOfThisTest_andMeasures() throws Exception {
    List<String> snippets =
        SNIPPET.matcher(Files.readString(PAGE)).results().map(found -> found.group(1)).toList();
    String own =
        Files.readString(
            Path.of("src/test/java", getClass().getName().replace('.', '/').concat(".java")));
    assertThat(snippets).isNotEmpty();
    assertThat(snippets).allSatisfy(code -> assertThat(lines(own)).contains(lines(code)));

    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (SessionManager manager =
        documentedSetUp(InMemorySessionStore.builder().copyOnRead(true).build(), registry)) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      session.keep();
      manager.save(session);
    }
    assertThat(registry.get("coatcheck.sessions.created").counter().count()).isEqualTo(1);
    assertThat(registry.get("coatcheck.store").tag("operation", "insert").timers())
        .anySatisfy(timer -> assertThat(timer.count()).isEqualTo(1));
  }

  private static String lines(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining("\n"));
  }
}
