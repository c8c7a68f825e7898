package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The schema files in the jar, and running them for {@code createSchema(true)}. */
final class Schema {

  private static final String HEADER = "-- Coatcheck sessions, schema version ";

  /** What a statement creates: the word before the columns or before ON. */
  private static final Pattern MADE =
      Pattern.compile("^CREATE (?:TABLE|INDEX) IF NOT EXISTS (?:\\w+\\.)?(\\w+)");

  /** Two nodes that start at once may both find it missing, and one of them fails. */
  private static final int ATTEMPTS_TO_CREATE_CHANGES = 3;

  private Schema() {}

  /** Returns the statements of the schema file, for the given table. */
  static List<String> statements(Database database, TableName table) {
    return statements(database.schemaFile(), table.qualified(), table.unqualified());
  }

  /** Returns the statements that create the table of changes beside a table. */
  private static List<String> changes(Database database, String sessions) {
    // It has no index with a name.
    return statements(database.changesFile(), sessions, sessions);
  }

  private static List<String> statements(String file, String qualified, String unqualified) {
    String text = read(file);
    if (!text.startsWith(HEADER)) {
      throw new IllegalStateException(
          "the class path has another " + file + " before that of coatcheck-jdbc");
    }
    List<String> statements = new ArrayList<>();
    for (String statement : text.replaceAll("(?m)^--.*$", "").split(";", -1)) {
      if (!statement.isBlank()) {
        statements.add(withNames(statement.strip(), qualified, unqualified));
      }
    }
    return statements;
  }

  /** The name of an index has no schema, that of a further table has one. */
  private static String withNames(String statement, String qualified, String unqualified) {
    String named =
        statement.replaceAll(TableName.DEFAULT + "_(principal|sweep_at)\\b", unqualified + "_$1");
    return named.replaceAll(
        "\\b" + TableName.DEFAULT + "(_lock|_change)?\\b",
        Matcher.quoteReplacement(qualified) + "$1");
  }

  /**
   * Returns the statements that create missing tables and indexes.
   *
   * @param names what exists, in lower case and without its schema
   */
  static List<String> missing(List<String> schema, Set<String> names) {
    return schema.stream().filter(create -> !names.contains(made(create))).toList();
  }

  private static String made(String create) {
    Matcher name = MADE.matcher(create);
    if (!name.find()) {
      throw new IllegalStateException("neither a table nor an index is made by " + create);
    }
    return name.group(1).toLowerCase(Locale.ROOT);
  }

  private static String read(String file) {
    try (InputStream in = Schema.class.getResourceAsStream("/" + file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing in the jar of coatcheck-jdbc");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Creates the missing parts of the table of sessions, and of the table of changes.
   *
   * @param log null if changes are not recorded
   */
  static void create(Transactions transactions, Dialect dialect, @Nullable ChangeLog log) {
    create(transactions, dialect);
    if (log != null) {
      create(transactions, log);
    }
  }

  /**
   * Creates what is missing, and does not change what exists. On databases where losing the race to
   * create an object is an error, the next attempt finds it and gets further.
   */
  private static void create(Transactions transactions, Dialect dialect) {
    List<String> schema = statements(dialect.database, dialect.table);
    Setup setup = dialect.setup();
    int attempts = setup.attemptsToCreate(schema.size());
    for (int attempt = 1; ; attempt++) {
      Optional<SqlFailure> failure =
          transactions.several(
              new Operation("createSchema"),
              Scope.NONE,
              statements -> create(statements, schema, setup));
      if (failure.isEmpty()) {
        return;
      }
      if (attempt == attempts) {
        // No statement here contains a value, so the driver's message can be shown.
        throw new SessionStoreException(
            "createSchema failed: table "
                + dialect.table.qualified()
                + (failure.get().isTimeout()
                    ? " is in use by others, or too large for it: run what is missing of "
                        + dialect.database.schemaFile()
                        + " by hand"
                    : "")
                + ", "
                + SqlFailure.codes(failure.get().exception()),
            failure.get().exception());
      }
    }
  }

  /** Returns why it failed, with the driver's message; throws failures that may be temporary. */
  private static Optional<SqlFailure> create(
      Statements statements, List<String> schema, Setup setup) throws SQLException {
    try {
      SchemaCheck.checkConnection(statements.connection());
      setup.create(statements, schema);
      return Optional.empty();
    } catch (SQLException exception) {
      SqlFailure failure = setup.dialect.failure(exception);
      if (failure.costsConnection() || failure.isRolledBack()) {
        throw exception;
      }
      statements.rollBack();
      return Optional.of(failure);
    }
  }

  /**
   * Creates the table of changes if it is missing; another node may do so at the same time. It is
   * created beside the table of sessions, in whichever schema that was found: applications that
   * share the sessions may have different search paths, and must share the changes too.
   */
  private static void create(Transactions transactions, ChangeLog log) {
    Operation operation = new Operation("createSchema");
    Dialect dialect = log.dialect();
    for (int attempt = 1; !transactions.read(operation, log::isThere); attempt++) {
      try {
        transactions.several(
            operation,
            Scope.NONE,
            statements -> {
              String sessions = whereFound(statements, dialect);
              for (String sql : changes(dialect.database, sessions)) {
                statements.execute(sql);
              }
              return true;
            });
      } catch (SessionStoreException failure) {
        if (attempt == ATTEMPTS_TO_CREATE_CHANGES) {
          throw failure;
        }
      }
    }
  }

  /** Returns the name of the table of sessions, with the schema in which it is found. */
  private static String whereFound(Statements statements, Dialect dialect) throws SQLException {
    TableName table = dialect.table;
    String schema =
        table.isQualified() ? null : dialect.setup().schemaOf(statements, table.qualified());
    return schema == null ? table.qualified() : schema + "." + table.unqualified();
  }
}
