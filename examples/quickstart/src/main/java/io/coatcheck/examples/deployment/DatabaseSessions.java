package io.coatcheck.examples.deployment;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import java.time.Duration;

/** Sessions in PostgreSQL, by a pool whose every wait is bounded. */
public final class DatabaseSessions implements AutoCloseable {

  private final HikariDataSource pool;
  private final SessionManager sessions;

  /**
   * Opens the pool, creates the table where it is missing, and starts the manager.
   *
   * @param host of the database, with its port if that is not 5432
   */
  public DatabaseSessions(String host, String database, String user, String password) {
    pool = new HikariDataSource(config(host, database, user, password));
    try {
      JdbcSessionStore store =
          JdbcSessionStore.builder(pool)
              .createSchema(true)
              .queryTimeout(Duration.ofSeconds(5))
              .build();
      sessions = SessionManager.builder(store).listener(new AuditListener()).build();
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  static HikariConfig config(String host, String database, String user, String password) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(
        "jdbc:postgresql://"
            + host
            + "/"
            + database
            + "?targetServerType=primary"
            + "&connectTimeout=2&loginTimeout=2&socketTimeout=10"
            + "&options=-c%20client_connection_check_interval=1s");
    config.setUsername(user);
    config.setPassword(password);
    config.setConnectionTimeout(2_000);
    config.setValidationTimeout(1_000);
    config.setMaximumPoolSize(10);
    return config;
  }

  /** Returns the manager, for {@code SessionFilter.builder}. */
  public SessionManager manager() {
    return sessions;
  }

  /** Ends the manager first, which may still ask the database, and then the pool. */
  @Override
  public void close() {
    sessions.close();
    pool.close();
  }
}
