package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The benchmark on Redis")
class RedisCostsTest {

  @Test
  @DisplayName("has requests of each kind answered by each library, and counts their commands")
  void run(@TempDir Path results) throws Exception {
    Results memory = Results.begin(results, "redis-memory", "entrant", "sessions", "bytes");
    Results requests =
        Results.begin(results, "redis", "entrant", "kind", "round", "perSecond", "commands");
    new RedisCosts(40, Duration.ofMillis(200)).run(memory, requests, 1);
    assertThat(Results.read(results, "redis-memory")).hasSize(3);
    List<Results.Row> rows = Results.read(results, "redis");
    assertThat(rows).hasSize(12).allMatch(row -> row.number("perSecond") > 0);
    Results.Row read = rows.get(0);
    assertThat(read.text("entrant")).isEqualTo("Coatcheck Redis");
    // The clean-up of the manager, and a request that has begun, are counted too.
    assertThat(read.number("commands")).isBetween(0.99, 1.5);
    assertThat(new Tables(results).all()).containsKeys("redis", "redis-memory");
  }
}
