package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.MutableClock;
import java.io.IOException;
import java.io.UncheckedIOException;
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

    private final MutableClock clock = MutableClock.at(NOW);
    private final Table table;
    private final SessionManager manager;
    private final AppNode node;
    private final AppClient client = new AppClient();

    Setting(TestDatabase database, UnaryOperator<SessionManagerBuilder> settings) {
      table = new Table(new Pool(database, database.database, true, null));
      manager =
          settings
              .apply(
                  SessionManager.builder(table.store).clock(clock).cleanUpInterval(Duration.ZERO))
              .build();
      node = new AppNode(manager, filter -> filter.exclude("/plain"));
    }

    /** Returns the kinds of statements that a request cost. */
    List<String> cost(String path) throws IOException {
      table.watched.takeStatements();
      assertThat(client.get(node.port(), path).status()).isEqualTo(200);
      return taken();
    }

    /** Returns the kinds of statements since the last look. */
    List<String> taken() {
      return table.watched.takeStatements().stream().map(Setting::kind).toList();
    }

    String answer(String path) {
      try {
        return client.get(node.port(), path).body();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** The first word, but that H2 deletes within a SELECT. */
    private static String kind(String sql) {
      if (sql.startsWith("UPDATE") && sql.endsWith(" WHERE 1 = 0")) {
        // What makes a transaction of SQLite the writer.
        return "LOCK";
      }
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
      String ended = setting.client.cookie();
      assertThat(setting.cost("/logout")).as("logs out").containsExactly("SELECT", "DELETE");
      assertThat(setting.cost("/read")).as("after the logout").isEmpty();
      setting.client.present(ended);
      assertThat(setting.cost("/read"))
          .as("has a token that names no session")
          .isEqualTo(
              switch (database) {
                case POSTGRESQL, MARIADB -> List.of("SELECT", "SELECT");
                case H2, SQLITE -> List.of("SELECT");
              });
      setting.client.present("");
      assertThat(setting.cost("/login?value=alice")).as("logs in anew").containsExactly("INSERT");
      assertThat(setting.cost("/logout-everywhere"))
          .as("stores 7: revokes all of a principal by a page, after a look at its own session")
          .containsExactly("SELECT", "SELECT", "SELECT", "DELETE");
    }
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void loginUnderALimit_costsAtMostFiveStatements(TestDatabase database) throws IOException {
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

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void lostCompareAndSet(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database, builder -> builder)) {
      setting.cost("/set?value=1");
      setting.node.meanwhile(
          () -> {
            assertThat(setting.taken()).as("resolution").containsExactly("SELECT");
            // Another request of the same browser, from its resolution to its end.
            assertThat(setting.answer("/set?name=other&value=2")).isEqualTo("set");
            assertThat(setting.taken()).containsExactly("SELECT", "UPDATE");
          });

      assertThat(setting.cost("/overtaken?value=3"))
          .as("the first UPDATE is lost, and tried again on what the other one left")
          .containsExactly("UPDATE", "SELECT", "UPDATE");

      assertThat(setting.answer("/read")).isEqualTo("3");
      assertThat(setting.answer("/read?name=other")).isEqualTo("2");
    }
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void cleanUp(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database, builder -> builder)) {
      for (int i = 0; i < 1_200; i++) {
        setting.table.store.insert(Sessions.anonymous().build());
      }
      setting.clock.advance(Sessions.IDLE);
      setting.table.watched.takeStatements();

      assertThat(setting.manager.cleanUp()).isEqualTo(1_200);
      // Of 64, 256 and 680 rows, since it first has to see that they are small, and of 200.
      List<String> taken = setting.taken();
      assertThat(taken).as("stores 6: transactions").filteredOn("DELETE"::equals).hasSize(4);
      if (database == TestDatabase.MARIADB) {
        // It reads attributes to measure them, 32 rows at a time.
        assertThat(taken).as("with what measures").hasSizeBetween(8, 8 + 2 + 8 + 22 + 7);
      } else {
        assertThat(taken)
            .filteredOn(kind -> !kind.equals("LOCK"))
            .containsExactly(
                "SELECT", "DELETE", "SELECT", "DELETE", "SELECT", "DELETE", "SELECT", "DELETE");
      }
      int locks = database == TestDatabase.SQLITE ? 1 : 0;
      assertThat(taken).filteredOn("LOCK"::equals).hasSize(4 * locks);

      assertThat(setting.manager.cleanUp()).isZero();
      assertThat(setting.taken())
          .as("nothing is due")
          .hasSize(1 + locks)
          .filteredOn(kind -> !kind.equals("LOCK"))
          .containsExactly("SELECT");
    }
  }
}
