package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.SQLException;

/** A condition on rows, with the values of its parameters. */
record Condition(String sql, Binder binder) {

  /** Sets parameters from the given index, and returns the next one. */
  interface Binder {
    int bind(PreparedStatement statement, int first) throws SQLException;
  }

  /** Returns a condition with one parameter, a number. */
  static Condition of(String sql, long value) {
    return new Condition(
        sql,
        (statement, first) -> {
          statement.setLong(first, value);
          return first + 1;
        });
  }

  int bind(PreparedStatement statement, int first) throws SQLException {
    return binder.bind(statement, first);
  }

  Condition and(Condition other) {
    return new Condition(
        sql + " AND " + other.sql,
        (statement, first) -> other.bind(statement, bind(statement, first)));
  }
}
