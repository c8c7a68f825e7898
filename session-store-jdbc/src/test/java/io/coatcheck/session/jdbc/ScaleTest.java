package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many rows: what they take, and how the clean-up of most of them is felt by readers of the rest.
 */
@Tag("benchmark")
class ScaleTest {

  private static final int EXPIRED = 200_000;
  private static final int LIVE = 20_000;
  private static final int ROUNDS = 3;
  private static final Instant LATER = Sessions.NOW.plus(Duration.ofHours(1));

  @DisplayName("Reads while 200,000 expired sessions are cleaned up beside 20,000 live ones")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void readsDuringCleanUp(TestDatabase server) {
    // In the first round, the JVM compiles the clean-up while it reads.
    for (int round = 1; round <= ROUNDS; round++) {
      readsDuringCleanUp(server, round);
    }
  }

  private static void readsDuringCleanUp(TestDatabase server, int round) {
    try (Table table = new Table(new Pool(server, server.database, true, null), 8)) {
      table.multiplyInOrder(
          Sessions.of("alice").attribute("a", Sessions.bytes(300)).build(), EXPIRED);
      StoredSession live =
          Sessions.of("bob").lastSeenAt(LATER).attribute("a", Sessions.bytes(300)).build();
      table.multiplyInOrder(live, LIVE);
      List<SessionId> ids = liveIds(table);
      assertThat(ids).hasSize(LIVE);

      long pause = System.nanoTime() + Duration.ofSeconds(3).toNanos();
      read(table, ids, () -> System.nanoTime() < pause);
      long end = System.nanoTime() + Duration.ofSeconds(8).toNanos();
      long[] alone = read(table, ids, () -> System.nanoTime() < end);

      AtomicInteger cleaning = new AtomicInteger(2);
      AtomicInteger deleted = new AtomicInteger();
      Callable<long[]> cleaner =
          () -> {
            SessionManager node =
                SessionManager.builder(store(table))
                    .clock(MutableClock.at(LATER))
                    .cleanUpInterval(Duration.ZERO)
                    .build();
            long start = System.nanoTime();
            // Each sweep ends where only rows are left that the other one holds.
            while (deleted.addAndGet(node.cleanUp()) < EXPIRED) {
              LockSupport.parkNanos(1_000_000);
            }
            cleaning.decrementAndGet();
            return new long[] {System.nanoTime() - start};
          };
      List<long[]> results =
          Together.run(List.of(cleaner, cleaner, () -> read(table, ids, () -> cleaning.get() > 0)));
      long[] during = results.get(2);

      tell(
          server.name() + ", round " + round,
          String.format(
              "p99 of reads alone %.2f ms (%d reads), during clean-up %.2f ms (%d reads), ratio"
                  + " %.1f; %d rows deleted in %.1f s",
              p99(alone) / 1e6,
              alone.length,
              p99(during) / 1e6,
              during.length,
              (double) p99(during) / p99(alone),
              deleted.get(),
              Math.max(results.get(0)[0], results.get(1)[0]) / 1e9));
      assertThat(deleted).hasValue(EXPIRED);
      assertThat(table.count()).isEqualTo(LIVE);
    }
  }

  /** Into the output of the build, where docs/JDBC.md sends its readers. */
  private static void tell(String what, String figures) {
    System.out.println(what + ": " + figures);
  }

  /** By the pool itself: what watches it asks the server before and after each operation. */
  private static JdbcSessionStore store(Table table) {
    return JdbcSessionStore.builder(table.connections)
        .database(table.pool.database())
        .tableName(table.name)
        .queryTimeout(Table.PATIENCE)
        .build();
  }

  private static long[] read(Table table, List<SessionId> ids, BooleanSupplier more) {
    JdbcSessionStore store = store(table);
    SplittableRandom random = new SplittableRandom(1);
    long[] times = new long[1 << 20];
    int count = 0;
    while (more.getAsBoolean() && count < times.length) {
      SessionId id = ids.get(random.nextInt(ids.size()));
      long start = System.nanoTime();
      assertThat(store.find(id)).isPresent();
      times[count++] = System.nanoTime() - start;
    }
    return Arrays.copyOf(times, count);
  }

  private static long p99(long[] times) {
    long[] sorted = times.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length * 99 / 100];
  }

  @DisplayName("Bytes per session in PostgreSQL")
  @Test
  void bytesPerSession() {
    try (Table table =
        new Table(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null))) {
      for (int size : new int[] {0, 300, 1_000}) {
        table.execute("TRUNCATE " + table.name);
        StoredSessionBuilder session =
            Sessions.of("alice@example.org")
                .clientAddress("2001:db8::1")
                .userAgent("x".repeat(110));
        if (size > 0) {
          session.attribute("a", Sessions.bytes(size));
        }
        int sessions = 20_000;
        table.multiply(session.build(), sessions);
        List<String> bytes =
            table
                .query(
                    String.format(
                        "SELECT pg_table_size('%1$s') / %2$d, pg_indexes_size('%1$s') / %2$d",
                        table.name, sessions))
                .get(0);
        tell(
            size + " bytes of attributes",
            bytes.get(0) + " in the table, " + bytes.get(1) + " in indexes");
        assertThat(Integer.parseInt(bytes.get(0))).isLessThan(900 + 2 * size);
      }
    }
  }

  private static List<SessionId> liveIds(Table table) {
    boolean binary = table.pool.server() == TestDatabase.MARIADB;
    List<SessionId> ids = new ArrayList<>();
    for (List<String> row :
        table.query(
            "SELECT "
                + (binary ? "HEX(id)" : "id")
                + " FROM "
                + table.name
                + " WHERE expires_at > "
                + LATER.toEpochMilli())) {
      if (binary) {
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(row.get(0)));
        ids.add(SessionId.of(bytes.getLong(), bytes.getLong()));
      } else {
        UUID uuid = UUID.fromString(row.get(0));
        ids.add(SessionId.of(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits()));
      }
    }
    return ids;
  }
}
