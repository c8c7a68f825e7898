package io.coatcheck.session.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/**
 * What Spring's transaction-aware proxy does: within a transaction, its connection, never closed.
 */
final class ThreadBound extends DelegatingDataSource {

  private final Connection application;
  private final AtomicBoolean inTransaction;

  ThreadBound(DataSource target, Connection application, AtomicBoolean inTransaction) {
    super(target);
    this.application = application;
    this.inTransaction = inTransaction;
  }

  @Override
  public Connection getConnection() throws SQLException {
    if (!inTransaction.get()) {
      return target.getConnection();
    }
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("close")) {
                return null;
              }
              try {
                return method.invoke(application, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
