package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A node that is stopped for longer than the bound, as by a debugger or a moved machine. */
@Tag("long")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no SIGSTOP")
class PausedNodeTest {

  private static final Duration BOUND = Duration.ofSeconds(1);
  private static final int ROUNDS = 4;

  @TempDir private Path directory;

  @Test
  @DisplayName("I2: a node that was paused for longer than the bound answers from no copy")
  void pausedNode_answersFromNoCopy() throws Exception {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (Table table = new Table(pool);
        HikariDataSource connections = pool.open(4);
        AppNode other =
            new AppNode(
                SessionManager.builder(AppNode.withCopies(connections, table.name, BOUND)).build(),
                settings -> settings);
        NodeProcess paused = new NodeProcess(table.name, directory, BOUND.toString())) {
      for (int round = 0; round < ROUNDS; round++) {
        AppClient client = new AppClient();
        assertThat(client.get(other.port(), "/login?value=alice").status()).isEqualTo(200);
        String cookie = client.cookie();
        for (int i = 0; i < 20; i++) {
          assertThat(client.get(paused.port(), "/me").body()).isEqualTo("alice");
        }
        AppClient late = new AppClient();
        late.present(cookie);

        paused.signal("STOP");
        Future<AppClient.Answer> answer;
        try {
          assertThat(client.get(other.port(), "/logout-everywhere").status()).isEqualTo(200);
          long ended = System.nanoTime();
          awaitPast(ended + BOUND.toNanos());
          // Sent while it is stopped: it is the first thing that the node reads afterwards.
          answer = thread.submit(() -> late.get(paused.port(), "/me"));
          awaitPast(ended + 2 * BOUND.toNanos());
          assertThat(answer).isNotDone();
        } finally {
          paused.signal("CONT");
        }

        AppClient.Answer woken = answer.get(60, TimeUnit.SECONDS);
        assertThat(woken.status()).isEqualTo(200);
        assertThat(woken.body()).isEqualTo("null");
      }
    } finally {
      thread.shutdownNow();
    }
  }

  private static void awaitPast(long moment) {
    while (System.nanoTime() - moment < 0) {
      LockSupport.parkNanos(moment - System.nanoTime());
    }
  }
}
