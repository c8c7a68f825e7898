package io.coatcheck.session.spring;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A real PostgreSQL on a free port, for a site that keeps its sessions there. */
record Postgres(EmbeddedPostgres server) implements AutoCloseable {

  /**
   * Starts a server; on another port if another process takes the free one while the files of the
   * server are written. If that process is a PostgreSQL too, the start has found that one.
   */
  static Postgres start() throws IOException, SQLException {
    for (int attempt = 1; ; attempt++) {
      String name = UUID.randomUUID().toString();
      try {
        EmbeddedPostgres server =
            EmbeddedPostgres.builder()
                .setServerConfig("cluster_name", name)
                .setPGStartupWait(Duration.ofMinutes(2))
                .start();
        if (name.equals(nameOf(server))) {
          return new Postgres(server);
        }
        server.close();
      } catch (IOException | SQLException taken) {
        if (attempt == 3) {
          throw taken;
        }
      }
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

  /** Returns the properties of an application that keeps its sessions here, after its others. */
  String[] properties(String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.add("spring.datasource.url=" + server.getJdbcUrl("postgres", "postgres"));
    all.add("coatcheck.jdbc.query-timeout=30s");
    all.add("coatcheck.jdbc.create-schema=always");
    return all.toArray(String[]::new);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
