package io.coatcheck.session.jdbc;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.testkit.MovableClock;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * I2 to I6 over random histories of a client that hops between nodes. A failure prints the seed and
 * the whole history; {@code -Dcoatcheck.history.seed=N} runs that one again.
 */
@DisplayName("I2 to I6: random histories on several nodes and one database")
class HistoryTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  /** Long, so that only a history's own jump passes a deadline. */
  private static final SessionPolicy POLICY =
      SessionPolicy.builder()
          .idleTimeout(Duration.ofHours(23))
          .anonymousIdleTimeout(Duration.ofHours(23))
          .absoluteTimeout(Duration.ofHours(24))
          .build();

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void twoNodes(TestDatabase database) {
    run(database, 3, 150, Duration.ZERO, Duration.ZERO);
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("one of three nodes has a clock that is a minute ahead")
  void threeNodes_oneAhead(TestDatabase database) {
    run(database, 3, 150, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("one of three nodes has a clock that is a minute behind")
  void threeNodes_oneBehind(TestDatabase database) {
    run(database, 3, 150, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(-1));
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void threeNodes_longHistories(TestDatabase database) {
    run(database, 10, 200, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
  }

  private static void run(TestDatabase database, int histories, int steps, Duration... skews) {
    Long chosen = Long.getLong("coatcheck.history.seed");
    SecureRandom seeds = new SecureRandom();
    try (Table table = new Table(new Pool(database, database.database, true, null))) {
      for (int history = 0; history < (chosen == null ? histories : 1); history++) {
        List<SessionManager> nodes = new ArrayList<>();
        List<MovableClock> clocks = new ArrayList<>();
        for (Duration skew : skews) {
          MovableClock clock = MovableClock.at(NOW.plus(skew));
          clocks.add(clock);
          nodes.add(
              SessionManager.builder(table.builder().build())
                  .clock(clock)
                  .policy(POLICY)
                  .cleanUpInterval(Duration.ZERO)
                  .build());
        }
        new SessionHistory(nodes, clocks, chosen == null ? seeds.nextLong() : chosen).run(steps);
        nodes.forEach(SessionManager::close);
        table.execute("DELETE FROM " + table.name);
      }
    }
  }
}
