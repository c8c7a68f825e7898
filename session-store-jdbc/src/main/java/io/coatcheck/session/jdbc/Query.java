package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.SQLException;

/** A query with the values of its parameters, the last of which limits the number of rows. */
record Query(String sql, Condition.Binder binder) {

  /** Sets the parameters. */
  void bind(PreparedStatement statement, long limit) throws SQLException {
    statement.setLong(binder.bind(statement, 1), limit);
  }
}
