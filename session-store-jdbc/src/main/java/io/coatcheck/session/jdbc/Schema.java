package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** The schema files in the jar, and running them for {@code createSchema(true)}. */
final class Schema {

  private static final String HEADER = "-- Coatcheck sessions, schema version ";

  private Schema() {}

  /** Returns the statements of the schema file, for the given table. */
  static List<String> statements(Database database, TableName table) {
    String file = database.schemaFile();
    String text = read(file);
    if (!text.startsWith(HEADER)) {
      throw new IllegalStateException(
          "the class path has another " + file + " before that of session-store-jdbc");
    }
    List<String> statements = new ArrayList<>();
    for (String statement : text.replaceAll("(?m)^--.*$", "").split(";", -1)) {
      if (!statement.isBlank()) {
        statements.add(withNames(statement.strip(), database, table));
      }
    }
    return statements;
  }

  /** Indexes have no schema of their own in their name, the lock table of H2 has. */
  private static String withNames(String statement, Database database, TableName table) {
    String named =
        statement.replaceAll(
            TableName.DEFAULT + "_(principal|sweep_at)\\b", table.unqualified() + "_$1");
    String lock = database == Database.H2 ? "(_lock)?" : "()";
    return named.replaceAll("\\b" + TableName.DEFAULT + lock + "\\b", table.qualified() + "$1");
  }

  private static String read(String file) {
    try (InputStream in = Schema.class.getResourceAsStream("/" + file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing in the jar of session-store-jdbc");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Creates what is missing; what exists is left alone. Who is beaten to an object fails on H2, but
   * finds it made the next time, and so gets at least one statement further with each attempt.
   */
  static void create(DataSource dataSource, Database database, TableName table) {
    List<String> statements = inTurns(statements(database, table), database, table);
    for (int attempt = 1; ; attempt++) {
      try (Connection connection = dataSource.getConnection()) {
        execute(connection, statements);
        return;
      } catch (SQLException failure) {
        if (attempt > statements.size()) {
          // No statement here has a value in it, so the driver may speak for itself.
          throw new SessionStoreException(
              "createSchema failed: table "
                  + table.qualified()
                  + ", SQLState "
                  + failure.getSQLState(),
              failure);
        }
      }
    }
  }

  /**
   * Has nodes that start at once take turns. MariaDB sees to that itself; in PostgreSQL, two that
   * find a table missing both make it, and the later one fails. Sent together, statements are one
   * transaction there, with autocommit too, and the lock is free when it ends.
   */
  private static List<String> inTurns(List<String> statements, Database database, TableName table) {
    if (database != Database.POSTGRESQL) {
      return statements;
    }
    long key = ByteBuffer.wrap(LockNames.digest(table, "\0schema")).getLong();
    return List.of("SELECT pg_advisory_xact_lock(" + key + "); " + String.join("; ", statements));
  }

  private static void execute(Connection connection, List<String> statements) throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
      if (!autoCommit) {
        connection.commit();
      }
    } catch (Throwable failure) {
      if (!autoCommit) {
        try {
          connection.rollback();
        } catch (Throwable second) {
          if (second != failure) {
            failure.addSuppressed(second);
          }
        }
      }
      throw failure;
    }
  }
}
