package io.coatcheck.session.jdbc;

import static io.coatcheck.session.jdbc.Sessions.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** I20: nothing is read or done whole whose size others choose. */
@Tag("wide")
class ManySessionsTest {

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
  }

  private static Pool pool(TestDatabase server) {
    return new Pool(server, server.database, true, null);
  }

  /** Sees how many sessions the store holds: deleted already, and not handed over yet. */
  private static final class Held implements DeletedSessions {
    private final Table table;
    private final int stored;
    private final int every;
    private int handedOver;
    private int most;

    Held(Table table, int every) {
      this.table = table;
      this.every = every;
      stored = table.count();
    }

    @Override
    public void accept(StoredSession session) {
      if (handedOver % every == 0) {
        most = Math.max(most, stored - table.count() - handedOver);
      }
      handedOver++;
    }
  }

  @DisplayName("stores 1, B06: 3,000 sessions are listed and revoked in steps of bounded rows")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void revocation_ofManySessions(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.of("alice").attribute("a", Sessions.bytes(300)).build(), 3_000);
      StoredSession spared = Sessions.of("alice").build();
      StoredSession foreign = Sessions.of("bob").build();
      table.store.insert(spared);
      table.store.insert(foreign);
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      table.watched.takeKinds();

      assertThat(pages(index)).hasSize(3_001);
      assertThat(table.watched.takeKinds()).as("the pages").hasSize(4).containsOnly("SELECT");

      Held held = new Held(table, 50);
      table.watched.takeKinds();
      assertThat(index.deleteByPrincipal("alice", Set.of(spared.id()), held)).isEqualTo(3_000);
      assertThat(held.handedOver).isEqualTo(3_000);
      assertThat(held.most).as("held at a time").isBetween(900, 1_000);
      List<String> deletes = table.watched.takeKinds();
      assertThat(Collections.frequency(deletes, "DELETE")).as("transactions").isBetween(4, 8);
      assertThat(table.count()).isEqualTo(2);
    }
  }

  @DisplayName("stores 1: 60 sessions of a megabyte are revoked in steps of bounded bytes")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void revocation_ofLargeSessions(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession large = Sessions.of("alice").attribute("a", Sessions.bytes(1 << 20)).build();
      table.multiply(large, 60);
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      assertThat(index.findByPrincipal("alice", null, 1_000))
          .hasSize(60)
          .allSatisfy(session -> assertThat(session.attributes()).isEmpty());

      Held held = new Held(table, 1);
      assertThat(index.deleteByPrincipal("alice", Set.of(), held)).isEqualTo(60);
      assertThat(held.most).as("held at a time").isBetween(8, 17);
    }
  }

  @DisplayName("stores 1: where no listener needs attributes, none is read")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void revocation_withoutAttributes(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.of("alice").attribute("a", Sessions.bytes(1 << 20)).build(), 10);
      SessionManager manager =
          SessionManager.builder(table.store)
              .clock(MutableClock.at(NOW))
              .cleanUpInterval(Duration.ZERO)
              .listener(new AuditListener())
              .build();
      table.watched.takeStatements();
      assertThat(manager.revokeAllOf("alice")).isEqualTo(10);
      assertThat(table.watched.takeStatements())
          .hasSizeBetween(2, 4)
          .noneMatch(sql -> sql.replace("OCTET_LENGTH(attributes)", "").contains("attributes"));
    }
  }

  @DisplayName(
      "stores 1: a revocation that fails has reported the sessions that it ended, and can be repeated")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void revocation_thatFails_goesOnWhenRepeated(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.of("alice").build(), 700);
      AtomicInteger deletes = new AtomicInteger();
      table.watched.failWith(
          sql -> {
            if (sql.contains("DELETE") && deletes.incrementAndGet() == 3) {
              throw new SQLException("of the test", "XX000");
            }
          });
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      Set<SessionId> ended = new HashSet<>();
      assertThatThrownBy(
              () -> index.deleteByPrincipal("alice", Set.of(), gone -> ended.add(gone.id())))
          .isInstanceOf(SessionStoreException.class);
      assertThat(ended).hasSizeBetween(1, 699).hasSize(700 - table.count());
      index.deleteByPrincipal("alice", Set.of(), gone -> assertThat(ended.add(gone.id())).isTrue());
      assertThat(ended).hasSize(700);
      assertThat(table.count()).isZero();
    }
  }

  @DisplayName("B06, stores 25: the first login after a limit was introduced")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void firstLogin_underALimit(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.of("alice").attribute("a", Sessions.bytes(300)).build(), 2_500);
      List<SessionEvent.Ended> ended = new ArrayList<>();
      SessionManager manager =
          SessionManager.builder(table.store)
              .clock(MutableClock.at(NOW.plusSeconds(1)))
              .cleanUpInterval(Duration.ZERO)
              .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
              .listener(
                  event -> {
                    if (event instanceof SessionEvent.Ended end) {
                      ended.add(end);
                    }
                  })
              .build();
      assertThat(manager.authenticate(null, "alice", LoginOptions.defaults()))
          .isInstanceOf(LoginOutcome.Granted.class);
      assertThat(table.count()).isEqualTo(20);
      assertThat(ended)
          .hasSize(2_481)
          .allSatisfy(end -> assertThat(end.reason()).isEqualTo(EndReason.LIMIT))
          .allSatisfy(end -> assertThat(end.session().attributes()).hasSize(1));
      assertThat(manager.sessionsOf("alice")).hasSize(20);
    }
  }

  @DisplayName("stores 21: a call of the clean-up moves no more sessions in use than its limit")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void cleanUp_ofSessionsInUse_isBounded(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.anonymous().build(), 2_500);
      Instant used = NOW.plusSeconds(600);
      table.execute(
          "UPDATE "
              + table.name
              + " SET expires_at = "
              + used.plus(Sessions.IDLE).toEpochMilli()
              + ", last_seen_at = "
              + used.toEpochMilli());
      StoredSession expired = Sessions.anonymous().lastSeenAt(NOW.plusSeconds(1)).build();
      table.store.insert(expired);
      List<StoredSession> deleted = new ArrayList<>();
      CleanUp first = table.store.deleteExpired(expired.expiresAt(), 1_000, deleted::add);
      assertThat(first.isComplete()).isFalse();
      assertThat(moved(table)).as("sessions moved by one call").isLessThanOrEqualTo(1_000);
      int calls = 1;
      for (CleanUp next = first; !next.isComplete(); calls++) {
        next = table.store.deleteExpired(expired.expiresAt(), 1_000, deleted::add);
      }
      assertThat(calls).isBetween(3, 4);
      assertThat(deleted).containsExactly(expired);
      assertThat(moved(table)).isEqualTo(2_500);
    }
  }

  private static int moved(Table table) {
    return Integer.parseInt(
        table
            .query(
                "SELECT COUNT(*) FROM "
                    + table.name
                    + " WHERE sweep_at = expires_at AND last_seen_at >= "
                    + NOW.plusSeconds(600).toEpochMilli())
            .get(0)
            .get(0));
  }

  @DisplayName(
      "stores 6: no step of the clean-up looks at many more large sessions than it deletes")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void cleanUp_ofLargeSessions_looksAtFew(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.anonymous().attribute("a", Sessions.bytes(1 << 20)).build(), 100);
      Held held = new Held(table, 1);
      table.watched.takeKinds();
      assertThat(table.store.deleteExpired(NOW.plus(Sessions.IDLE), 1_000, held).deleted())
          .isEqualTo(100);
      assertThat(held.most).as("held at a time").isBetween(8, 17);
      if (pool.server() == TestDatabase.MARIADB) {
        // What is measured is read; of each row, it is twice at the most, but for the beginning.
        int measured =
            32
                * (int)
                    table.watched.takeStatements().stream()
                        .filter(sql -> sql.startsWith("SELECT id, OCTET_LENGTH"))
                        .count();
        assertThat(measured).as("rows measured").isLessThanOrEqualTo(320);
      }
    }
  }

  @DisplayName("stores 1, B06: 100,000 sessions are listed, limited and signed out")
  @Tag("long")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void hundredThousand(TestDatabase server) {
    try (Table table = new Table(pool(server))) {
      table.multiply(Sessions.of("alice").attribute("a", Sessions.bytes(2_000)).build(), 100_000);
      table.multiply(
          Sessions.of("bob")
              .lastSeenAt(NOW.plusMillis(1))
              .attribute("a", Sessions.bytes(9))
              .build(),
          20_000);
      SessionManager manager =
          SessionManager.builder(table.store)
              .clock(MutableClock.at(NOW.plusSeconds(1)))
              .cleanUpInterval(Duration.ZERO)
              .sessionsPerPrincipal(20, WhenFull.EVICT_OLDEST)
              .listener(new AuditListener())
              .build();
      long begin = System.nanoTime();
      assertThat(manager.sessionsOf("alice")).hasSize(SessionManager.MAX_LISTED);
      tell(server, "list of 100,000", begin);

      begin = System.nanoTime();
      assertThat(manager.authenticate(null, "bob", LoginOptions.defaults()))
          .isInstanceOf(LoginOutcome.Granted.class);
      tell(server, "login that ends 19,981", begin);
      assertThat(manager.sessionsOf("bob")).extracting(SessionInfo::id).hasSize(20);

      begin = System.nanoTime();
      Held held = new Held(table, 20_000);
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      assertThat(index.deleteByPrincipal("alice", Set.of(), held)).isEqualTo(100_000);
      tell(server, "sign-out of 100,000", begin);
      assertThat(held.most).as("held at a time").isLessThanOrEqualTo(1_000);
      assertThat(table.count()).isEqualTo(20);
    }
  }

  @DisplayName("stores 6: 300 expired sessions of a mebibyte are cleaned up, no step in vain")
  @Tag("long")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void threeHundredMebibytes(TestDatabase server) {
    try (Table table = new Table(pool(server))) {
      // Small ones first, so that the steps have grown when the large ones come.
      table.multiply(Sessions.anonymous().build(), 5_000);
      StoredSession large =
          Sessions.anonymous()
              .lastSeenAt(NOW.plusMillis(1))
              .attributes(Map.of("a", Sessions.bytes(1 << 20)))
              .build();
      for (int i = 0; i < 3; i++) {
        StoredSession next = large.toBuilder().lastSeenAt(NOW.plusMillis(1 + i)).build();
        table.multiply(
            Sessions.anonymous()
                .lastSeenAt(next.lastSeenAt())
                .attributes(next.attributes())
                .build(),
            100);
      }
      long begin = System.nanoTime();
      Held held = new Held(table, 1);
      int deleted = 0;
      for (boolean isComplete = false; !isComplete; ) {
        CleanUp cleanUp =
            table.store.deleteExpired(NOW.plus(Sessions.IDLE).plusSeconds(1), 1_000, held);
        deleted += cleanUp.deleted();
        isComplete = cleanUp.isComplete();
      }
      tell(server, "clean-up of 300 MiB", begin);
      assertThat(deleted).isEqualTo(5_300);
      assertThat(table.count()).isZero();
    }
  }

  private static void tell(TestDatabase server, String what, long begin) {
    System.out.printf("%s: %s in %.1f s%n", server, what, (System.nanoTime() - begin) / 1e9);
  }

  private static List<StoredSession> pages(PrincipalIndex index) {
    List<StoredSession> sessions = new ArrayList<>();
    List<StoredSession> page;
    SessionId after = null;
    do {
      page = index.findByPrincipal("alice", after, 1_000);
      sessions.addAll(page);
      after = page.get(page.size() - 1).id();
    } while (page.size() == 1_000);
    return sessions;
  }
}
