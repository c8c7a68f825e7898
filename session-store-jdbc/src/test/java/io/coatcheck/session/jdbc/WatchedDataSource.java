package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/**
 * Counts statements by kind, knows what was opened and not closed, and compares each connection's
 * state when it is given back with what it was. It asks the server for that state, and waits for
 * the answer as long as the pool's own settings say: not for a server that hangs.
 */
final class WatchedDataSource extends DelegatingDataSource {

  /** Foreign code at the edge: called before each statement and before each commit. */
  interface Fault {
    void before(String sql) throws SQLException;
  }

  static final String COMMIT = "COMMIT";

  /** A fault of statements that begin with a text, or of each that deletes. */
  static Fault failing(String statement, Throwable failure) {
    return sql -> {
      if (sql.startsWith(statement)
          || (statement.equals("DELETE") && sql.contains("(DELETE FROM"))) {
        if (failure instanceof SQLException exception) {
          throw exception;
        }
        throw (Error) failure;
      }
    };
  }

  private final List<String> executed = Collections.synchronizedList(new ArrayList<>());
  private final List<String> faults = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger open = new AtomicInteger();
  private volatile Fault fault = sql -> {};

  WatchedDataSource(DataSource target) {
    super(target);
  }

  /** Returns the first words of the statements since the last call, without those that set up. */
  List<String> takeKinds() {
    synchronized (executed) {
      List<String> kinds = executed.stream().map(WatchedDataSource::kind).toList();
      executed.clear();
      return kinds;
    }
  }

  List<String> takeStatements() {
    synchronized (executed) {
      List<String> statements = List.copyOf(executed);
      executed.clear();
      return statements;
    }
  }

  void failWith(Fault next) {
    fault = next;
  }

  /** Fails if something was not closed, or a connection was not put back as it was. */
  void assertClean() {
    assertThat(open).as("open connections, statements and results").hasValue(0);
    assertThat(faults).isEmpty();
  }

  /** Returns the kind of a statement: its first word, or what it does to the lock of a login. */
  static String kind(String sql) {
    String text = sql.toUpperCase(Locale.ROOT);
    if (text.contains("GET_LOCK")
        || text.contains("PG_ADVISORY")
        || text.contains("_LOCK ")
        || text.endsWith("SET VERSION = VERSION WHERE 1 = 0")) {
      return "LOCK";
    }
    if (text.contains("RELEASE_LOCK")) {
      return "UNLOCK";
    }
    if (text.contains("OLD TABLE (DELETE")) {
      return "DELETE";
    }
    return text.split(" ", 2)[0];
  }

  @Override
  public Connection getConnection() throws SQLException {
    Connection connection = target.getConnection();
    State before;
    try {
      before = new State(connection);
    } catch (SQLException failure) {
      connection.close();
      throw failure;
    }
    open.incrementAndGet();
    return watch(connection, before);
  }

  /** What an operation must leave as it was. */
  private record State(
      boolean autoCommit, int isolation, boolean readOnly, int network, int query) {

    State(Connection connection) throws SQLException {
      this(
          connection.getAutoCommit(),
          connection.getTransactionIsolation(),
          connection.isReadOnly(),
          connection.getNetworkTimeout(),
          queryTimeout(connection));
    }

    private static int queryTimeout(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        return statement.getQueryTimeout();
      }
    }
  }

  private Connection watch(Connection connection, State before) {
    boolean[] closed = {false};
    return proxy(
        Connection.class,
        connection,
        (method, arguments) -> {
          switch (method) {
            case "close" -> {
              if (!closed[0]) {
                closed[0] = true;
                open.decrementAndGet();
                if (!connection.isClosed()) {
                  State after = new State(connection);
                  if (!after.equals(before)) {
                    faults.add("given back as " + after + ", was " + before);
                  }
                }
              }
            }
            case "commit" -> fault.before(COMMIT);
            default -> {}
          }
        },
        (method, arguments, result) ->
            method.startsWith("prepare") || method.equals("createStatement")
                ? watch((Statement) result, arguments == null ? "" : (String) arguments[0])
                : result);
  }

  private Statement watch(Statement statement, String sql) {
    open.incrementAndGet();
    boolean[] closed = {false};
    Class<?> type =
        statement instanceof java.sql.PreparedStatement
            ? java.sql.PreparedStatement.class
            : Statement.class;
    return (Statement)
        proxy(
            type,
            statement,
            (method, arguments) -> {
              if (method.equals("close") && !closed[0]) {
                closed[0] = true;
                open.decrementAndGet();
              } else if (method.startsWith("execute")) {
                String text = arguments == null ? sql : (String) arguments[0];
                executed.add(text);
                fault.before(text);
              }
            },
            (method, arguments, result) -> result);
  }

  private interface Before {
    void call(String method, Object[] arguments) throws SQLException;
  }

  private interface After {
    Object call(String method, Object[] arguments, Object result);
  }

  private static <T> T proxy(Class<T> type, Object target, Before before, After after) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              before.call(method.getName(), arguments);
              try {
                return after.call(method.getName(), arguments, method.invoke(target, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
