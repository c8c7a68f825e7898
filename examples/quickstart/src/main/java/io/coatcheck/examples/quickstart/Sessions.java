package io.coatcheck.examples.quickstart;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.WhenFull;
import io.lettuce.core.RedisURI;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;

/** The sessions, in memory or in the store that the environment names. */
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
    // A visitor may keep a note of 4 kB, so this many sessions fit into a small heap. A full store
    // evicts anonymous sessions; with the limit, no user fills it with logins.
    SessionManager sessions =
        SessionManager.builder(InMemorySessionStore.builder().maximumSessions(10_000).build())
            .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
            .listener(new AuditListener())
            .build();
    return new Sessions(sessions, "memory", () -> {});
  }

  /**
   * Opens what {@code STORE} says: {@code memory}, which is the default, a JDBC URL of H2 or
   * PostgreSQL, or the URL of a Redis or Valkey, which begins with {@code redis:}, or with {@code
   * rediss:} for TLS. {@code STORE_USER} and {@code STORE_PASSWORD} are needed if they are not in
   * the URL. With {@code COPIES=true}, the node keeps copies of the sessions of the store; then all
   * nodes on that store must.
   *
   * @throws IllegalArgumentException if it is something else; the message does not quote the URL,
   *     in which a password may be
   * @throws SessionStoreException if the store cannot be reached
   */
  static Sessions of(Map<String, String> environment) {
    String url = environment.getOrDefault("STORE", "memory");
    if (url.equals("memory")) {
      return inMemory();
    }
    String user = environment.get("STORE_USER");
    String password = environment.get("STORE_PASSWORD");
    boolean keepsCopies = keepsCopies(environment.getOrDefault("COPIES", "false"));
    if (url.startsWith("redis:") || url.startsWith("rediss:")) {
      return inRedis(url, user, password, keepsCopies);
    }
    if (!url.startsWith("jdbc:h2:") && !url.startsWith("jdbc:postgresql:")) {
      throw new IllegalArgumentException(
          "STORE must be memory, or begin with jdbc:h2:, jdbc:postgresql:, redis: or rediss:");
    }
    return inDatabase(url, user, password, keepsCopies);
  }

  private static Sessions inDatabase(
      String url, String user, String password, boolean keepsCopies) {
    String product = product(url, user, password);
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(durable(url));
    config.setUsername(user);
    config.setPassword(password);
    config.setConnectionTimeout(2_000);
    config.setValidationTimeout(1_000);
    HikariDataSource pool = new HikariDataSource(config);
    try {
      JdbcSessionStore store =
          JdbcSessionStore.builder(pool).createSchema(true).changeFeed(keepsCopies).build();
      return new Sessions(manager(store, keepsCopies), product, pool::close);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  private static Sessions inRedis(String url, String user, String password, boolean keepsCopies) {
    RedisSessionStore store = RedisSessionStore.builder(server(url, user, password)).build();
    return new Sessions(manager(store, keepsCopies), "Redis", () -> {});
  }

  private static RedisURI server(String url, String user, String password) {
    RedisURI server;
    try {
      server = RedisURI.create(url);
    } catch (IllegalArgumentException wrong) {
      // Without the cause, which quotes the URL.
      throw new IllegalArgumentException(
          "STORE must be redis://host, with a user, a password, a port and a database as needed:"
              + " redis://user:password@host:6379/0");
    }
    if (password == null) {
      return server;
    }
    RedisURI.Builder builder = RedisURI.builder(server);
    return user == null
        ? builder.withPassword(password.toCharArray()).build()
        : builder.withAuthentication(user, password.toCharArray()).build();
  }

  private static SessionManager manager(SessionStore store, boolean keepsCopies) {
    return SessionManager.builder(keepsCopies ? NearCacheSessionStore.wrap(store) : store)
        .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
        .listener(new AuditListener())
        .build();
  }

  private static boolean keepsCopies(String copies) {
    if (!copies.equals("true") && !copies.equals("false")) {
      throw new IllegalArgumentException("COPIES must be true or false: " + copies);
    }
    return copies.equals("true");
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
