package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.coatcheck.history.CopiesHistory;
import io.coatcheck.history.HistoryNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes whose copies are kept by the change feed, with delayed commits; some are processes of
 * their own, which are killed under load and replaced, or stopped for longer than the bound. And
 * {@link CopiesHistory the rules}.
 */
@DisplayName("I2, I3, I5: within the bound on every node, when nodes are killed and paused")
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no SIGSTOP")
@Tag("wide")
class KilledAndPausedNodesTest {

  private static final Duration BOUND = CopiesNodes.BOUND;
  private static final int NODES = 3;
  private static final int THREADS = 8;

  /** How many requests a node has to answer before the test believes that it is in use. */
  private static final int MANY = 50;

  @TempDir private Path directory;
  private Table table;
  private CopiesNodes here;
  private final List<ProcessNode> processes = new ArrayList<>();

  @BeforeEach
  void createTable() {
    table = new Table(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, false, null));
  }

  @AfterEach
  void stop() {
    processes.forEach(ProcessNode::close);
    if (here != null) {
      here.close();
    }
    table.close();
  }

  /** Starts nodes, so many of them in processes of their own. */
  private CopiesHistory history(int inProcesses, String variant) throws IOException {
    HikariConfig pool = TestDatabase.POSTGRESQL.config(false, 6);
    pool.setConnectionTimeout(60_000);
    here =
        new CopiesNodes(
            Collections.nCopies(NODES - inProcesses, pool),
            Database.POSTGRESQL,
            table.name,
            CopiesNodes.PATIENT,
            store -> store);
    for (int i = 0; i < inProcesses; i++) {
      processes.add(new ProcessNode(table.name, directory, BOUND.toString(), variant));
    }
    List<HistoryNode> nodes = new ArrayList<>(here.nodes());
    nodes.addAll(processes);
    return new CopiesHistory(nodes, BOUND, true);
  }

  @Test
  @DisplayName("one of them is stopped for longer than the bound, and killed and replaced")
  void oneNode() throws Exception {
    killAndPause(1);
  }

  @Tag("long")
  @Test
  @DisplayName("each of them, in turn")
  void eachNode() throws Exception {
    killAndPause(NODES);
  }

  private void killAndPause(int inProcesses) throws Exception {
    CopiesHistory history = history(inProcesses, "delayed");

    history.run(
        BOUND,
        THREADS,
        () -> {
          for (ProcessNode node : processes) {
            pause(history, node);
            kill(history, node);
          }
          history.awaitLateRead();
        });

    assertThat(history.failures()).as("requests that a killed node did not answer").isPositive();
  }

  @Tag("long")
  @Test
  @DisplayName("a feed that is complete by its heartbeat breaks the rules when its node is paused")
  void feedWithAHeartbeat_isFound() throws Exception {
    CopiesHistory history = history(1, "beating");

    assertThatThrownBy(
            () ->
                history.run(
                    BOUND,
                    THREADS,
                    () -> {
                      for (int i = 0; i < 20; i++) {
                        pause(history, processes.get(0));
                      }
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageMatching("(?s).*(a request that was admitted|shows after the bound).*");
  }

  /** Stops a node, with requests under way, for so long that all its copies are too old. */
  private static void pause(CopiesHistory history, ProcessNode node) throws Exception {
    awaitAnswers(history, node);
    node.stop();
    try {
      history.pause(BOUND.multipliedBy(3));
    } finally {
      node.goOn();
    }
    awaitAnswers(history, node);
  }

  /** Kills a node, with requests under way, and begins another one in its place. */
  private static void kill(CopiesHistory history, ProcessNode node) throws Exception {
    awaitAnswers(history, node);
    long failures = history.failures();
    node.kill();
    history.await("a request has failed", () -> history.failures() > failures);
    node.startAgain();
    awaitAnswers(history, node);
  }

  private static void awaitAnswers(CopiesHistory history, ProcessNode node) {
    long answers = node.answers();
    history.await("the node answers", () -> node.answers() > answers + MANY);
  }
}
