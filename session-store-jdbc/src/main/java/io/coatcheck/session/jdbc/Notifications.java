package io.coatcheck.session.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The notifications that PostgreSQL's driver receives on a connection, which JDBC has no method
 * for.
 *
 * <p>The driver is called by reflection: a store on another database has none, and compiling
 * against it would need the classes of its annotations.
 */
final class Notifications {

  private final Object connection;
  private final Method getNotifications;

  private Notifications(Object connection, Method getNotifications) {
    this.connection = connection;
    this.getNotifications = getNotifications;
  }

  /**
   * Returns those of a connection.
   *
   * @throws IllegalArgumentException if it is not one of PostgreSQL's driver, or the pool does not
   *     unwrap it
   */
  static Notifications of(Connection connection) throws SQLException {
    Class<?> type = driver();
    if (type == null || !connection.isWrapperFor(type)) {
      throw new IllegalArgumentException(
          "changeFeedNotifications(true) needs a dataSource whose connections unwrap to"
              + " org.postgresql.PGConnection, of the driver that the store finds by its class"
              + " loader: "
              + connection.getClass().getName());
    }
    try {
      return new Notifications(
          connection.unwrap(type), type.getMethod("getNotifications", int.class));
    } catch (NoSuchMethodException unknownDriver) {
      throw new IllegalArgumentException(
          "changeFeedNotifications(true) needs version 42.2 or later of PostgreSQL's driver",
          unknownDriver);
    }
  }

  private static @Nullable Class<?> driver() {
    try {
      return Class.forName("org.postgresql.PGConnection");
    } catch (ClassNotFoundException noSuchDriver) {
      return null;
    }
  }

  /**
   * Waits for notifications, and takes those that have arrived. Asks the server nothing. Returns at
   * once within a transaction.
   *
   * @return whether there were any within that time
   */
  boolean arriveWithin(int millis) throws SQLException {
    try {
      return getNotifications.invoke(connection, millis) instanceof Object[] arrived
          && arrived.length > 0;
    } catch (InvocationTargetException failure) {
      if (failure.getCause() instanceof SQLException exception) {
        throw exception;
      }
      if (failure.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException("getNotifications failed", failure.getCause());
    } catch (IllegalAccessException failure) {
      throw new IllegalStateException("getNotifications is not public", failure);
    }
  }
}
