package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Locale;

/**
 * The databases that {@link JdbcSessionStore} speaks to.
 *
 * @since 0.1.0
 */
public enum Database {
  /** PostgreSQL 12 and later. */
  POSTGRESQL,
  /** MariaDB 10.6 and later, with InnoDB. */
  MARIADB,
  /** MySQL 8.0 and later, with InnoDB. */
  MYSQL,
  /** H2 2.4 and later. */
  H2;

  /**
   * Tells the database from what the driver says.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  static Database detect(Connection connection) throws SQLException {
    DatabaseMetaData metaData = connection.getMetaData();
    String product = metaData.getDatabaseProductName();
    return switch (product.toLowerCase(Locale.ROOT)) {
      case "postgresql" -> POSTGRESQL;
      case "mariadb" -> MARIADB;
      case "mysql" ->
          // MySQL's driver calls a MariaDB server by its own name.
          metaData.getDatabaseProductVersion().toLowerCase(Locale.ROOT).contains("mariadb")
              ? MARIADB
              : MYSQL;
      case "h2" -> H2;
      default ->
          throw new IllegalArgumentException(
              "dataSource must lead to PostgreSQL, MariaDB, MySQL or H2: " + product);
    };
  }

  /** Returns the path of the schema file within the jar. */
  String schemaFile() {
    return "schema/" + name().toLowerCase(Locale.ROOT) + ".sql";
  }

  Dialect dialect(TableName table) {
    return switch (this) {
      case POSTGRESQL -> new PostgreSqlDialect(table);
      case MARIADB -> new MySqlDialect(table, true);
      case MYSQL -> new MySqlDialect(table, false);
      case H2 -> new H2Dialect(table);
    };
  }
}
