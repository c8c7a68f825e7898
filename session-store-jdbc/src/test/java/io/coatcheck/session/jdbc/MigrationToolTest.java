package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.StoredSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Objects;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.LiquibaseException;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The schema files, run by the tools that docs/JDBC.md names, as it says. */
@DisplayName("The schema by Flyway and Liquibase")
class MigrationToolTest {

  @TempDir Path migrations;

  private final StoredSession session = Sessions.of("alice").build();
  private HikariDataSource pool;

  @AfterEach
  void close() throws SQLException {
    for (String table :
        new String[] {
          "http_session",
          "http_session_lock",
          "http_session_change",
          "flyway_schema_history",
          "\"flyway_schema_history\"",
          "DATABASECHANGELOG",
          "DATABASECHANGELOGLOCK"
        }) {
      boolean isQuoted = table.startsWith("\"");
      if (!isQuoted || pool.getJdbcUrl().startsWith("jdbc:h2")) {
        execute("DROP TABLE IF EXISTS " + table);
      }
    }
    pool.close();
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void flyway_copyOfTheFile(TestDatabase server) throws IOException {
    pool = server.pool(true, 4);
    try (InputStream schema = schema(server)) {
      Files.copy(schema, migrations.resolve("V7__coatcheck_1.sql"));
    }
    try (InputStream changes =
        JdbcSessionStore.class.getResourceAsStream("/" + server.database.changesFile())) {
      Files.copy(
          Objects.requireNonNull(changes), migrations.resolve("V8__coatcheck_1_changes.sql"));
    }
    Flyway flyway =
        Flyway.configure()
            .dataSource(pool)
            .locations("filesystem:" + migrations)
            .baselineOnMigrate(true)
            .baselineVersion("6")
            .load();

    assertThat(flyway.migrate().migrationsExecuted).isEqualTo(2);
    assertThat(flyway.migrate().migrationsExecuted).as("run again").isZero();

    assertStoreWorks(server);
    JdbcSessionStore.builder(pool)
        .database(server.database)
        .changeFeed(true)
        .queryTimeout(Table.PATIENCE)
        .build()
        .close();
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void liquibase_sqlFileOfTheJar(TestDatabase server)
      throws IOException, SQLException, LiquibaseException {
    pool = server.pool(true, 4);
    Files.writeString(
        migrations.resolve("changelog.xml"),
        """
        <databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
            xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
            xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
          <changeSet id="coatcheck-1" author="app">
            <sqlFile path="%s" relativeToChangelogFile="false"/>
          </changeSet>
        </databaseChangeLog>
        """
            .formatted(path(server)));

    for (int run = 0; run < 2; run++) {
      try (Connection connection = pool.getConnection();
          Liquibase liquibase =
              new Liquibase(
                  "changelog.xml",
                  new CompositeResourceAccessor(
                      new DirectoryResourceAccessor(migrations), new ClassLoaderResourceAccessor()),
                  DatabaseFactory.getInstance()
                      .findCorrectDatabaseImplementation(new JdbcConnection(connection)))) {
        liquibase.update(new Contexts(), new LabelExpression());
      }
    }

    assertStoreWorks(server);
  }

  private void assertStoreWorks(TestDatabase server) {
    JdbcSessionStore store =
        JdbcSessionStore.builder(pool)
            .database(server.database)
            .queryTimeout(Table.PATIENCE)
            .build();
    store.insert(session);
    assertThat(store.find(session.id())).contains(session);
    assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 1_000))
        .containsExactly(session);
    assertThat(store.deleteExpired(session.expiresAt(), 9, deleted -> {}).deleted()).isEqualTo(1);
  }

  private static String path(TestDatabase server) {
    return "schema/" + server.name().toLowerCase(Locale.ROOT) + ".sql";
  }

  private static InputStream schema(TestDatabase server) {
    return Objects.requireNonNull(
        JdbcSessionStore.class.getResourceAsStream("/" + path(server)), path(server));
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
