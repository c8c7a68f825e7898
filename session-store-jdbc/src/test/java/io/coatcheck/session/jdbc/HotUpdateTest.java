package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class HotUpdateTest {

  private static final Pool POSTGRESQL =
      new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);

  @DisplayName(
      "Over an hour of visits, at least 0.9 of PostgreSQL's updates touch no index, those of the"
          + " clean-up included")
  @Test
  void hotShare() {
    try (Table table = new Table(POSTGRESQL)) {
      // A pool of one, so that one server process has counted all.
      List<StoredSession> visits = new ArrayList<>();
      Instant now = Sessions.NOW;
      for (int minute = 0; minute < 60; minute++) {
        now = now.plus(Duration.ofMinutes(1));
        for (int i = 0; i < 5; i++) {
          StoredSession session =
              Sessions.of("user" + i)
                  .createdAt(now)
                  .authenticatedAt(now)
                  .absoluteDeadline(now.plus(Duration.ofHours(12)))
                  .attribute("cart", Sessions.bytes(300))
                  .build();
          table.store.insert(session);
          visits.add(session);
        }
        // A visit is 10 minutes with a touch in each, and a change in every second one.
        for (int i = Math.max(0, visits.size() - 50); i < visits.size(); i++) {
          StoredSession session = visits.get(i);
          assertThat(table.store.touch(session.id(), now, now)).isTrue();
          if ((minute + i) % 2 == 0) {
            StoredSession current = table.store.find(session.id()).orElseThrow();
            assertThat(table.store.update(current, now)).isTrue();
          }
        }
        table.store.deleteExpired(now, 1_000, session -> {});
      }

      List<String> counted = counted(table);
      long updates = Long.parseLong(counted.get(0));
      long hot = Long.parseLong(counted.get(1));
      assertThat(updates).as("updates").isGreaterThan(3_000);
      assertThat((double) hot / updates).as("%s of %s", hot, updates).isGreaterThan(0.9);
    }
  }

  /** The server's processes report what they have counted when they end. */
  private static List<String> counted(Table table) {
    table.connections.getHikariPoolMXBean().softEvictConnections();
    List<String> counted =
        table
            .query(
                "SELECT n_tup_upd, n_tup_hot_upd, pg_stat_clear_snapshot()"
                    + " FROM pg_stat_user_tables WHERE relname = '"
                    + table.name
                    + "'")
            .get(0);
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (Long.parseLong(counted.get(0)) < 3_000 && System.nanoTime() < deadline) {
      counted =
          table
              .query(
                  "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = '"
                      + table.name
                      + "'")
              .get(0);
    }
    return counted;
  }
}
