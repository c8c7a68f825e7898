package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.MovableClock;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each row of the statement budget, counted at the data source while requests go through Tomcat.
 */
@DisplayName("I7, F67: the statement budget, through the filter")
class FilterBudgetTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  /** A node, a browser, and what the database was asked since the last look. */
  private static final class Setting implements AutoCloseable {

    private final MovableClock clock = MovableClock.at(NOW);
    private final Table table;
    private final AppNode node;
    private final AppClient client = new AppClient();

    Setting(TestDatabase database, UnaryOperator<SessionManagerBuilder> settings) {
      table = new Table(new Pool(database, database.database, true, null));
      node =
          new AppNode(
              settings
                  .apply(
                      SessionManager.builder(table.store)
                          .clock(clock)
                          .cleanUpInterval(Duration.ZERO))
                  .build(),
              filter -> filter.exclude("/plain"));
    }

    /** Returns the kinds of statements that a request cost. */
    List<String> cost(String path) throws IOException {
      table.watched.takeStatements();
      assertThat(client.get(node.port(), path).status()).isEqualTo(200);
      return table.watched.takeStatements().stream().map(Setting::kind).toList();
    }

    /** The first word, but that H2 deletes within a SELECT. */
    private static String kind(String sql) {
      return sql.contains("DELETE FROM") ? "DELETE" : sql.substring(0, sql.indexOf(' '));
    }

    @Override
    public void close() {
      try {
        node.close();
      } finally {
        table.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void everyRow(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database, builder -> builder)) {
      assertThat(setting.cost("/read")).as("no token").isEmpty();
      assertThat(setting.cost("/set?value=1")).as("creates").containsExactly("INSERT");
      assertThat(setting.cost("/plain")).as("excluded path").isEmpty();
      assertThat(setting.cost("/read")).as("reads").containsExactly("SELECT");
      assertThat(setting.cost("/set?value=1,2,3,4,5"))
          .as("writes several attributes")
          .containsExactly("SELECT", "UPDATE");
      setting.clock.advance(Duration.ofMinutes(1));
      assertThat(setting.cost("/read"))
          .as("reads, and the touch interval has passed")
          .containsExactly("SELECT", "UPDATE");
      setting.clock.advance(Duration.ofMinutes(1));
      assertThat(setting.cost("/set?value=9"))
          .as("writes, and the touch interval has passed")
          .containsExactly("SELECT", "UPDATE");
      assertThat(setting.cost("/login?value=alice"))
          .as("logs in on an existing session")
          .containsExactly("SELECT", "UPDATE");
      assertThat(setting.cost("/logout")).as("logs out").containsExactly("SELECT", "DELETE");
      assertThat(setting.cost("/read")).as("after the logout").isEmpty();
      assertThat(setting.cost("/login?value=alice")).as("logs in anew").containsExactly("INSERT");
      assertThat(setting.cost("/logout-everywhere"))
          .as("revokes all of a principal")
          .containsExactly("SELECT", "DELETE");
    }
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void withALimit(TestDatabase database) throws IOException {
    try (Setting setting =
        new Setting(database, builder -> builder.sessionsPerPrincipal(1, WhenFull.EVICT_OLDEST))) {
      setting.cost("/set?value=1");
      AppClient other = new AppClient();
      other.get(setting.node.port(), "/login?value=alice");

      List<String> cost = setting.cost("/login?value=alice");

      // Resolution, the login, and at most three besides.
      assertThat(cost).hasSizeLessThanOrEqualTo(5).contains("UPDATE");
      assertThat(cost.get(0)).isEqualTo("SELECT");
    }
  }
}
