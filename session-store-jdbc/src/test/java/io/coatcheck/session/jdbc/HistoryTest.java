package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.MutableClock;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
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

  /** Older than any history takes, so that no copy is renewed for its age. */
  private static final Nodes COPIES = new Nodes(Duration.ofSeconds(60), false, false);

  /** How many histories each test runs; the POM says it. */
  private static final int HISTORIES = Integer.getInteger("coatcheck.histories", 1);

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void twoNodes(TestDatabase database) {
    run(database, HISTORIES, 150, Duration.ZERO, Duration.ZERO);
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("one of three nodes has a clock that is a minute ahead")
  @Tag("wide")
  void threeNodes_oneAhead(TestDatabase database) {
    run(database, HISTORIES, 150, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("one of three nodes has a clock that is a minute behind")
  @Tag("wide")
  void threeNodes_oneBehind(TestDatabase database) {
    run(database, HISTORIES, 150, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(-1));
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void threeNodes_longHistories(TestDatabase database) {
    run(database, 10, 200, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("three nodes with copies: a client reads its own writes on each, by the hint")
  void threeNodes_withCopies(TestDatabase database) {
    run(database, COPIES, HISTORIES, 100, Duration.ZERO, Duration.ZERO, Duration.ZERO);
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("with copies, and one of two nodes a minute ahead")
  void twoNodes_withCopies_oneAhead(TestDatabase database) {
    run(database, COPIES, HISTORIES, 100, Duration.ZERO, Duration.ofMinutes(1));
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("with copies, and one of three nodes a minute behind")
  @Tag("wide")
  void threeNodes_withCopies_oneBehind(TestDatabase database) {
    run(database, COPIES, HISTORIES, 100, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(-1));
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("with copies of any age that the change feed keeps, and one node a minute ahead")
  @Tag("wide")
  void threeNodes_withCopiesByFeed(TestDatabase database) {
    Nodes byFeed = new Nodes(Duration.ofSeconds(1), true, false);
    run(database, byFeed, HISTORIES, 100, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
  }

  @Test
  @DisplayName("with copies and without the hint, another node lags: so it is the hint that helps")
  void threeNodes_withCopies_withoutHints() {
    Nodes forgetful = new Nodes(COPIES.maxStaleness(), false, true);
    assertThatThrownBy(
            () ->
                run(
                    TestDatabase.H2,
                    forgetful,
                    3,
                    100,
                    Duration.ZERO,
                    Duration.ZERO,
                    Duration.ZERO))
        .isInstanceOf(AssertionError.class);
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("with copies of the default age, which are revalidated meanwhile")
  void threeNodes_withCopies_longHistories(TestDatabase database) {
    Nodes copies = new Nodes(Duration.ofSeconds(1), false, false);
    run(database, copies, 10, 200, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
    Nodes byFeed = new Nodes(Duration.ofSeconds(1), true, false);
    run(database, byFeed, 10, 200, Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
  }

  /**
   * What the nodes are like.
   *
   * @param maxStaleness how old copies may be; zero for no copies
   * @param changeFeed whether the change feed keeps the copies
   * @param loseHints whether the client presents no version hints
   */
  private record Nodes(Duration maxStaleness, boolean changeFeed, boolean loseHints) {

    JdbcSessionStore jdbc(Table table) {
      return table.builder().createSchema(true).changeFeed(changeFeed).build();
    }

    SessionStore store(JdbcSessionStore store) {
      return maxStaleness.isZero()
          ? store
          : NearCacheSessionStore.builder(store).maxStaleness(maxStaleness).build();
    }
  }

  private static void run(TestDatabase database, int histories, int steps, Duration... skews) {
    run(database, new Nodes(Duration.ZERO, false, false), histories, steps, skews);
  }

  private static void run(
      TestDatabase database, Nodes kind, int histories, int steps, Duration... skews) {
    Long chosen = Long.getLong("coatcheck.history.seed");
    SecureRandom seeds = new SecureRandom();
    try (Table table = new Table(new Pool(database, database.database, true, null))) {
      for (int history = 0; history < (chosen == null ? histories : 1); history++) {
        List<SessionManager> nodes = new ArrayList<>();
        List<SessionManager> exact = new ArrayList<>();
        List<MutableClock> clocks = new ArrayList<>();
        for (Duration skew : skews) {
          MutableClock clock = MutableClock.at(NOW.plus(skew));
          clocks.add(clock);
          nodes.add(node(kind.store(kind.jdbc(table)), clock));
          exact.add(node(kind.jdbc(table), clock));
        }
        SessionHistory random =
            new SessionHistory(
                nodes, clocks, exact, table::count, chosen == null ? seeds.nextLong() : chosen);
        try {
          (kind.loseHints() ? random.losingHints() : random).run(steps);
        } finally {
          nodes.forEach(SessionManager::close);
          exact.forEach(SessionManager::close);
        }
        table.execute("DELETE FROM " + table.name);
      }
    }
  }

  private static SessionManager node(SessionStore store, MutableClock clock) {
    return SessionManager.builder(store)
        .clock(clock)
        .policy(POLICY)
        .cleanUpInterval(Duration.ZERO)
        .storeTimeout(Duration.ofMinutes(1))
        .build();
  }
}
