package io.coatcheck.session.jdbc;

import java.sql.SQLException;

/** What surrounds a transaction of several statements: a lock, or a setting of the connection. */
interface Scope {

  /** Nothing. */
  Scope NONE = statements -> {};

  /** Called first in the transaction; what it throws rolls back, and {@link #leave} is called. */
  void enter(Statements statements) throws SQLException;

  /**
   * Called once the transaction has ended either way. If it throws, the connection is aborted, so
   * that no pool hands it on.
   */
  default void leave(Statements statements) throws SQLException {}
}
