package io.coatcheck.session.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.coatcheck.history.FreezingProxy;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of a test's own and its streaming standby, which can take over. The standby
 * begins as a copy of the files, since the server comes without {@code pg_basebackup}.
 */
final class PostgresPair implements AutoCloseable {

  private final KillablePostgres primary;
  private final KillablePostgres standby;

  /** The way by which the standby is given its data. */
  private final FreezingProxy replication;

  /** Starts both in a directory. */
  PostgresPair(Path directory) throws Exception {
    Path data = directory.resolve("primary");
    Path copy = directory.resolve("standby");
    primary = new KillablePostgres(data);
    primary.close();
    Table.await("the end of the server", () -> !Files.exists(data.resolve("postmaster.pid")));
    copy(data, copy);
    replication = new FreezingProxy(port(primary));
    Files.createFile(copy.resolve("standby.signal"));
    Files.writeString(
        copy.resolve("postgresql.auto.conf"),
        "primary_conninfo = 'host=localhost port=" + replication.port() + " user=postgres'\n",
        UTF_8,
        CREATE,
        APPEND);
    primary.startAgain();
    standby = new KillablePostgres(copy);
    Table.await("the standby", () -> isTrue(primary, "state = 'streaming'"));
  }

  private static void copy(Path from, Path to) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(from)) {
      all = files.toList();
    }
    for (Path each : all) {
      Files.copy(each, to.resolve(from.relativize(each)), COPY_ATTRIBUTES);
    }
  }

  private static int port(KillablePostgres server) {
    return URI.create(server.url().substring("jdbc:".length())).getPort();
  }

  /** Has each commit wait for the standby. */
  void synchronize() throws SQLException {
    run(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    run(primary, "SELECT pg_reload_conf()");
    Table.await("a synchronous standby", () -> isTrue(primary, "sync_state = 'sync'"));
  }

  /** Returns a URL that leads to the server which takes writes. */
  String url() {
    return primary
            .url()
            .replace(
                "localhost:" + port(primary),
                "localhost:" + port(primary) + ",localhost:" + port(standby))
        + "&targetServerType=primary&hostRecheckSeconds=1";
  }

  /** Gives the standby nothing from now on, while both run. */
  void stopReplication() {
    replication.freeze();
  }

  /** Kills the primary, and has the standby take over with what it has. */
  void failOver() throws Exception {
    primary.kill();
    run(standby, "SELECT pg_promote(true, 60)");
    Table.await("a standby that takes over", () -> isPromoted());
  }

  private boolean isPromoted() {
    return query(standby, "SELECT NOT pg_is_in_recovery()");
  }

  private static boolean isTrue(KillablePostgres server, String ofReplication) {
    return query(server, "SELECT count(*) > 0 FROM pg_stat_replication WHERE " + ofReplication);
  }

  private static boolean query(KillablePostgres server, String sql) {
    try (Connection connection = DriverManager.getConnection(server.url());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() && row.getBoolean(1);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  private static void run(KillablePostgres server, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(server.url());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws IOException {
    replication.close();
    standby.close();
    primary.close();
  }
}
