package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** A transaction that sees what others have committed since it began. Used once. */
class ReadCommitted implements Scope {

  private int before = Connection.TRANSACTION_READ_COMMITTED;

  @Override
  public void enter(Statements statements) throws SQLException {
    int isolation = statements.connection().getTransactionIsolation();
    if (isolation != Connection.TRANSACTION_READ_COMMITTED) {
      statements.connection().setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      before = isolation;
    }
  }

  @Override
  public void leave(Statements statements) throws SQLException {
    if (before != Connection.TRANSACTION_READ_COMMITTED) {
      statements.connection().setTransactionIsolation(before);
      before = Connection.TRANSACTION_READ_COMMITTED;
    }
  }
}
