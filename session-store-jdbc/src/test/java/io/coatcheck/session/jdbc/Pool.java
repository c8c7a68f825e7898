package io.coatcheck.session.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.stream.Stream;

/**
 * A database and how a pool hands out its connections.
 *
 * @param isolation the name of a constant of {@code Connection}, or null for the database's default
 */
record Pool(TestDatabase server, Database database, boolean autoCommit, String isolation) {

  /** Each database, in autocommit and not, at its default isolation. */
  static Stream<Pool> each() {
    return Stream.of(TestDatabase.values())
        .flatMap(
            server ->
                Stream.of(true, false)
                    .map(autoCommit -> new Pool(server, server.database, autoCommit, null)));
  }

  /** Each of those and MySQL's own SQL, which MariaDB understands. */
  static Stream<Pool> eachAndMySql() {
    return Stream.concat(each(), Stream.of(mySql()));
  }

  /** Each database and MySQL's own SQL, in autocommit. */
  static Stream<Pool> eachDialect() {
    return eachAndMySql().filter(Pool::autoCommit);
  }

  /** H2, in autocommit. */
  static Pool h2() {
    return new Pool(TestDatabase.H2, Database.H2, true, null);
  }

  /** MySQL's own SQL, which MariaDB understands. */
  static Pool mySql() {
    return new Pool(TestDatabase.MARIADB, Database.MYSQL, true, null);
  }

  /**
   * Returns whether the database locks single rows, so that one transaction waits for a row of
   * another one. In SQLite, each writer waits for the one before.
   */
  boolean locksRows() {
    return server != TestDatabase.SQLITE;
  }

  HikariConfig config(int size) {
    HikariConfig config = server.config(autoCommit, size);
    config.setTransactionIsolation(isolation);
    return config;
  }

  HikariDataSource open(int size) {
    return new HikariDataSource(config(size));
  }

  @Override
  public String toString() {
    return database
        + (autoCommit ? ", autocommit" : ", explicit commit")
        + (isolation == null ? "" : ", " + isolation);
  }
}
