package io.coatcheck.examples.quickstart;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.WhenFull;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;

/** The sessions, in memory or in the database that the environment names. */
final class Sessions implements AutoCloseable {

  private final SessionManager manager;
  private final String storeName;
  private final Runnable closeConnections;

  private Sessions(SessionManager manager, String storeName, Runnable closeConnections) {
    this.manager = manager;
    this.storeName = storeName;
    this.closeConnections = closeConnections;
  }

  private static Sessions inMemory() {
    // A visitor may keep a note of 4 kB. So many fit into a small heap; anonymous ones give way,
    // and
    // with the limit no user fills it with logins.
    SessionManager sessions =
        SessionManager.builder(InMemorySessionStore.builder().maximumSessions(10_000).build())
            .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
            .listener(new AuditListener())
            .build();
    return new Sessions(sessions, "memory", () -> {});
  }

  /**
   * Opens what {@code STORE} says: {@code memory}, which is the default, or a JDBC URL of H2 or
   * PostgreSQL. {@code STORE_USER} and {@code STORE_PASSWORD} are needed if they are not in the
   * URL. With {@code COPIES=true}, the node keeps copies of the sessions of a database; then all
   * nodes on that database must.
   *
   * @throws IllegalArgumentException if it is neither; the message does not quote the URL, in which
   *     a password may be
   * @throws SessionStoreException if the database cannot be reached
   */
  static Sessions of(Map<String, String> environment) {
    String url = environment.getOrDefault("STORE", "memory");
    if (url.equals("memory")) {
      return inMemory();
    }
    if (!url.startsWith("jdbc:h2:") && !url.startsWith("jdbc:postgresql:")) {
      throw new IllegalArgumentException(
          "STORE must be memory, or begin with jdbc:h2: or jdbc:postgresql:");
    }
    String user = environment.get("STORE_USER");
    String password = environment.get("STORE_PASSWORD");
    String product = product(url, user, password);
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(durable(url));
    config.setUsername(user);
    config.setPassword(password);
    config.setConnectionTimeout(2_000);
    HikariDataSource pool = new HikariDataSource(config);
    try {
      SessionManager sessions =
          SessionManager.builder(store(pool, environment.getOrDefault("COPIES", "false")))
              .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
              .listener(new AuditListener())
              .build();
      return new Sessions(sessions, product, pool::close);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  private static SessionStore store(DataSource pool, String copies) {
    if (!copies.equals("true") && !copies.equals("false")) {
      throw new IllegalArgumentException("COPIES must be true or false: " + copies);
    }
    boolean keepsCopies = copies.equals("true");
    JdbcSessionStore store =
        JdbcSessionStore.builder(pool).createSchema(true).changeFeed(keepsCopies).build();
    return keepsCopies ? NearCacheSessionStore.wrap(store) : store;
  }

  /** Has H2 write a commit to its file before it answers, and not half a second later. */
  private static String durable(String url) {
    return url.startsWith("jdbc:h2:") && !url.toUpperCase(Locale.ROOT).contains(";WRITE_DELAY=")
        ? url + ";WRITE_DELAY=0"
        : url;
  }

  /** Tries a connection first: the pool would try a wrong password again and again. */
  private static String product(String url, String user, String password) {
    try (Connection connection =
        user == null
            ? DriverManager.getConnection(url)
            : DriverManager.getConnection(url, user, password)) {
      DatabaseMetaData database = connection.getMetaData();
      return database.getDatabaseProductName() + " " + database.getDatabaseProductVersion();
    } catch (SQLException e) {
      // Without the cause: drivers quote the URL, and a password may be in it.
      throw new SessionStoreException("STORE cannot be opened, SQLState " + e.getSQLState());
    }
  }

  SessionManager manager() {
    return manager;
  }

  /** Returns what may be shown to everybody: the product, never its address. */
  String storeName() {
    return storeName;
  }

  @Override
  public void close() {
    manager.close();
    closeConnections.run();
  }
}
