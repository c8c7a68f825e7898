package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that is killed under load loses nothing that it has acknowledged, and revives nothing. */
@Tag("long")
class NodeCrashTest {

  private static final int CLIENTS = 8;
  private static final int ACKNOWLEDGED_BEFORE_KILL = 400;

  @TempDir private Path directory;

  /** The requests of one client, and which of them were acknowledged. */
  private static final class Told {
    private final AppClient client = new AppClient();
    private int acknowledged = -1;
    private int sent = -1;
    private boolean loggedOut;
  }

  @Test
  @DisplayName("I2, I5: kill -9 of a node under load")
  void killedNode_losesNothingAcknowledged() throws Exception {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool)) {
      for (int round = 0; round < 3; round++) {
        List<Told> told = runUntilKilled(table.name);
        try (NodeProcess second = new NodeProcess(table.name, directory)) {
          for (Told one : told) {
            check(one, second.port());
          }
        }
      }
    }
  }

  private List<Told> runUntilKilled(String table) throws Exception {
    AtomicInteger acknowledged = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try (NodeProcess node = new NodeProcess(table, directory)) {
      List<Future<Told>> clients = new ArrayList<>();
      for (int number = 0; number < CLIENTS; number++) {
        boolean logsOut = number % 4 == 3;
        clients.add(threads.submit(load(node.port(), logsOut, acknowledged)));
      }
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
      while (acknowledged.get() < ACKNOWLEDGED_BEFORE_KILL) {
        assertThat(System.nanoTime() - deadline).as("acknowledged in time").isNegative();
        LockSupport.parkNanos(5_000_000);
      }
      node.process().destroyForcibly().waitFor();
      List<Told> told = new ArrayList<>();
      for (Future<Told> client : clients) {
        told.add(client.get(60, TimeUnit.SECONDS));
      }
      return told;
    } finally {
      threads.shutdownNow();
    }
  }

  private static Callable<Told> load(int port, boolean logsOut, AtomicInteger acknowledged) {
    return () -> {
      Told told = new Told();
      try {
        assertThat(told.client.get(port, "/login?value=alice").status()).isEqualTo(200);
        for (int i = 0; i < 100_000; i++) {
          if (logsOut && i == 20) {
            String before = told.client.cookie();
            told.loggedOut = told.client.get(port, "/logout").status() == 200;
            assertThat(before).isNotEmpty();
            told.client.present(before);
            return told;
          }
          told.sent = i;
          if (told.client.get(port, "/set?value=" + i).status() == 200) {
            told.acknowledged = i;
            acknowledged.incrementAndGet();
          }
        }
      } catch (IOException e) {
        // The node is dead.
        return told;
      }
      return told;
    };
  }

  private static void check(Told told, int port) throws IOException {
    AppClient.Answer answer = told.client.get(port, "/read");
    assertThat(answer.status()).isEqualTo(200);
    if (told.loggedOut) {
      assertThat(answer.body()).as("after an acknowledged logout").isEqualTo("none");
    } else if (told.acknowledged >= 0) {
      // What was sent last may have been stored without having been acknowledged.
      assertThat(Integer.parseInt(answer.body())).isBetween(told.acknowledged, told.sent);
    }
  }
}
