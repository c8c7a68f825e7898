package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("the schema and every statement work in each sql_mode of MariaDB, or build refuses")
@Tag("wide")
class MariaDbModesTest {

  private static final List<String> MODES =
      List.of(
          "",
          "ANSI",
          "DB2",
          "MAXDB",
          "MSSQL",
          "MYSQL323",
          "ORACLE",
          "POSTGRESQL",
          "TRADITIONAL",
          "ANSI_QUOTES",
          "NO_BACKSLASH_ESCAPES",
          "PAD_CHAR_TO_FULL_LENGTH",
          "SIMULTANEOUS_ASSIGNMENT",
          "HIGH_NOT_PRECEDENCE,NO_AUTO_VALUE_ON_ZERO,NO_UNSIGNED_SUBTRACTION",
          "ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,TIME_ROUND_FRACTIONAL");

  /** How the driver sends values: quoted in the statement, or apart from it. */
  private static final List<String> PROTOCOLS = List.of("", "&useServerPrepStmts=true");

  static Stream<Arguments> modes() {
    return MODES.stream()
        .flatMap(
            mode ->
                Stream.of(Database.MARIADB, Database.MYSQL)
                    .flatMap(
                        database ->
                            PROTOCOLS.stream()
                                .map(protocol -> Arguments.of(mode, database, protocol))));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void everyStatement(String mode, Database database, String protocol) throws SQLException {
    try (HikariDataSource pool = pool(mode, protocol)) {
      JdbcSessionStore.Builder builder =
          JdbcSessionStore.builder(pool)
              .database(database)
              .tableName("modes")
              .createSchema(true)
              .queryTimeout(Table.PATIENCE);
      try {
        for (boolean changes : new boolean[] {false, true}) {
          try (JdbcSessionStore store = builder.changeFeed(changes).build()) {
            H2ModesTest.life(store, "O'Re\\illy \"ä\" %_", everyByte());
          }
        }
      } finally {
        execute(pool, "DROP TABLE modes");
        execute(pool, "DROP TABLE IF EXISTS modes_change");
      }
    }
  }

  private static AttributeValue everyByte() {
    byte[] bytes = new byte[512];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i / 2);
    }
    return AttributeValue.encoded(bytes);
  }

  @DisplayName("With EMPTY_STRING_IS_NULL, an empty user agent would be stored as null")
  @ParameterizedTest
  @CsvSource({
    "EMPTY_STRING_IS_NULL, ''",
    "EMPTY_STRING_IS_NULL, &useServerPrepStmts=true",
    "'ORACLE,EMPTY_STRING_IS_NULL', ''"
  })
  void emptyStringIsNull_isRefused(String mode, String protocol) throws SQLException {
    try (HikariDataSource pool = pool("", "");
        HikariDataSource odd = pool(mode, protocol)) {
      JdbcSessionStore.Builder builder =
          JdbcSessionStore.builder(odd).tableName("modes").queryTimeout(Table.PATIENCE);
      try {
        JdbcSessionStore.builder(pool).tableName("modes").createSchema(true).build().close();

        assertThatIllegalArgumentException()
            .isThrownBy(
                () -> {
                  // What goes wrong otherwise.
                  try (JdbcSessionStore store = builder.build()) {
                    StoredSession session = Sessions.of("alice").userAgent("").build();
                    store.insert(session);
                    assertThat(store.find(session.id())).contains(session);
                  }
                })
            .withMessageStartingWith("dataSource must give connections whose sql_mode is without")
            .withMessageContaining("EMPTY_STRING_IS_NULL, which stores an empty string as null");
      } finally {
        execute(pool, "DROP TABLE modes");
      }
    }
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static HikariDataSource pool(String mode, String protocol) {
    HikariConfig config = TestDatabase.MARIADB.config(true, 2);
    config.setJdbcUrl(config.getJdbcUrl() + protocol);
    config.setConnectionInitSql("SET SESSION sql_mode = '" + mode + "'");
    return new HikariDataSource(config);
  }
}
