package io.coatcheck.session.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("docs/grafana-dashboard.json queries series that a scrape has")
class DashboardTest {

  private static final Pattern SELECTOR = Pattern.compile("(coatcheck_\\w+)\\{([^}]*)\\}");
  private static final Pattern SERIES = Pattern.compile("coatcheck_\\w+");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=~?\"([^\"]*)\"");
  private static final Pattern GROUPING = Pattern.compile("by \\(([^)]*)\\)");
  private static final Pattern LEGEND = Pattern.compile("\\{\\{(\\w+)\\}\\}");

  /** What Prometheus adds to each series by itself. */
  private static final Set<String> TARGET_LABELS = Set.of("job", "instance");

  /** The values of each label of each series. */
  private static final Map<String, Map<String, Set<String>>> SCRAPED = new TreeMap<>();

  private static JsonNode dashboard;

  /** A query of a panel, and the legend of what it finds. */
  private record Query(String panel, String expression, String legend) {}

  @BeforeAll
  static void scrapeAndRead() throws Exception {
    dashboard = JsonMapper.builder().build().readTree(Path.of("../docs/grafana-dashboard.json"));
    try (MeteredSite site = MeteredSite.withAllMeters()) {
      site.registry
          .scrape()
          .lines()
          .filter(line -> !line.startsWith("#"))
          .forEach(DashboardTest::add);
    }
  }

  private static void add(String line) {
    Matcher name = SERIES.matcher(line);
    assertThat(name.lookingAt()).as(line).isTrue();
    Map<String, Set<String>> labels = SCRAPED.computeIfAbsent(name.group(), key -> new TreeMap<>());
    LABEL
        .matcher(line)
        .results()
        .forEach(
            label ->
                labels.computeIfAbsent(label.group(1), key -> new TreeSet<>()).add(label.group(2)));
  }

  private static List<Query> queries() {
    List<Query> queries = new ArrayList<>();
    for (JsonNode panel : dashboard.get("panels")) {
      if (!panel.get("type").asString().equals("row")) {
        String title = panel.get("title").asString();
        assertThat(panel.get("description").asString()).as(title).isNotBlank();
        assertThat(panel.get("targets")).as(title).isNotEmpty();
        for (JsonNode target : panel.get("targets")) {
          queries.add(
              new Query(
                  title, target.get("expr").asString(), target.get("legendFormat").asString()));
        }
      }
    }
    return queries;
  }

  @Test
  void queries_selectSeriesAndLabelsThatExist() {
    assertThat(queries()).hasSizeGreaterThan(20);
    for (Query query : queries()) {
      Set<String> selected =
          SERIES
              .matcher(query.expression())
              .results()
              .map(MatchResult::group)
              .collect(Collectors.toSet());
      assertThat(selected).as(query.toString()).isNotEmpty();
      assertThat(SCRAPED.keySet()).as(query.toString()).containsAll(selected);

      for (MatchResult selector : SELECTOR.matcher(query.expression()).results().toList()) {
        Map<String, Set<String>> labels = SCRAPED.get(selector.group(1));
        for (MatchResult label : LABEL.matcher(selector.group(2)).results().toList()) {
          if (!TARGET_LABELS.contains(label.group(1))) {
            assertThat(labels).as(query.toString()).containsKey(label.group(1));
            assertThat(labels.get(label.group(1))).as(query.toString()).contains(label.group(2));
          }
        }
      }
    }
  }

  @Test
  void groupingsAndLegends_nameLabelsThatExist() {
    for (Query query : queries()) {
      Set<String> known = new HashSet<>(TARGET_LABELS);
      SERIES
          .matcher(query.expression())
          .results()
          .forEach(series -> known.addAll(SCRAPED.get(series.group()).keySet()));
      Set<String> grouped = new HashSet<>();
      GROUPING
          .matcher(query.expression())
          .results()
          .forEach(by -> grouped.addAll(List.of(by.group(1).split(", *", -1))));
      assertThat(known).as(query.toString()).containsAll(grouped);
      boolean isAggregated = query.expression().matches("(sum|min|max)\\b.*");
      assertThat(isAggregated ? grouped : known)
          .as(query.toString())
          .containsAll(
              LEGEND.matcher(query.legend()).results().map(found -> found.group(1)).toList());
    }
  }

  @Test
  void everyMeter_isShown() {
    Set<String> shown = new TreeSet<>();
    for (Query query : queries()) {
      SERIES.matcher(query.expression()).results().map(MatchResult::group).forEach(shown::add);
    }
    assertThat(shown).containsExactlyInAnyOrderElementsOf(SCRAPED.keySet());
  }

  @Test
  void queries_keepToTheSelectedNodes_andAreBalanced() {
    for (Query query : queries()) {
      String expression = query.expression();
      for (MatchResult series : SERIES.matcher(expression).results().toList()) {
        assertThat(expression.substring(series.end()))
            .as(query.toString())
            .startsWith("{job=~\"$job\",instance=~\"$instance\"");
      }
      for (String pair : new String[] {"()", "{}", "[]"}) {
        assertThat(expression.chars().filter(c -> c == pair.charAt(0)).count())
            .as(query.toString())
            .isEqualTo(expression.chars().filter(c -> c == pair.charAt(1)).count());
      }
    }
    for (JsonNode variable : dashboard.get("templating").get("list")) {
      SERIES
          .matcher(variable.get("query").toString())
          .results()
          .forEach(series -> assertThat(SCRAPED).containsKey(series.group()));
    }
  }

  @Test
  void panels_haveTheirOwnIdsAndPlaces() {
    Set<Integer> ids = new HashSet<>();
    Set<String> places = new HashSet<>();
    for (JsonNode panel : dashboard.get("panels")) {
      assertThat(ids.add(panel.get("id").asInt())).as(panel.get("title").asString()).isTrue();
      JsonNode place = panel.get("gridPos");
      for (int x = place.get("x").asInt();
          x < place.get("x").asInt() + place.get("w").asInt();
          x++) {
        for (int y = place.get("y").asInt();
            y < place.get("y").asInt() + place.get("h").asInt();
            y++) {
          assertThat(x).isLessThan(24);
          assertThat(places.add(x + "," + y)).as(panel.get("title").asString()).isTrue();
        }
      }
    }
  }
}
