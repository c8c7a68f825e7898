package io.coatcheck.session.spring;

import io.coatcheck.test.servers.PostgresServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A real PostgreSQL on a free port, for a site that keeps its sessions there. */
record Postgres(EmbeddedPostgres server) implements AutoCloseable {

  static Postgres start() throws IOException {
    return new Postgres(PostgresServer.start());
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
