package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Records that the server has dropped, or that another program has written, do not count as
 * sessions.
 */
class RedisForeignRecordTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();

  private static SessionStoreException failure(Runnable call) {
    return assertThatExceptionOfType(SessionStoreException.class).isThrownBy(call::run).actual();
  }

  @Test
  void wrongType_ofTheRecord() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.run(commands -> commands.lpush(new Keys("a").record(session.id()), new byte[1]));
      assertThat(failure(() -> store.find(session.id())))
          .hasMessageContaining("find of session " + session.id())
          .hasMessageContaining("something else writes keys with this prefix");
      assertThat(failure(() -> store.touch(session.id(), NOW, NOW)))
          .hasMessageContaining("WRONGTYPE");
      assertThat(failure(() -> store.delete(session.id()))).hasMessageContaining("WRONGTYPE");
    }
  }

  @Test
  @DisplayName("one record of a wrong type does not stop the clean-up of all others")
  void wrongType_ofARecord_isLeftByTheCleanUp() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      Keys keys = new Keys("a");
      byte[] foreign = keys.record(SessionId.of(0, 1));
      server.run(commands -> commands.lpush(foreign, new byte[1]));
      server.run(commands -> commands.zadd(keys.expiry(), 0, Keys.bytes(SessionId.of(0, 1))));
      store.insert(session);
      List<StoredSession> ended = new ArrayList<>();

      CleanUp done = store.deleteExpired(session.expiresAt(), 100, ended::add);

      assertThat(ended).containsExactly(session);
      assertThat(done.isComplete()).isTrue();
      long left = server.run(commands -> commands.exists(foreign));
      assertThat(left).isEqualTo(1);
    }
  }

  @Test
  void wrongType_ofAnIndex_storesNothing() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.run(commands -> commands.set(new Keys("a").expiry(), new byte[1]));
      assertThat(failure(() -> store.insert(session))).hasMessageContaining("WRONGTYPE");
      assertThat(store.find(session.id())).isEmpty();
    }
  }

  @Test
  void layoutOfANewerRelease_isNeitherReadNorOverwritten() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      byte[] key = new Keys("a").record(session.id());
      server.run(commands -> commands.setrange(key, 0, new byte[] {2}));
      byte[] newer = server.run(commands -> commands.get(key));
      StoredSession next = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      LoginLimit limit = store.loginLimit().orElseThrow();
      PrincipalIndex index = store.principalIndex().orElseThrow();
      List<Runnable> calls =
          List.of(
              () -> store.find(session.id()),
              () -> store.update(session, NOW),
              () -> store.touch(session.id(), NOW, NOW),
              () -> store.delete(session.id(), session.generation()),
              () -> index.findByPrincipal("alice", null, 10),
              () -> index.deleteOldest("alice", 1, NOW, DeletedSessions.of(true, gone -> {})),
              () -> limit.admit(session, false, 1, WhenFull.EVICT_OLDEST, NOW),
              () -> limit.admit(next, true, 1, WhenFull.EVICT_OLDEST, NOW));
      for (Runnable call : calls) {
        assertThat(failure(call)).hasMessageContaining("newer release");
      }
      assertThat(failure(() -> store.insert(session))).hasMessageContaining("exists already");
      assertThat(store.deleteExpired(session.absoluteDeadline(), 10, gone -> {}).deleted())
          .isZero();

      assertThat(server.<byte[]>run(commands -> commands.get(key))).isEqualTo(newer);
      assertThat(store.find(next.id())).isEmpty();
      assertThat(store.delete(session.id())).isEmpty();
      assertThat(store.find(session.id())).isEmpty();
    }
  }

  @Test
  @DisplayName("a batch of touches leaves a session of a newer release out, and stores the others")
  void layoutOfANewerRelease_isNotTouchedInABatch() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 3, NOW);
      sessions.forEach(store::insert);
      byte[] key = new Keys("a").record(sessions.get(1).id());
      server.run(commands -> commands.setrange(key, 0, new byte[] {2}));
      byte[] before = server.run(commands -> commands.get(key));
      Instant later = NOW.plusSeconds(60);
      Map<SessionId, Instant> moments = new HashMap<>();
      sessions.forEach(each -> moments.put(each.id(), later));

      assertThat(store.batchTouch().orElseThrow().touchAll(moments, later))
          .containsExactlyInAnyOrder(sessions.get(0).id(), sessions.get(2).id());

      assertThat(server.<byte[]>run(commands -> commands.get(key))).isEqualTo(before);
      assertThat(store.find(sessions.get(2).id()).orElseThrow().lastSeenAt()).isEqualTo(later);
    }
  }

  @Test
  @DisplayName("no copy agrees with a session of a newer release, which exists")
  void layoutOfANewerRelease_hasAStampOfItsOwn() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      byte[] key = new Keys("a").record(session.id());
      server.run(commands -> commands.setrange(key, 0, new byte[] {2}));

      BatchLookup.Stamp stamp =
          store.batchLookup().orElseThrow().stamps(Set.of(session.id())).get(session.id());

      assertThat(stamp).isNotNull();
      assertThat(stamp.version()).isNotEqualTo(session.version());
    }
  }

  @Test
  @DisplayName("a known layout with a session in a format of a newer release")
  void formatOfANewerRelease_isNeitherReadNorOverwritten() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      byte[] key = new Keys("a").record(session.id());
      int format = SessionRecord.HEAD + "alice".length();
      server.run(commands -> commands.setrange(key, format, new byte[] {2}));
      assertThat(failure(() -> store.find(session.id())))
          .hasMessageContaining("is stored in format 2, known up to 1");
      assertThat(
              failure(
                  () -> store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)))
          .hasMessageContaining("format 2");
      assertThat(store.touch(session.id(), NOW.plusSeconds(1), NOW)).isTrue();
      assertThat(failure(() -> store.find(session.id()))).hasMessageContaining("format 2");

      List<StoredSession> ended = new ArrayList<>();
      assertThat(UserSessions.signOut(store, "alice", ended)).isEqualTo(1);
      assertThat(ended).isEmpty();
      assertThat(store.find(session.id())).isEmpty();
    }
  }

  @Test
  void signOutEverywhere_endsWhatCannotBeRead() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 4, NOW);
      sessions.forEach(store::insert);
      byte[] newer = new Keys("a").record(sessions.get(1).id());
      byte[] damaged = new Keys("a").record(sessions.get(2).id());
      server.run(commands -> commands.setrange(newer, 0, new byte[] {2}));
      server.run(commands -> commands.set(damaged, new byte[] {1, 2, 3}));
      List<StoredSession> ended = new ArrayList<>();
      assertThat(
              store.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), ended::add))
          .isEqualTo(4);
      assertThat(ended).containsExactlyInAnyOrder(sessions.get(0), sessions.get(3));
      assertThat(server.keys("a")).containsOnly(new Keys("a").changes());
    }
  }

  @Test
  void damagedRecord_countsAsAbsent_andIsCleanedUp() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      byte[] key = new Keys("a").record(session.id());
      server.run(commands -> commands.set(key, new byte[] {1, 2, 3}));
      assertThat(store.find(session.id())).isEmpty();
      assertThat(store.touch(session.id(), NOW, NOW)).isFalse();
      assertThat(store.update(session, NOW)).isFalse();
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).isEmpty();
      StoredSession other = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      LoginLimit limit = store.loginLimit().orElseThrow();
      assertThat(limit.admit(other, true, 1, WhenFull.REFUSE_NEWCOMER, NOW).outcome())
          .isEqualTo(Admission.Outcome.STORED);
      store.deleteExpired(session.absoluteDeadline(), 10, gone -> {});
      assertThat(server.keys("a")).doesNotContain(key);
    }
  }

  @Test
  void recordThatTheServerDropped_leavesNothingBehind() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.del(new Keys("a").record(session.id())));
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).isEmpty();
      store.deleteExpired(session.absoluteDeadline(), 10, gone -> {});
      assertThat(server.keys("a")).containsOnly(new Keys("a").changes());
    }
  }

  @Test
  @DisplayName(
      "a sign-out everywhere misses the sessions of an index that the server has dropped, until they change")
  void indexThatTheServerDropped_isNotSearched() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.del(new Keys("a").principal("alice")));
      List<StoredSession> ended = new ArrayList<>();

      assertThat(UserSessions.signOut(store, "alice", ended)).isZero();
      assertThat(store.find(session.id())).contains(session);

      assertThat(store.update(session, NOW)).isTrue();
      assertThat(UserSessions.signOut(store, "alice", ended)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("the index of a principal expires with the last of the records, if nothing reads it")
  void recordThatTheServerDropped_leavesAnIndexThatExpires() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      Keys keys = new Keys("a");
      byte[] index = keys.principal("alice");
      List<StoredSession> sessions =
          Stream.of(5, 3, 9)
              .map(
                  days ->
                      SampleSessions.authenticated("alice", NOW.plusSeconds(days))
                          .absoluteDeadline(NOW.plus(Duration.ofDays(days)))
                          .build())
              .toList();
      store.insert(sessions.get(0));
      assertExpiresAfter(Duration.ofDays(5 + 1), server, index);
      store.insert(sessions.get(1));
      assertExpiresAfter(Duration.ofDays(5 + 1), server, index);
      LoginLimit limit = store.loginLimit().orElseThrow();
      assertThat(limit.admit(sessions.get(2), true, 3, WhenFull.EVICT_OLDEST, NOW).outcome())
          .isEqualTo(Admission.Outcome.STORED);
      assertExpiresAfter(Duration.ofDays(9 + 1), server, index);
      StoredSession prolonged =
          sessions.get(1).toBuilder().absoluteDeadline(NOW.plus(Duration.ofDays(20))).build();
      assertThat(store.update(prolonged, NOW)).isTrue();
      assertExpiresAfter(Duration.ofDays(20 + 1), server, index);

      sessions.forEach(each -> server.run(commands -> commands.del(keys.record(each.id()))));
      store.deleteExpired(prolonged.absoluteDeadline(), 10, gone -> {});

      assertThat(server.keys("a")).containsExactlyInAnyOrder(keys.changes(), index);
      assertExpiresAfter(Duration.ofDays(20 + 1), server, index);
    }
  }

  private static void assertExpiresAfter(Duration expected, TestServer server, byte[] key) {
    long left = server.<Long>run(commands -> commands.pttl(key));
    assertThat(Duration.ofMillis(left)).isBetween(expected.minusSeconds(600), expected);
  }

  @Test
  @DisplayName("an index without expiry, which may have ids that stay for longer, is given none")
  void indexWithoutExpiry_isLeftSo() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      byte[] index = new Keys("a").principal("alice");
      store.insert(session);
      server.run(commands -> commands.persist(index));

      store.insert(SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build());

      long left = server.<Long>run(commands -> commands.pttl(index));
      assertThat(left).isEqualTo(-1);
    }
  }

  @Test
  void recordThatTheServerDropped_isForgottenByTheNextLogin() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.del(new Keys("a").record(session.id())));
      StoredSession next = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();

      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(next, true, 1, WhenFull.REFUSE_NEWCOMER, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.STORED);

      List<byte[]> left =
          server.run(commands -> commands.zrange(new Keys("a").principal("alice"), 0, -1));
      assertThat(left).containsExactly(Keys.bytes(next.id()));
    }
  }

  @Test
  void prefixOfAnotherApplication_isNoBucket() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("shop").buckets(4).build();
        RedisSessionStore other = server.store("shop:1").build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 40, NOW);
      sessions.forEach(store::insert);
      assertThat(other.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), e -> {}))
          .isZero();
      assertThat(other.deleteExpired(sessions.get(39).absoluteDeadline(), 100, e -> {}).deleted())
          .isZero();
      assertThat(sessions).allSatisfy(each -> assertThat(other.find(each.id())).isEmpty());
      assertThat(sessions).allSatisfy(each -> assertThat(store.find(each.id())).isPresent());
    }
  }
}
