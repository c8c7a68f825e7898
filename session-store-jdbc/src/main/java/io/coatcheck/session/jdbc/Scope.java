package io.coatcheck.session.jdbc;

import java.sql.SQLException;

/** A lock, or a setting of the connection, that surrounds a transaction of several statements. */
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
