package io.coatcheck.session.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.history.HistoryNode;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Nodes of this process on one table, with copies that the change feed keeps. Each has a pool of
 * its own, with {@link DelayedCommits}.
 */
final class CopiesNodes implements AutoCloseable {

  static final Duration BOUND = Duration.ofMillis(600);
  static final Duration POLL = Duration.ofMillis(50);

  /** A query timeout for a database that is made to fail. */
  static final Duration IMPATIENT = Duration.ofSeconds(1);

  /** A query timeout for a database that may not fail, on a busy machine. */
  static final Duration PATIENT = Duration.ofSeconds(30);

  private final List<HikariDataSource> pools = new ArrayList<>();
  private final List<JdbcSessionStore> stores = new ArrayList<>();
  private final List<NearCacheSessionStore> copies = new ArrayList<>();
  private final List<SessionManager> managers = new ArrayList<>();

  /**
   * Starts a node with each of some pools.
   *
   * @param table is created if it is missing
   * @param queryTimeout short only where the database is made to fail
   * @param feed returns the store that reports changes: the given one, or one with a wrong feed
   */
  CopiesNodes(
      List<HikariConfig> configs,
      Database database,
      String table,
      Duration queryTimeout,
      UnaryOperator<SessionStore> feed) {
    this(configs, database, table, queryTimeout, feed, false);
  }

  /**
   * Does the same.
   *
   * @param notifies whether ends are notified too, which takes PostgreSQL
   */
  CopiesNodes(
      List<HikariConfig> configs,
      Database database,
      String table,
      Duration queryTimeout,
      UnaryOperator<SessionStore> feed,
      boolean notifies) {
    for (HikariConfig config : configs) {
      HikariDataSource pool = new HikariDataSource(config);
      pools.add(pool);
      Table.create(
          JdbcSessionStore.builder(pool).database(database).tableName(table).changeFeed(true));
      JdbcSessionStore store =
          JdbcSessionStore.builder(new DelayedCommits(pool))
              .database(database)
              .tableName(table)
              .changeFeed(true)
              .changeFeedInterval(POLL)
              .changeFeedNotifications(notifies)
              .queryTimeout(queryTimeout)
              .build();
      stores.add(store);
      NearCacheSessionStore near =
          NearCacheSessionStore.builder(feed.apply(store)).maxStaleness(BOUND).build();
      copies.add(near);
      managers.add(SessionManager.builder(near).cleanUpInterval(Duration.ZERO).build());
    }
  }

  /** Returns the settings of a pool whose every wait is bounded, as docs/JDBC.md demands. */
  static HikariConfig bounded(String postgreSqlUrl) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(postgreSqlUrl + "&connectTimeout=2&loginTimeout=2&socketTimeout=5");
    config.setAutoCommit(false);
    config.setMaximumPoolSize(6);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(2_000);
    config.setValidationTimeout(1_000);
    // The first connection may take longer on a busy machine.
    config.setInitializationFailTimeout(60_000);
    return config;
  }

  List<SessionManager> managers() {
    return managers;
  }

  List<JdbcSessionStore> stores() {
    return stores;
  }

  List<HistoryNode> nodes() {
    return managers.stream().map(HistoryNode::of).toList();
  }

  /** Returns how long ago the moment is up to which the feed of a node was complete. */
  Duration lag(int node) {
    return copies.get(node).lag().orElseThrow();
  }

  /** Returns how many requests copies have admitted. */
  long hits() {
    return copies.stream().mapToLong(NearCacheSessionStore::hits).sum();
  }

  @Override
  public void close() {
    managers.forEach(SessionManager::close);
    pools.forEach(HikariDataSource::close);
  }
}
