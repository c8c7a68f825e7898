package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL of its own, with the durability that a site would have. The process that runs the
 * measurements starts it; those that it forks get the address in the system property {@value
 * #PROPERTY}.
 */
final class Postgres implements AutoCloseable {

  static final String PROPERTY = "benchmarks.postgres";

  private final @Nullable EmbeddedPostgres server;
  private final String url;

  private Postgres(@Nullable EmbeddedPostgres server, String url) {
    this.server = server;
    this.url = url;
  }

  /** Connects to the one that is running, or starts one. */
  static Postgres get() {
    String running = System.getProperty(PROPERTY);
    return running == null ? start() : new Postgres(null, running);
  }

  static Postgres start() {
    try {
      EmbeddedPostgres server =
          EmbeddedPostgres.builder()
              .setServerConfig("fsync", "on")
              .setServerConfig("synchronous_commit", "on")
              .setServerConfig("full_page_writes", "on")
              .setServerConfig("shared_buffers", "512MB")
              .setServerConfig("max_wal_size", "4GB")
              .setServerConfig("checkpoint_timeout", "30min")
              .setServerConfig("max_connections", "100")
              .setServerConfig("random_page_cost", "1.1")
              .setPGStartupWait(Duration.ofMinutes(1))
              .start();
      return new Postgres(server, server.getJdbcUrl("postgres", "postgres"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return url;
  }

  HikariDataSource pool(int connections) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(connections);
    config.setConnectionTimeout(10_000);
    return new HikariDataSource(config);
  }

  /** Returns connections whose commits are not waited for, to fill tables. */
  private HikariDataSource fillingPool() {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(3);
    config.setConnectionInitSql("SET synchronous_commit = off");
    return new HikariDataSource(config);
  }

  /**
   * Makes sure that the table has exactly these sessions, untouched by what was measured before.
   */
  Population fillCoatcheck(int sessions) {
    Population population = new Population(sessions);
    try (HikariDataSource pool = fillingPool();
        JdbcSessionStore store = Coatchecks.store(pool)) {
      String known = "SELECT count(*) FROM http_session WHERE version = 0 AND generation = 0";
      String all = "SELECT count(*) FROM http_session";
      if (number(pool, known) != sessions || number(pool, all) != sessions) {
        execute(pool, "TRUNCATE http_session");
        Instant now = Instant.now();
        IntStream.range(0, sessions)
            .parallel()
            .forEach(i -> store.insert(population.encoded(i, true, Coatchecks.CODEC, now)));
        execute(pool, "VACUUM ANALYZE http_session");
        execute(pool, "CHECKPOINT");
      }
    }
    return population;
  }

  /** Does the same for Spring's tables, and returns the ids of the sessions. */
  String[] fillSpring(int sessions) {
    String[] ids = Springs.ids(sessions);
    try (HikariDataSource pool = fillingPool()) {
      createSpringSchema(pool);
      boolean isFilled =
          number(pool, "SELECT count(*) FROM spring_session") == sessions
              && number(pool, "SELECT count(*) FROM spring_session WHERE session_id = primary_id")
                  == sessions;
      if (!isFilled) {
        execute(pool, "TRUNCATE spring_session, spring_session_attributes");
        insertSpring(pool, ids);
        execute(pool, "VACUUM ANALYZE spring_session");
        execute(pool, "VACUUM ANALYZE spring_session_attributes");
        execute(pool, "CHECKPOINT");
      }
    }
    return ids;
  }

  static void createSpringSchema(DataSource pool) {
    if (number(pool, "SELECT count(*) FROM pg_tables WHERE tablename = 'spring_session'") == 0) {
      execute(pool, resource("/org/springframework/session/jdbc/schema-postgresql.sql"));
    }
  }

  private static void insertSpring(DataSource pool, String[] ids) {
    long now = System.currentTimeMillis();
    long idle = Population.IDLE_TIMEOUT.toSeconds();
    try (Connection connection = pool.getConnection();
        PreparedStatement session =
            connection.prepareStatement(
                "INSERT INTO spring_session (primary_id, session_id, creation_time,"
                    + " last_access_time, max_inactive_interval, expiry_time)"
                    + " VALUES (?, ?, ?, ?, ?, ?)");
        PreparedStatement attribute =
            connection.prepareStatement(
                "INSERT INTO spring_session_attributes (session_primary_id, attribute_name,"
                    + " attribute_bytes) VALUES (?, ?, ?)")) {
      connection.setAutoCommit(false);
      for (int i = 0; i < ids.length; i++) {
        session.setString(1, ids[i]);
        session.setString(2, ids[i]);
        session.setLong(3, now);
        session.setLong(4, now);
        session.setLong(5, idle);
        session.setLong(6, now + idle * 1000);
        session.addBatch();
        add(attribute, ids[i], Workload.PRINCIPAL, Workload.principal(i));
        add(attribute, ids[i], Workload.LOCALE, Workload.locale(i));
        add(attribute, ids[i], Workload.CART, Workload.cart(i));
        if (i % 1_000 == 999 || i == ids.length - 1) {
          session.executeBatch();
          attribute.executeBatch();
          connection.commit();
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void add(PreparedStatement statement, String id, String name, String value)
      throws SQLException {
    statement.setString(1, id);
    statement.setString(2, name);
    statement.setBytes(3, serialized(value));
    statement.addBatch();
  }

  private static byte[] serialized(String value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static String resource(String name) {
    try (var in = Postgres.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void execute(DataSource pool, String sql) {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static long number(DataSource pool, String sql) {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (server != null) {
      try {
        server.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
