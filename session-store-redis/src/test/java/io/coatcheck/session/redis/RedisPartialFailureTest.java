package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

@DisplayName("What fails with one session of several does not affect the others")
class RedisPartialFailureTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final Keys KEYS = new Keys("a");

  private final List<StoredSession> sessions = UserSessions.of("alice", 3, NOW);
  private final List<StoredSession> ended = new ArrayList<>();

  /** Makes a record that was written by a newer release, so that it cannot be read here. */
  private static void makeUnreadable(TestServer server, StoredSession session) {
    int format = SessionRecord.HEAD + "alice".length();
    server.run(commands -> commands.setrange(KEYS.record(session.id()), format, new byte[] {2}));
  }

  /** Runs work while the log fails that is to say that a record cannot be read. */
  private static void withFailingLog(Runnable work) {
    Logger logger = (Logger) LoggerFactory.getLogger(RedisSessionStore.class);
    AppenderBase<ILoggingEvent> failing =
        new AppenderBase<>() {
          @Override
          public synchronized void doAppend(ILoggingEvent event) {
            if (event.getMessage().contains("could not be read")) {
              throw new UnsupportedOperationException("a log that fails");
            }
          }

          @Override
          protected void append(ILoggingEvent event) {}
        };
    logger.addAppender(failing);
    try {
      work.run();
    } finally {
      logger.detachAppender(failing);
    }
  }

  private void takeAndFailOnce(StoredSession session) {
    ended.add(session);
    if (ended.size() == 1) {
      throw new IllegalStateException("a listener that fails");
    }
  }

  @Test
  @DisplayName("clean-up: a record whose reading fails unexpectedly")
  void cleanUp_unexpectedFailure() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      makeUnreadable(server, sessions.get(1));

      withFailingLog(
          () ->
              assertThatExceptionOfType(UnsupportedOperationException.class)
                  .isThrownBy(
                      () ->
                          store.deleteExpired(
                              sessions.get(2).absoluteDeadline(), 10, this::takeAndFailOnce))
                  .satisfies(
                      failure ->
                          assertThat(failure.getSuppressed())
                              .hasOnlyElementsOfType(IllegalStateException.class)
                              .hasSize(1)));

      assertThat(ended).containsExactly(sessions.get(0), sessions.get(2));
    }
  }

  @Test
  @DisplayName("sign-out everywhere: a record of the last portion whose reading fails unexpectedly")
  void signOut_unexpectedFailure() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      makeUnreadable(server, sessions.get(0));

      withFailingLog(
          () ->
              assertThatExceptionOfType(UnsupportedOperationException.class)
                  .isThrownBy(() -> UserSessions.signOut(store, "alice", ended)));

      assertThat(ended).containsExactly(sessions.get(1), sessions.get(2));
    }
  }

  @Test
  @DisplayName("sign-out everywhere: large records are handed over early, and none of them twice")
  void signOut_unexpectedFailure_largeSessions() {
    // All three are so large that they are handed over before the end, and two of them are not.
    AttributeValue large = AttributeValue.encoded(new byte[Step.MAX_BYTES / 5 * 2]);
    List<StoredSession> many =
        sessions.stream()
            .map(session -> session.toBuilder().attributes(Map.of("cart", large)).build())
            .toList();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      many.forEach(store::insert);
      makeUnreadable(server, many.get(1));

      withFailingLog(
          () ->
              assertThatExceptionOfType(UnsupportedOperationException.class)
                  .isThrownBy(() -> UserSessions.signOut(store, "alice", ended)));

      assertThat(ended)
          .extracting(StoredSession::id)
          .containsExactly(many.get(0).id(), many.get(2).id());
    }
  }

  @Test
  @DisplayName("sign-out everywhere: neither of two failures is lost")
  void signOut_unexpectedFailure_andNoConfirmation() {
    try (TestServer server = new TestServer();
        RedisSessionStore plain = server.store("a").build();
        RedisSessionStore store =
            server.store("a").confirmReplicas(1, Duration.ofMillis(10)).build()) {
      sessions.forEach(plain::insert);
      makeUnreadable(server, sessions.get(0));

      withFailingLog(
          () ->
              assertThatExceptionOfType(SessionStoreException.class)
                  .isThrownBy(() -> UserSessions.signOut(store, "alice", ended))
                  .withMessageContaining("is not confirmed")
                  .satisfies(
                      failure ->
                          assertThat(failure.getSuppressed())
                              .hasOnlyElementsOfType(UnsupportedOperationException.class)
                              .hasSize(1)));

      assertThat(ended).containsExactly(sessions.get(1), sessions.get(2));
    }
  }

  @Test
  @DisplayName("clean-up: a key of another program in place of a principal's")
  void cleanUp_wrongTypeOfAPrincipal() {
    StoredSession bobs = SampleSessions.authenticated("bob", NOW.plusSeconds(1)).build();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      store.insert(bobs);
      replace(server, KEYS.principal("bob"));

      CleanUp done = store.deleteExpired(sessions.get(2).absoluteDeadline(), 10, ended::add);

      assertThat(done).isEqualTo(new CleanUp(4, true));
      assertThat(ended)
          .containsExactlyInAnyOrder(sessions.get(0), sessions.get(1), sessions.get(2), bobs);
    }
  }

  private static void replace(TestServer server, byte[] key) {
    server.run(
        commands -> {
          commands.del(key);
          return commands.set(key, new byte[1]);
        });
  }

  @Test
  @DisplayName(
      "sign-out everywhere: an index that cannot be written leaves no session live or unrecorded")
  void signOut_wrongTypeOfAnIndex() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      replace(server, KEYS.expiry());

      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> UserSessions.signOut(store, "alice", ended))
          .withMessageContaining("WRONGTYPE");

      assertThat(sessions).allSatisfy(each -> assertThat(store.find(each.id())).isEmpty());
      assertThat(changed(server))
          .containsExactlyInAnyOrderElementsOf(sessions.stream().map(StoredSession::id).toList());
    }
  }

  private static List<SessionId> changed(TestServer server) {
    List<StreamMessage<byte[], byte[]>> log =
        server.run(
            commands -> commands.xrange(KEYS.changes(), Range.unbounded(), Limit.from(1_000)));
    return log.stream()
        .map(entry -> entry.getBody().values().iterator().next())
        .filter(value -> value.length == 16)
        .map(Keys::id)
        .toList();
  }

  @Test
  @DisplayName("sign-out everywhere: a log that cannot be written leaves no session live")
  void signOut_wrongTypeOfTheLog() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      replace(server, KEYS.changes());

      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> UserSessions.signOut(store, "alice", ended))
          .withMessageContaining("WRONGTYPE");

      assertThat(sessions).allSatisfy(each -> assertThat(store.find(each.id())).isEmpty());
    }
  }

  @Test
  @DisplayName(
      "sign-out everywhere: what could not be recorded, or the server has dropped, is recorded when it is tried again")
  void signOut_again_recordsWhatIsGone() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      server.run(commands -> commands.del(KEYS.record(sessions.get(2).id())));
      replace(server, KEYS.changes());
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> UserSessions.signOut(store, "alice", ended))
          .withMessageContaining("WRONGTYPE");
      server.run(commands -> commands.del(KEYS.changes()));

      assertThat(UserSessions.signOut(store, "alice", ended)).isZero();

      assertThat(changed(server))
          .containsExactlyInAnyOrderElementsOf(sessions.stream().map(StoredSession::id).toList());
      assertThat(server.<Long>run(commands -> commands.exists(KEYS.principal("alice")))).isZero();
    }
  }

  @Test
  @DisplayName(
      "a logout that is tried again records what could not be recorded, or the server has dropped, once")
  void delete_again_recordsWhatIsGone() {
    SessionId unrecorded = sessions.get(0).id();
    SessionId dropped = sessions.get(1).id();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      server.run(commands -> commands.del(KEYS.record(dropped)));
      replace(server, KEYS.changes());
      for (SessionId each : List.of(unrecorded, unrecorded, dropped)) {
        assertThatExceptionOfType(SessionStoreException.class)
            .isThrownBy(() -> store.delete(each))
            .withMessageContaining("WRONGTYPE");
      }
      server.run(commands -> commands.del(KEYS.changes()));

      for (SessionId each : List.of(unrecorded, dropped, unrecorded, SessionId.of(1, 1))) {
        assertThat(store.delete(each)).isEmpty();
      }

      assertThat(changed(server)).containsExactly(unrecorded, dropped);
      assertThat(store.find(sessions.get(2).id())).contains(sessions.get(2));
    }
  }

  /** What removes ids of records that are gone from an index. */
  private enum Remover {
    LIST,
    ADMITTED,
    REFUSED,
    CLEAN_UP;

    void run(RedisSessionStore store) {
      StoredSession next = SampleSessions.authenticated("alice", NOW.plusSeconds(9)).build();
      switch (this) {
        case LIST ->
            assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10))
                .hasSize(1);
        case ADMITTED -> assertThat(admit(store, next, 9)).isEqualTo(Admission.Outcome.STORED);
        case REFUSED -> assertThat(admit(store, next, 1)).isEqualTo(Admission.Outcome.REFUSED);
        case CLEAN_UP ->
            assertThat(store.deleteExpired(next.absoluteDeadline(), 10, gone -> {}))
                .isEqualTo(new CleanUp(1, true));
      }
    }

    private static Admission.Outcome admit(RedisSessionStore store, StoredSession next, int limit) {
      LoginLimit logins = store.loginLimit().orElseThrow();
      return logins.admit(next, true, limit, WhenFull.REFUSE_NEWCOMER, NOW).outcome();
    }
  }

  @ParameterizedTest
  @EnumSource(Remover.class)
  @DisplayName("the id of a record that is gone leaves an index only when its end is recorded")
  void gone_isRecorded(Remover remover) {
    SessionId unrecorded = sessions.get(0).id();
    SessionId dropped = sessions.get(1).id();
    byte[] index = remover == Remover.CLEAN_UP ? KEYS.expiry() : KEYS.principal("alice");
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      server.run(commands -> commands.del(KEYS.record(dropped)));
      replace(server, KEYS.changes());
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.delete(unrecorded))
          .withMessageContaining("WRONGTYPE");
      if (remover != Remover.CLEAN_UP) {
        remover.run(store);
        assertThat(indexed(server, index)).contains(unrecorded, dropped);
      }
      server.run(commands -> commands.del(KEYS.changes()));
      // Also if the server is out of memory, so that it refuses what could need some.
      server.run(
          commands -> commands.configSet("maxmemory", remover == Remover.ADMITTED ? "0" : "1"));

      remover.run(store);

      assertThat(changed(server)).containsExactlyInAnyOrder(unrecorded, dropped);
      assertThat(indexed(server, index)).doesNotContain(unrecorded, dropped);
    }
  }

  @Test
  @DisplayName(
      "clean-up: if the log cannot be written, it goes on, and keeps what is gone for a day")
  void cleanUp_wrongTypeOfTheLog() {
    SessionId dropped = sessions.get(0).id();
    Instant end = sessions.get(2).absoluteDeadline();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      server.run(commands -> commands.del(KEYS.record(dropped)));
      replace(server, KEYS.changes());

      assertThat(store.deleteExpired(end, 10, ended::add)).isEqualTo(new CleanUp(2, true));

      assertThat(ended).containsExactlyInAnyOrder(sessions.get(1), sessions.get(2));
      assertThat(indexed(server, KEYS.expiry())).containsExactly(dropped);
      server.run(commands -> commands.del(KEYS.changes()));
      assertThat(store.deleteExpired(end.plus(Duration.ofDays(1)), 10, ended::add))
          .isEqualTo(new CleanUp(0, true));
      assertThat(changed(server)).containsExactly(dropped);
      assertThat(indexed(server, KEYS.expiry())).isEmpty();
    }
  }

  private static List<SessionId> indexed(TestServer server, byte[] index) {
    List<byte[]> ids = server.run(commands -> commands.zrange(index, 0, -1));
    return ids.stream().map(Keys::id).toList();
  }

  @Test
  @DisplayName(
      "a login within the limit: the caller learns that it is stored, whatever it has ended")
  void admission_unexpectedFailure() {
    StoredSession next = SampleSessions.authenticated("alice", NOW.plusSeconds(9)).build();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      makeUnreadable(server, sessions.get(1));

      withFailingLog(
          () -> {
            LoginLimit limit = store.loginLimit().orElseThrow();
            Admission admission = limit.admit(next, true, 1, WhenFull.EVICT_OLDEST, NOW);
            assertThat(admission.outcome()).isEqualTo(Admission.Outcome.STORED);
            assertThat(admission.evicted()).containsExactly(sessions.get(0), sessions.get(2));
          });

      assertThat(store.find(next.id())).contains(next);
    }
  }

  @Test
  @DisplayName("a logout: it is done, even if the reading of the session fails unexpectedly")
  void delete_unexpectedFailure() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      makeUnreadable(server, sessions.get(0));
      makeUnreadable(server, sessions.get(1));

      withFailingLog(
          () -> {
            assertThat(store.delete(sessions.get(0).id())).isEmpty();
            assertThat(store.delete(sessions.get(1).id(), sessions.get(1).generation())).isEmpty();
          });

      assertThat(indexed(server, KEYS.expiry())).containsExactly(sessions.get(2).id());
      assertThat(store.delete(sessions.get(2).id())).contains(sessions.get(2));
    }
  }

  @Test
  @DisplayName("a deleted session whose attributes fail unexpectedly is handed over without them")
  void withoutAttributes() {
    AttributeValue value = AttributeValue.encoded(new byte[100]);
    StoredSession bare = sessions.get(0);
    byte[] record =
        SessionRecord.write(
            bare.toBuilder().attributes(Map.of("cart", value)).build(), bare.version());
    Function<byte[], StoredSession> failing =
        whole -> {
          throw new LinkageError("a class that cannot be loaded");
        };

    assertThat(Bucket.readEnded(record, failing)).contains(bare);

    EndedRecords records = new EndedRecords(failing, ended::add);
    records.accept(record);
    records.finish(null);
    assertThat(ended).containsExactly(bare);
    assertThat(Bucket.readEnded(new byte[0], failing)).isEmpty();
  }

  private static void addGone(TestServer server, int number) {
    server.run(
        commands ->
            commands.zadd(
                KEYS.principal("alice"),
                IntStream.range(0, number)
                    .boxed()
                    .flatMap(i -> Stream.<Object>of(0.0, Keys.bytes(SessionId.of(1, i))))
                    .toArray()));
  }

  @Test
  @DisplayName("a login of a principal with very many ids of gone records removes 1,000 of them")
  void admit_manyGone() throws IOException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      addGone(server, 1_500);
      LoginLimit limit = store.loginLimit().orElseThrow();
      int logins = 0;
      for (int left : new int[] {500, 0, 0}) {
        StoredSession login = SampleSessions.authenticated("alice", NOW).build();

        assertThat(limit.admit(login, true, 9, WhenFull.REFUSE_NEWCOMER, NOW).outcome())
            .isEqualTo(Admission.Outcome.STORED);
        logins++;
        assertThat(indexed(server, KEYS.principal("alice"))).hasSize(left + logins);
      }
    }
  }

  @Test
  @DisplayName("a list of a principal with very many ids of gone records does not hold the server")
  void list_manyGone() throws IOException {
    int gone = 5_000;
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      addGone(server, gone);
      replace(server, KEYS.changes());
      PrincipalIndex index = store.principalIndex().orElseThrow();

      try (MonitoredCommands monitored = new MonitoredCommands(server.port)) {
        for (int limit : new int[] {1, 2, 3, 10, 1_000}) {
          assertThat(index.findByPrincipal("alice", null, limit))
              .isEqualTo(sessions.subList(0, Math.min(limit, 3)));
          assertThat(monitored.sent())
              .as("scripts of which none looks at much more than 1,000 ids")
              .filteredOn(command -> command.startsWith("eval"))
              .hasSizeGreaterThanOrEqualTo(gone / 2_000);
        }
        assertThat(indexed(server, KEYS.principal("alice"))).hasSize(gone + 3);
        server.run(commands -> commands.del(KEYS.changes()));

        assertThat(index.findByPrincipal("alice", null, 10)).isEqualTo(sessions);
      }
      assertThat(indexed(server, KEYS.principal("alice"))).hasSize(3);
      assertThat(server.<Long>run(commands -> commands.xlen(KEYS.changes()))).isEqualTo(gone);
    }
  }

  @Test
  @DisplayName("a log that cannot be written is tried once, and not for each id of a gone record")
  void list_unwritableLog_isTriedOnce() {
    assumeTrue(TestServer.VERSION >= 7, "before, a server does not count errors");
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      sessions.forEach(each -> server.run(commands -> commands.del(KEYS.record(each.id()))));
      replace(server, KEYS.changes());
      server.run(commands -> commands.configResetstat());

      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).isEmpty();

      assertThat(TestServer.info(server.port, "errorstats")).contains("WRONGTYPE:count=1\r");
    }
  }

  @Test
  @DisplayName("a batch of touches: a server that has lost its scripts gets the text once")
  void touches_afterScriptFlush() throws IOException {
    Map<SessionId, Instant> moments = new LinkedHashMap<>();
    sessions.forEach(each -> moments.put(each.id(), NOW.plusSeconds(60)));
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      for (int twice = 0; twice < 2; twice++) {
        server.run(commands -> commands.scriptFlush());
        try (MonitoredCommands monitored = new MonitoredCommands(server.port)) {
          BatchTouch batch = store.batchTouch().orElseThrow();

          assertThat(batch.touchAll(moments, NOW)).hasSize(3);

          assertThat(monitored.sent()).filteredOn("eval"::equals).hasSize(1);
        }
      }
    }
  }

  @Test
  @DisplayName("a login within the limit: if the log cannot be written, nothing is stored or ended")
  void admission_wrongTypeOfTheLog() {
    StoredSession next = SampleSessions.authenticated("alice", NOW.plusSeconds(9)).build();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      sessions.forEach(store::insert);
      replace(server, KEYS.changes());
      LoginLimit limit = store.loginLimit().orElseThrow();

      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> limit.admit(next, true, 1, WhenFull.EVICT_OLDEST, NOW))
          .withMessageContaining("WRONGTYPE");

      assertThat(store.find(next.id())).isEmpty();
      assertThat(sessions).allSatisfy(each -> assertThat(store.find(each.id())).contains(each));
    }
  }

  @Test
  @DisplayName(
      "a batch of touches: a bucket that fails keeps no activity in another from being stored")
  void touches_inAnotherBucket() {
    List<StoredSession> spread =
        IntStream.range(0, 4)
            .mapToObj(i -> SampleSessions.anonymous(SessionId.of(1, i), NOW).build())
            .toList();
    Instant later = NOW.plusSeconds(60);
    Map<SessionId, Instant> moments = new LinkedHashMap<>();
    spread.forEach(each -> moments.put(each.id(), later));
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").buckets(2).build()) {
      spread.forEach(store::insert);
      replaceByList(server, new Keys("a/0").record(spread.get(0).id()));
      // The scripts are sent again when the answers are read.
      server.run(commands -> commands.scriptFlush());
      BatchTouch batch = store.batchTouch().orElseThrow();

      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> batch.touchAll(moments, NOW))
          .withMessageContaining("WRONGTYPE");

      for (int inTheOther : new int[] {1, 3}) {
        assertThat(store.find(spread.get(inTheOther).id()).orElseThrow().lastSeenAt())
            .isEqualTo(later);
      }
    }
  }

  private static void replaceByList(TestServer server, byte[] key) {
    server.run(
        commands -> {
          commands.del(key);
          return commands.lpush(key, new byte[1]);
        });
  }

  @Test
  @DisplayName("records whose reading fails keep only so many failures, however many they are")
  void failures_areBounded() {
    EndedRecords records =
        new EndedRecords(
            record -> {
              throw new IllegalStateException();
            },
            ended::add);
    IntStream.range(0, 3 * HandOver.MAX_SUPPRESSED).forEach(i -> records.accept(new byte[0]));

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> records.finish(null))
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(HandOver.MAX_SUPPRESSED));
  }

  @Test
  @DisplayName("closing: each part is closed, and no failure is lost")
  void closing() {
    List<String> closed = new ArrayList<>();
    IllegalStateException first = new IllegalStateException("first");
    AssertionError second = new AssertionError("second");

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(
            () ->
                Failures.runEach(
                    List.of(
                        () -> {
                          throw first;
                        },
                        () -> closed.add("between"),
                        () -> {
                          throw second;
                        },
                        () -> closed.add("last"))))
        .isSameAs(first);

    assertThat(first.getSuppressed()).containsExactly(second);
    assertThat(closed).containsExactly("between", "last");
  }
}
