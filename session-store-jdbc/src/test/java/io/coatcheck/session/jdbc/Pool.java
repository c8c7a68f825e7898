package io.coatcheck.session.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.EnumSet;
import java.util.stream.Stream;

/**
 * A database and how a pool hands out its connections.
 *
 * @param isolation the name of a constant of {@code Connection}, or null for the database's default
 */
record Pool(TestDatabase server, Database database, boolean autoCommit, String isolation) {

  /** Each database that locks rows, in autocommit and not, at its default isolation. */
  static Stream<Pool> each() {
    return EnumSet.complementOf(EnumSet.of(TestDatabase.SQLITE)).stream()
        .flatMap(
            server ->
                Stream.of(true, false)
                    .map(autoCommit -> new Pool(server, server.database, autoCommit, null)));
  }

  /** Each of those and MySQL's own SQL, which MariaDB understands, in autocommit. */
  static Stream<Pool> eachDialect() {
    return Stream.concat(
        each().filter(Pool::autoCommit),
        Stream.of(new Pool(TestDatabase.MARIADB, Database.MYSQL, true, null)));
  }

  HikariDataSource open(int size) {
    HikariConfig config = server.config(autoCommit, size);
    config.setTransactionIsolation(isolation);
    return new HikariDataSource(config);
  }

  @Override
  public String toString() {
    return database
        + (autoCommit ? ", autocommit" : ", explicit commit")
        + (isolation == null ? "" : ", " + isolation);
  }
}
