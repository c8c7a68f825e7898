package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest {

  @DisplayName("The tables of the documentation are those of the result files")
  @ParameterizedTest
  @ValueSource(strings = {"BENCHMARKS.md", "SCALING.md"})
  void pages_showTheResults(String name) throws IOException {
    String page = Files.readString(Path.of("..", "docs", name));
    Map<String, String> tables = new Tables(Path.of("results")).all();

    assertThat(page).contains("<!-- cluster -->");
    assertThat(Pages.filled(page, tables)).as("run benchmarks/run charts").isEqualTo(page);
  }

  @Test
  void filled_replacesWhatStandsThere() {
    String page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n";

    assertThat(Pages.filled(page, Map.of("x", "new\n", "z", "nowhere\n")))
        .isEqualTo("a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n");
    assertThatThrownBy(() -> Pages.filled("<!-- x -->\n", Map.of("x", "new\n")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/x");
  }

  @Test
  @DisplayName("The interval of a median is that of the sign test: the 6th and 15th of 20")
  void interval_ofTwenty() {
    List<Double> values =
        java.util.stream.IntStream.rangeClosed(1, 20).asDoubleStream().boxed().toList();

    assertThat(Tables.interval(values)).isEqualTo("6.000 to 15.0");
    assertThat(Tables.interval(values.subList(0, 3))).isEqualTo("too few pairs");
  }
}
