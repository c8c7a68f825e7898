package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long the database may take. The query timeout handles a slow database: it cancels the
 * statement and keeps the connection. The network timeout handles a database or network that is
 * down, and costs the connection. So does the {@link Watchdog}, which handles a database that keeps
 * sending data without finishing.
 *
 * <p>The query timeout expires a second before the network timeout. Where {@link
 * Dialect#abortsBeforeCancelling} says so, there is only the network timeout, unless the driver has
 * none.
 */
final class Timeouts {

  static final Duration BETWEEN = Duration.ofSeconds(1);

  private static final Duration MIN_QUERY = Duration.ofSeconds(1);
  private static final Duration MAX_QUERY = Duration.ofHours(1);

  private final Duration query;
  private final Duration network;
  private final boolean networkFirst;
  private final boolean queryOutlivesStatement;
  private final @Nullable Watchdog watchdog;
  private volatile boolean networkSupported = true;

  /**
   * Creates the timeouts of a store.
   *
   * @param first of the query and the network timeout, the one that expires first
   */
  Timeouts(Duration first, Dialect dialect) {
    networkFirst = dialect.abortsBeforeCancelling();
    query = networkFirst ? first.plus(BETWEEN) : first;
    network = networkFirst ? first : first.plus(BETWEEN);
    queryOutlivesStatement = dialect.keepsQueryTimeout();
    watchdog = dialect.abortsConnections() ? new Watchdog(network.plus(BETWEEN)) : null;
  }

  /**
   * Returns the timeout that was given as {@code queryTimeout}.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  static Duration checkedQuery(Duration timeout) {
    if (timeout.compareTo(MIN_QUERY) < 0 || timeout.compareTo(MAX_QUERY) > 0) {
      throw new IllegalArgumentException(
          "queryTimeout must be from 1 second to 1 hour: " + timeout);
    }
    return timeout;
  }

  /** Returns the query timeout in whole seconds, rounded up, as JDBC counts them. */
  int querySeconds() {
    return Math.toIntExact(query.plus(Duration.ofNanos(999_999_999)).toSeconds());
  }

  int networkMillis() {
    return Math.toIntExact(network.toMillis());
  }

  /**
   * Returns whether statements have a query timeout. PostgreSQL's driver wakes a timer for each,
   * which takes a fifth of the time of a read.
   */
  boolean boundsStatements() {
    return !networkFirst || !networkSupported;
  }

  /** Returns how long a call of the driver takes at most, with what the watchdog leaves it. */
  Duration longestCall() {
    return network.plus(BETWEEN.multipliedBy(2));
  }

  /** Returns whether a query timeout stays with the connection, and has to be restored. */
  boolean isQueryTimeoutToBeRestored() {
    return queryOutlivesStatement;
  }

  boolean isNetworkTimeoutSupported() {
    return networkSupported;
  }

  void networkTimeoutIsUnsupported() {
    networkSupported = false;
  }

  /** Begins to bound the calls of an operation; the caller ends it. */
  Guard guard(Connection connection) {
    return new Guard(this, connection, watchdog == null ? null : watchdog.watch(connection));
  }

  /** Ends the thread that watches. */
  void close() {
    if (watchdog != null) {
      watchdog.close();
    }
  }
}
