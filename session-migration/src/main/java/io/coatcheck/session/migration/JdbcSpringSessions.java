package io.coatcheck.session.migration;

import io.coatcheck.session.store.SessionStoreException;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The tables of Spring Session JDBC, {@code SPRING_SESSION} and {@code SPRING_SESSION_ATTRIBUTES},
 * as its versions 3 and 4 write them. Only standard SQL is used. Each call takes one connection,
 * and leaves its settings as they are. Thread-safe.
 *
 * @since 0.1.0
 */
public final class JdbcSpringSessions extends SpringSessions {

  private static final Pattern TABLE_NAME =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_$]{0,127}(\\.[A-Za-z_][A-Za-z0-9_$]{0,127})?");

  private final DataSource dataSource;
  private final int timeoutSeconds;
  private final String table;
  private final String select;
  private final String selectNames;
  private final String selectValue;
  private final String delete;
  private final String deleteAttributes;

  private JdbcSpringSessions(Builder builder) {
    dataSource = builder.dataSource;
    timeoutSeconds = builder.timeoutSeconds;
    table = builder.tableName;
    select =
        "SELECT PRIMARY_ID, SESSION_ID, CREATION_TIME, EXPIRY_TIME, PRINCIPAL_NAME FROM "
            + table
            + " WHERE SESSION_ID = ?";
    selectNames =
        "SELECT ATTRIBUTE_NAME FROM " + table + "_ATTRIBUTES WHERE SESSION_PRIMARY_ID = ?";
    selectValue =
        "SELECT ATTRIBUTE_BYTES FROM "
            + table
            + "_ATTRIBUTES WHERE SESSION_PRIMARY_ID = ? AND ATTRIBUTE_NAME = ?";
    deleteAttributes = "DELETE FROM " + table + "_ATTRIBUTES WHERE SESSION_PRIMARY_ID = ?";
    delete = "DELETE FROM " + table + " WHERE PRIMARY_ID = ?";
  }

  /** Begins to describe the tables in a database. */
  public static Builder builder(DataSource dataSource) {
    return new Builder(dataSource);
  }

  /**
   * Checks that both tables can be read, with the columns that an import reads. For the start of an
   * application: otherwise each request with an old cookie fails. Reads no session.
   *
   * @throws SessionStoreException if they cannot be read, or the database cannot be reached
   */
  public void checkTables() {
    String none = "none";
    call(
        connection -> {
          try {
            row(connection, none);
            names(connection, none);
            value(connection, none, none);
            return none;
          } catch (SQLException e) {
            throw new SessionStoreException(
                "the tables "
                    + table
                    + " and "
                    + table
                    + "_ATTRIBUTES of Spring Session cannot be read: they have another name, or are"
                    + " in another database, or the database user needs SELECT on them",
                e);
          }
        });
  }

  @Override
  Optional<SpringSession> find(String id) {
    return call(
        connection -> {
          Optional<Row> row = row(connection, id);
          return row.isEmpty() ? Optional.empty() : Optional.of(complete(connection, row.get()));
        });
  }

  @Override
  boolean isLive(String id, Instant now) {
    return call(connection -> row(connection, id))
        .filter(row -> row.expiresAt.isAfter(now))
        .isPresent();
  }

  @Override
  void delete(String id) {
    call(
        connection -> {
          Optional<Row> row = row(connection, id);
          if (row.isPresent()) {
            delete(connection, deleteAttributes, row.get().primaryId);
            delete(connection, delete, row.get().primaryId);
          }
          return row;
        });
  }

  /** A row without its attributes. */
  private record Row(
      String primaryId, Instant createdAt, Instant expiresAt, Optional<String> principal) {}

  /** A database may compare without regard to case or trailing spaces; the id must be exact. */
  private Optional<Row> row(Connection connection, String id) throws SQLException {
    try (PreparedStatement statement = prepare(connection, select, id);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        if (rows.getString(2).trim().equals(id)) {
          return Optional.of(
              new Row(
                  rows.getString(1),
                  Instant.ofEpochMilli(rows.getLong(3)),
                  Instant.ofEpochMilli(rows.getLong(4)),
                  Optional.ofNullable(rows.getString(5))));
        }
      }
      return Optional.empty();
    }
  }

  /** Reads the values one after the other: a driver may keep a whole result in memory. */
  private SpringSession complete(Connection connection, Row row) throws SQLException {
    Map<String, byte[]> attributes = new HashMap<>();
    Set<String> tooLarge = new HashSet<>();
    int room = MAX_SESSION_BYTES;
    for (String name : names(connection, row.primaryId)) {
      if (room <= 0) {
        tooLarge.add(name);
        continue;
      }
      byte[] value = value(connection, row.primaryId, name);
      if (value == null) {
        continue; // It has been removed since.
      }
      room -= value.length;
      if (value.length > MAX_ATTRIBUTE_BYTES || room < 0) {
        tooLarge.add(name);
      } else {
        attributes.put(name, value);
      }
    }
    return new SpringSession(row.createdAt, row.expiresAt, row.principal, attributes, tooLarge);
  }

  private List<String> names(Connection connection, String primaryId) throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedStatement statement = prepare(connection, selectNames, primaryId)) {
      statement.setMaxRows(MAX_ATTRIBUTES);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          names.add(rows.getString(1));
        }
      }
    }
    return names;
  }

  /** Returns a value, or the beginning of one that is too large; null if it is gone. */
  private byte @Nullable [] value(Connection connection, String primaryId, String name)
      throws SQLException {
    try (PreparedStatement statement = prepare(connection, selectValue, primaryId)) {
      statement.setString(2, name);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? bytes(rows) : null;
      }
    }
  }

  private static byte[] bytes(ResultSet rows) throws SQLException {
    try (InputStream stream = rows.getBinaryStream(1)) {
      return stream == null ? new byte[0] : stream.readNBytes(MAX_ATTRIBUTE_BYTES + 1);
    } catch (IOException e) {
      throw new SQLException("an attribute could not be read", e);
    }
  }

  private void delete(Connection connection, String sql, String primaryId) throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, primaryId)) {
      statement.executeUpdate();
    }
  }

  private PreparedStatement prepare(Connection connection, String sql, String parameter)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      statement.setQueryTimeout(timeoutSeconds);
      statement.setString(1, parameter);
      return statement;
    } catch (Throwable failure) {
      try {
        statement.close();
      } catch (SQLException e) {
        failure.addSuppressed(e);
      }
      throw failure;
    }
  }

  /** Work on a connection. */
  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> T call(Work<T> work) {
    try (Connection connection = dataSource.getConnection()) {
      T result;
      try {
        result = work.on(connection);
      } catch (Throwable failure) {
        rollBack(connection, failure);
        throw failure;
      }
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
      return result;
    } catch (SQLException e) {
      throw new SessionStoreException("the database failed for the tables of Spring Session", e);
    }
  }

  private static void rollBack(Connection connection, Throwable failure) {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
      }
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  /** Builds a {@link JdbcSpringSessions}. Not thread-safe. */
  public static final class Builder {

    private final DataSource dataSource;
    private String tableName = "SPRING_SESSION";
    private int timeoutSeconds = 5;

    private Builder(DataSource dataSource) {
      this.dataSource = Objects.requireNonNull(dataSource, "dataSource must not be null");
    }

    /**
     * Sets the name of the table, as {@code spring.session.jdbc.table-name} has it, with its schema
     * before a dot if needed. That of the attributes follows from it: {@code _ATTRIBUTES} is
     * appended. Default: {@code SPRING_SESSION}.
     *
     * @throws IllegalArgumentException if it is not made of letters, digits, {@code _} and {@code
     *     $}
     */
    public Builder tableName(String name) {
      if (!TABLE_NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "tableName must be a name of letters, digits, _ and $, with at most one schema before"
                + " it: "
                + name);
      }
      tableName = name;
      return this;
    }

    /**
     * Bounds each statement, from 1 second to 1 minute; drivers count whole seconds, so a fraction
     * is rounded up. Default: 5 seconds.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder queryTimeout(Duration timeout) {
      if (timeout.compareTo(Duration.ofSeconds(1)) < 0
          || timeout.compareTo(Duration.ofMinutes(1)) > 0) {
        throw new IllegalArgumentException(
            "queryTimeout must be from 1 second to 1 minute: " + timeout);
      }
      timeoutSeconds = (int) timeout.plusNanos(999_999_999).toSeconds();
      return this;
    }

    /** Builds the description; does not use the database. */
    public JdbcSpringSessions build() {
      return new JdbcSpringSessions(this);
    }
  }
}
