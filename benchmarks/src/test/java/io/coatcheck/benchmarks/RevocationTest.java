package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RevocationTest {

  @Test
  @DisplayName("each kind of copies is refused after the session has ended elsewhere")
  void eachKindIsMeasured(@TempDir Path directory) throws Exception {
    Results results =
        Results.begin(directory, "revocation", "entrant", "logouts", "p50", "p99", "max");
    Revocation.run(results, 3, EnumSet.allOf(Revocation.Kind.class));
    List<Results.Row> rows = Results.read(directory, "revocation");
    assertThat(rows).hasSize(6).allSatisfy(row -> assertThat(row.number("logouts")).isEqualTo(3));
    assertThat(rows).allSatisfy(row -> assertThat(row.number("max")).isPositive());
  }
}
