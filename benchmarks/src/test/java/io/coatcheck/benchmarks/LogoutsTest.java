package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogoutsTest {

  @Test
  @DisplayName("both ways are measured in each round, and every session ends")
  void bothWaysAreMeasured(@TempDir Path directory) throws Exception {
    Results results = Results.begin(directory, "logouts", "way", "round", "logouts", "perSecond");
    new Logouts(results, 20).run(2);
    assertThat(Results.read(directory, "logouts"))
        .extracting(row -> row.text("way"))
        .containsExactly("without", "with notifications", "with notifications", "without");
    assertThat(Results.read(directory, "logouts"))
        .allSatisfy(row -> assertThat(row.number("perSecond")).isPositive());
  }
}
