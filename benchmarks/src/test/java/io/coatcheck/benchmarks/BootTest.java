package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("wide")
class BootTest {

  @DisplayName("The application on Spring Boot runs with Coatcheck and with Spring Session alike")
  @Test
  void run_logsInAndMeasures(@TempDir Path directory) throws Exception {
    Duration moment = Duration.ofMillis(300);
    new Boot(Path.of("boot"), Boot.results(directory), 3, moment, moment)
        .run(
            1,
            List.of(
                Boot.Kind.COATCHECK_PRINCIPAL,
                Boot.Kind.COATCHECK_IMMUTABLE,
                Boot.Kind.SPRING_SESSION,
                Boot.Kind.COATCHECK_REDIS,
                Boot.Kind.SPRING_SESSION_REDIS));

    assertThat(Results.read(directory, "boot"))
        .hasSize(5)
        .allSatisfy(
            row -> {
              assertThat(row.number("perSecond")).isPositive();
              assertThat(row.number("bytes")).isPositive();
              assertThat(row.number("micros")).isPositive();
            });
  }
}
