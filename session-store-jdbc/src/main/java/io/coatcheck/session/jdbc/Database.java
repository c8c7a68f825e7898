package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * The databases that {@link JdbcSessionStore} supports.
 *
 * @since 0.1.0
 */
public enum Database {
  /** PostgreSQL 12 and later. */
  POSTGRESQL("PostgreSQL", PostgreSqlDialect::new),
  /** MariaDB 10.6 and later, with InnoDB. */
  MARIADB("MariaDB", MySqlDialect::mariaDb),
  /** MySQL 8.0 and later, with InnoDB. */
  MYSQL("MySQL", MySqlDialect::mySql),
  /** H2 2.4 and later. */
  H2("H2", H2Dialect::new),
  /** SQLite 3.43 and later, in a file. */
  SQLITE("SQLite", SqliteDialect::new);

  private final String product;

  @SuppressWarnings("ImmutableEnumChecker") // None of the functions above holds anything.
  private final Function<TableName, Dialect> dialects;

  /**
   * Declares a database.
   *
   * @param product what its driver calls it
   */
  Database(String product, Function<TableName, Dialect> dialects) {
    this.product = product;
    this.dialects = dialects;
  }

  /**
   * Returns the database that the driver of a connection names.
   *
   * @throws IllegalArgumentException if it is none of these
   * @throws io.coatcheck.session.store.SessionStoreException if there is no connection
   */
  static Database detect(DataSource dataSource) {
    try (Connection connection = Connections.take(dataSource)) {
      return detect(connection);
    } catch (SQLException failure) {
      SqlFailure.keepInterrupt(failure);
      throw SqlFailure.whileConnecting(new Operation("build"), failure);
    }
  }

  /**
   * Returns the database that the driver names.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  static Database detect(Connection connection) throws SQLException {
    DatabaseMetaData metaData = connection.getMetaData();
    String product = metaData.getDatabaseProductName();
    if (product.equalsIgnoreCase(MYSQL.product)
        && metaData.getDatabaseProductVersion().toLowerCase(Locale.ROOT).contains("mariadb")) {
      // MySQL's driver calls a MariaDB server by its own name.
      return MARIADB;
    }
    for (Database each : values()) {
      if (product.equalsIgnoreCase(each.product)) {
        return each;
      }
    }
    throw new IllegalArgumentException("dataSource must lead to " + oneOfAll() + ": " + product);
  }

  private static String oneOfAll() {
    int last = values().length - 1;
    return Arrays.stream(values(), 0, last)
            .map(each -> each.product)
            .collect(Collectors.joining(", "))
        + " or "
        + values()[last].product;
  }

  /** Returns the path of the schema file within the jar. */
  String schemaFile() {
    return "schema/" + name().toLowerCase(Locale.ROOT) + ".sql";
  }

  /** Returns the path of the file, within the jar, that creates the table of changes. */
  String changesFile() {
    return "schema/" + name().toLowerCase(Locale.ROOT) + "-changes.sql";
  }

  Dialect dialect(TableName table) {
    return dialects.apply(table);
  }
}
