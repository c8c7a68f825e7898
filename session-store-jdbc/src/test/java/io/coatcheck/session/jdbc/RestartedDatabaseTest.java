package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.history.CopiesHistory;
import io.coatcheck.history.HistoryNode;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes on a PostgreSQL that is killed and started again on its data. */
@DisplayName("Copies that the change feed keeps, and a PostgreSQL that is killed and starts again")
@Timeout(600)
class RestartedDatabaseTest {

  private static final String TABLE = "http_session";
  private static final int NODES = 3;
  private static final int THREADS = 4;
  private static final int RESTARTS = 2;

  /** How many requests copies have to answer before the test believes that they do. */
  private static final int MANY = 50;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path directory;

  private static KillablePostgres server;
  private CopiesNodes nodes;

  @BeforeAll
  static void startServer() throws Exception {
    server = new KillablePostgres(directory.resolve("data"));
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  @BeforeEach
  void startNodes() {
    nodes =
        new CopiesNodes(
            Collections.nCopies(NODES, CopiesNodes.bounded(server.url())),
            Database.POSTGRESQL,
            TABLE,
            CopiesNodes.IMPATIENT,
            store -> store);
  }

  @AfterEach
  void stopNodes() {
    nodes.close();
  }

  @Tag("long")
  @Test
  @DisplayName(
      "I2, I3, I5, I9: what ends before and after takes effect within the bound on all nodes, which"
          + " discard their copies")
  void restart_keepsTheBound() {
    CopiesHistory history = new CopiesHistory(nodes.nodes(), CopiesNodes.BOUND, true);
    List<Discards> discards = nodes.stores().stream().map(Discards::of).toList();

    history.run(
        CopiesNodes.BOUND,
        THREADS,
        () -> {
          for (int i = 0; i < RESTARTS; i++) {
            awaitHits(history);
            for (Discards node : discards) {
              history.await("the feed is complete", node::isComplete);
            }
            List<Integer> before = discards.stream().map(Discards::number).toList();
            long failures = history.failures();

            server.kill();
            history.await("a request has failed", () -> history.failures() > failures);
            server.startAgain();

            for (int node = 0; node < NODES; node++) {
              Discards after = discards.get(node);
              int known = before.get(node);
              history.await("all copies are discarded", () -> after.number() > known);
            }
            awaitHits(history);
            history.pause(CopiesNodes.BOUND.multipliedBy(2));
          }
          history.awaitLateRead();
        });

    assertThat(history.failures()).as("requests that failed closed").isPositive();
  }

  private void awaitHits(CopiesHistory history) {
    long hits = nodes.hits();
    history.await("copies answer", () -> nodes.hits() > hits + MANY);
  }

  /** As after a failover that lost a login: the log of changes knows nothing of it. */
  @Test
  @DisplayName("I2: a session that the restarted server does not have is refused by each node")
  void lostSession_isRefused() throws Exception {
    HistoryNode node = nodes.nodes().get(0);
    String kept = patiently(() -> node.login("bob", null));
    String lost = loseACopiedSession(node);

    server.kill();
    server.startAgain();

    long started = System.nanoTime();
    Table.await(
        "the feed is complete after the restart",
        () -> nodes.lag(0).toNanos() < System.nanoTime() - started);
    List<String> refused = new ArrayList<>();
    List<String> admitted = new ArrayList<>();
    Table.await(
        "both sessions are looked up",
        () -> {
          for (String token : List.of(lost, kept)) {
            try {
              (node.read(token).isEmpty() ? refused : admitted).add(token);
            } catch (SessionStoreException e) {
              // The pool still has connections that broke. It fails closed.
            }
          }
          return refused.contains(lost) && admitted.contains(kept);
        });
    assertThat(refused).as("refused").containsOnly(lost);
    assertThat(admitted).as("admitted").containsOnly(kept);
  }

  /** Returns a token that a copy admits, of a session that the database does not have any more. */
  private static String loseACopiedSession(HistoryNode node) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      String token = patiently(() -> node.login("alice", null));
      assertThat(patiently(() -> node.read(token))).isPresent();
      deleteUnrecorded(SessionToken.parse(token).orElseThrow().id());
      if (patiently(() -> node.read(token)).isPresent()) {
        return token;
      }
      // On a busy machine the feed was late meanwhile, so that copies were not used.
      assertThat(System.nanoTime() - deadline).as("a copy is used").isNegative();
    }
  }

  /** Returns the first result: the timeouts of a second may pass on a busy machine. */
  private static <T> T patiently(Supplier<T> call) {
    AtomicReference<T> result = new AtomicReference<>();
    Table.await(
        "an answer in time",
        () -> {
          try {
            result.set(call.get());
            return true;
          } catch (SessionStoreException e) {
            return false;
          }
        });
    return result.get();
  }

  private static void deleteUnrecorded(SessionId id) throws Exception {
    try (Connection connection = DriverManager.getConnection(server.url());
        PreparedStatement statement =
            connection.prepareStatement("DELETE FROM " + TABLE + " WHERE id = ?")) {
      Database.POSTGRESQL.dialect(new TableName(TABLE)).setId(statement, 1, id);
      assertThat(statement.executeUpdate()).isOne();
    }
  }
}
