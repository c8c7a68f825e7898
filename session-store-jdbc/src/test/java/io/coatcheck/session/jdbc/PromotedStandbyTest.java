package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.coatcheck.history.CopiesHistory;
import io.coatcheck.test.log.RecordedLog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three nodes on a PostgreSQL whose standby takes over and lags at that moment, with copies that
 * the change feed keeps, and {@link CopiesHistory the rules}.
 */
@DisplayName("Copies that the change feed keeps, and a standby of PostgreSQL that takes over")
@Timeout(600)
@Tag("long")
class PromotedStandbyTest {

  private static final int NODES = 3;
  private static final int THREADS = 4;

  /** How many requests copies have to answer before the test believes that they do. */
  private static final int MANY = 50;

  private static final String LISTENING = "notifications are received again";

  private final RecordedLog log = RecordedLog.of(JdbcSessionStore.class).at(Level.INFO);

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  private PostgresPair servers;
  private CopiesNodes nodes;
  private CopiesHistory history;

  @BeforeEach
  void startServers() throws Exception {
    servers = new PostgresPair(directory);
  }

  @AfterEach
  void stop() throws Exception {
    log.close();
    if (nodes != null) {
      nodes.close();
    }
    servers.close();
  }

  private void startNodes(boolean notifies) {
    nodes =
        new CopiesNodes(
            Collections.nCopies(NODES, CopiesNodes.bounded(servers.url())),
            Database.POSTGRESQL,
            "http_session",
            CopiesNodes.IMPATIENT,
            store -> store,
            notifies);
    history = new CopiesHistory(nodes.nodes(), CopiesNodes.BOUND, true);
  }

  @ParameterizedTest(name = "notifies: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "I2, I3, I5, I9: with synchronous replication, what was answered holds on all nodes, which"
          + " discard their copies")
  void synchronous_keepsTheBound(boolean notifies) throws Exception {
    servers.synchronize();
    startNodes(notifies);
    List<Discards> discards = nodes.stores().stream().map(Discards::of).toList();

    history.run(
        CopiesNodes.BOUND,
        THREADS,
        () -> {
          awaitHits();
          history.await("ends of sessions", () -> history.ends() > 5);
          for (Discards node : discards) {
            history.await("the feed is complete", node::isComplete);
          }
          List<Integer> before = discards.stream().map(Discards::number).toList();
          long failures = history.failures();
          servers.stopReplication();
          history.await("a change that has no answer", () -> history.failures() > failures);
          log.clear();
          servers.failOver();

          for (int node = 0; node < NODES; node++) {
            Discards after = discards.get(node);
            int known = before.get(node);
            history.await("all copies are discarded", () -> after.number() > known);
          }
          awaitHits();
          long ends = history.ends();
          history.await("ends of sessions on the new primary", () -> history.ends() > ends + 5);
          history.await(
              "all listen again", () -> !notifies || log.linesBeginning(LISTENING).size() >= NODES);
          history.pause(CopiesNodes.BOUND.multipliedBy(2));
          history.awaitLateRead();
        });

    history.assertEnded();
  }

  private void awaitHits() {
    long hits = nodes.hits();
    history.await("copies answer", () -> nodes.hits() > hits + MANY);
  }

  @Test
  @DisplayName("without synchronous replication, ends that were answered are undone")
  void asynchronous_losesEnds() throws Exception {
    startNodes(false);
    history.mayLoseWrites();
    runUntilEnds(10);
    servers.stopReplication();
    runUntilEnds(history.ends() + 10);

    servers.failOver();

    assertThatThrownBy(history::assertEnded)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("whose end has returned");
  }

  private void runUntilEnds(long number) {
    Table.await(
        "ends of sessions",
        () -> {
          history.run(Duration.ofMillis(50), THREADS);
          return history.ends() >= number;
        });
  }
}
