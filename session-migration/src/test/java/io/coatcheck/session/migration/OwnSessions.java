package io.coatcheck.session.migration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import javax.sql.DataSource;

/** The table in which an application has kept the sessions that it made itself. */
final class OwnSessions {

  private final DataSource dataSource;

  OwnSessions(DataSource dataSource) {
    this.dataSource = dataSource;
    update("CREATE TABLE own_session (id VARCHAR(64) PRIMARY KEY, name VARCHAR(64), at BIGINT)");
  }

  /** A row of it. */
  record Row(String user, Instant createdAt) {}

  Optional<Row> find(String id) {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement select =
            connection.prepareStatement("SELECT name, at FROM own_session WHERE id = ?")) {
      select.setString(1, id);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next()
            ? Optional.of(new Row(rows.getString(1), Instant.ofEpochMilli(rows.getLong(2))))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  void insert(String id, String user, Instant at) {
    update(
        "INSERT INTO own_session VALUES ('" + id + "', '" + user + "', " + at.toEpochMilli() + ")");
  }

  void delete(String id) {
    update("DELETE FROM own_session WHERE id = '" + id + "'");
  }

  private void update(String sql) {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.executeUpdate();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
