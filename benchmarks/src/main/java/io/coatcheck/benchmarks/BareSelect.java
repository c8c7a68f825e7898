package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The least cost of any session in a database: a connection from the pool, the same bound for the
 * wait as the store sets, one row by primary key, three of its columns. Nothing is hashed or
 * decoded.
 */
final class BareSelect implements Contestant {

  private static final int TIMEOUT_MILLIS = 5_000;

  private final Population population;
  private final HikariDataSource pool;

  BareSelect(Postgres postgres, int sessions) {
    population = postgres.fillCoatcheck(sessions);
    pool = postgres.pool(4);
  }

  @Override
  public @Nullable Object read(int session) {
    try (Connection connection = pool.getConnection()) {
      // The pool puts it back.
      connection.setNetworkTimeout(Runnable::run, TIMEOUT_MILLIS);
      return read(connection, session);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private @Nullable Object read(Connection connection, int session) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT principal, secret_hash, attributes FROM http_session WHERE id = ?")) {
      statement.setObject(1, population.token(session).id().toUuid());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next() || row.getBytes(2).length == 0 || row.getBytes(3).length == 0) {
          return null;
        }
        return row.getString(1);
      }
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
