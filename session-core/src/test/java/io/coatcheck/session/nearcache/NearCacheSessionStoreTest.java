package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class NearCacheSessionStoreTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final RemoteStore remote = new RemoteStore();
  private final List<NearCacheSessionStore> opened = new ArrayList<>();
  private final NearCacheSessionStore node = near(Duration.ZERO);
  private final NearCopies copies = node.nearCopies().orElseThrow();

  @AfterEach
  void close() {
    opened.forEach(NearCacheSessionStore::close);
  }

  private NearCacheSessionStore near(Duration serveStaleOnOutage) {
    NearCacheSessionStore store =
        NearCacheSessionStore.builder(remote)
            .nanoTime(nanos::get)
            .revalidate(false)
            .serveStaleOnOutage(serveStaleOnOutage)
            .build();
    opened.add(store);
    return store;
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private StoredSession stored(String principal) {
    StoredSession session =
        StoredSession.builder(SessionId.generate(NOW, RANDOM))
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(NOW)
            .principal(principal)
            .authenticatedAt(principal == null ? null : NOW)
            .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
            .build();
    remote.insert(session);
    return session;
  }

  private NearCopies.Lookup look(StoredSession session) {
    return copies.lookUp(session.id(), 0, 0);
  }

  @Nested
  @DisplayName("within the bound")
  class Staleness {

    @Test
    void near_again_asksNoStore() {
      StoredSession session = stored("alice");
      assertThat(look(session).isConfirmed()).isTrue();
      pass(Duration.ofSeconds(1).minusNanos(1));

      NearCopies.Lookup near = look(session);

      assertThat(near.session()).contains(session);
      assertThat(near.isConfirmed()).isFalse();
      assertThat(remote.finds).hasValue(1);
      assertThat(node.hits()).isEqualTo(1);
      assertThat(node.misses()).isEqualTo(1);
    }

    @Test
    void totalAge_isThatOfTheCopiesThatAnswered() {
      StoredSession session = stored("alice");
      look(session);
      assertThat(node.totalAge()).isZero();

      pass(Duration.ofMillis(300));
      look(session);
      pass(Duration.ofMillis(200));
      look(session);
      assertThat(node.hits()).isEqualTo(2);
      assertThat(node.totalAge()).isEqualTo(Duration.ofMillis(800));

      pass(Duration.ofSeconds(1));
      look(session);
      assertThat(node.totalAge()).as("a miss has no age").isEqualTo(Duration.ofMillis(800));
    }

    @Test
    void near_atTheBound_asksTheStore() {
      StoredSession session = stored("alice");
      look(session);
      remote.delete(session.id());
      pass(Duration.ofSeconds(1));

      assertThat(look(session).session()).isEmpty();
      assertThat(remote.finds).hasValue(2);
    }

    @Test
    @DisplayName("a copy's age counts from before its load began")
    void near_slowLoad_isOldWhenItArrives() {
      StoredSession session = stored("alice");
      remote.beforeFindAnswers = () -> pass(Duration.ofMillis(600));
      look(session);
      pass(Duration.ofMillis(400));

      look(session);

      assertThat(remote.finds).hasValue(2);
    }

    @Test
    void find_alwaysAsksTheStore() {
      StoredSession session = stored("alice");
      look(session);
      remote.delete(session.id());

      assertThat(node.find(session.id())).isEmpty();
      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void near_zeroBound_keepsNoCopies() {
      NearCacheSessionStore off =
          NearCacheSessionStore.builder(remote).maxStaleness(Duration.ZERO).build();
      opened.add(off);
      StoredSession session = stored("alice");

      off.nearCopies().orElseThrow().lookUp(session.id(), 0, 0);
      off.nearCopies().orElseThrow().lookUp(session.id(), 0, 0);

      assertThat(remote.finds).hasValue(2);
    }

    @Test
    @DisplayName("a store that lost its last writes is believed when the copy is too old")
    void near_lowerVersionAfterAFailover_isKept() {
      StoredSession session = stored("alice");
      node.update(session, NOW);
      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
      remote.delete(session.id());
      remote.insert(session);
      pass(Duration.ofSeconds(1));

      assertThat(look(session).session().orElseThrow().version()).isZero();
      assertThat(look(session).isConfirmed()).as("from a copy").isFalse();
    }

    @Test
    @DisplayName("what the client has seen makes an older copy look again")
    void near_minimumVersion_looksAgain() {
      StoredSession session = stored("alice");
      look(session);
      remote.update(session, NOW);

      assertThat(copies.lookUp(session.id(), 0, 1).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.finds).hasValue(2);
      copies.lookUp(session.id(), 0, 1);
      assertThat(remote.finds).hasValue(2);
      // A false hint causes a look each time, and nothing else.
      assertThat(copies.lookUp(session.id(), 0, 99).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.finds).hasValue(3);
    }

    @Test
    @DisplayName("unknown ids leave nothing behind")
    void near_unknownIds_areNotKept() {
      for (int i = 0; i < 10_000; i++) {
        assertThat(copies.lookUp(SessionId.generate(NOW, RANDOM), 0, 0).session()).isEmpty();
      }
      assertThat(((Copies) copies).all()).isEmpty();
      assertThat(remote.finds).hasValue(10_000);
    }
  }

  @Nested
  @DisplayName("I2, I3, I5: what this node does takes effect on its copies before the call returns")
  class OwnWrites {

    @Test
    void update_isSeenAtOnce() {
      StoredSession session = stored("alice");
      look(session);

      node.update(session.toBuilder().userAgent("changed").build(), NOW);

      assertThat(look(session).session().orElseThrow().userAgent()).contains("changed");
      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.finds).hasValue(1);
    }

    @Test
    void update_lost_looksAgain() {
      StoredSession session = stored("alice");
      look(session);
      remote.update(session, NOW);

      assertThat(node.update(session, NOW)).isFalse();

      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
    }

    @Test
    void touch_isSeenAtOnce() {
      StoredSession session = stored("alice");
      look(session);

      node.touch(session.id(), NOW.plusSeconds(5), NOW.plusSeconds(5));

      assertThat(look(session).session().orElseThrow().lastSeenAt()).isEqualTo(NOW.plusSeconds(5));
    }

    @Test
    void delete_isSeenAtOnce() {
      StoredSession session = stored("alice");
      look(session);
      node.delete(session.id());
      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void delete_unreachable_forgetsTheCopy() {
      StoredSession session = stored("alice");
      look(session);
      remote.down = true;

      assertThatThrownBy(() -> node.delete(session.id())).isInstanceOf(SessionStoreException.class);
      assertThatThrownBy(() -> look(session)).isInstanceOf(SessionStoreException.class);
    }

    @Test
    void deleteByPrincipal_isSeenAtOnce_andBeforeTheListener() {
      StoredSession one = stored("alice");
      StoredSession other = stored("alice");
      look(one);
      look(other);
      List<Boolean> live = new ArrayList<>();

      node.principalIndex()
          .orElseThrow()
          .deleteByPrincipal(
              "alice",
              Set.of(),
              ended -> {
                live.add(look(one).session().isPresent());
                live.add(look(other).session().isPresent());
              });

      assertThat(live).containsOnly(false).hasSize(4);
    }

    @Test
    void deleteExpired_isSeenAtOnce() {
      StoredSession session = stored("alice");
      look(session);

      node.deleteExpired(session.absoluteDeadline(), 10, ended -> {});

      assertThat(look(session).session()).isEmpty();
    }
  }

  @Nested
  @DisplayName("what is under way when a session ends is discarded")
  class UnderWay {

    @Test
    void load_overtakenByDelete_isNotKept() {
      StoredSession session = stored("alice");
      remote.beforeFindAnswers = () -> node.delete(session.id());
      look(session);

      // If the load were kept, the session would be let in for another second.
      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void load_overtakenByRevocation_isNotKept() {
      StoredSession session = stored("alice");
      remote.beforeFindAnswers =
          () ->
              node.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), ended -> {});
      look(session);

      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void write_overtakenByRevocation_isNotKept() {
      StoredSession session = stored("alice");
      remote.beforeUpdateAnswers =
          () ->
              node.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), ended -> {});
      node.update(session, NOW);

      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void load_overtakenByWrite_doesNotHideIt() {
      StoredSession session = stored("alice");
      remote.beforeFindAnswers =
          () -> node.update(session.toBuilder().userAgent("new").build(), NOW);
      look(session);

      assertThat(look(session).session().orElseThrow().userAgent()).contains("new");
    }

    @Test
    @DisplayName("concurrent misses of one session share one load")
    void near_concurrentMisses_loadOnce() throws Exception {
      StoredSession session = stored("alice");
      CountDownLatch loading = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      remote.beforeFindAnswers =
          () -> {
            loading.countDown();
            await(release);
          };
      ExecutorService threads = Executors.newCachedThreadPool();
      try {
        Future<NearCopies.Lookup> first = threads.submit(() -> look(session));
        await(loading);
        List<Future<NearCopies.Lookup>> others = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          others.add(threads.submit(() -> look(session)));
        }
        release.countDown();
        assertThat(first.get(60, TimeUnit.SECONDS).session()).isPresent();
        for (Future<NearCopies.Lookup> one : others) {
          assertThat(one.get(60, TimeUnit.SECONDS).session()).contains(session);
        }
        assertThat(remote.finds).hasValue(1);
      } finally {
        threads.shutdownNow();
      }
    }

    @Test
    @DisplayName("a request whose thread is interrupted fails alone, not those that share its load")
    void near_interruptedLoad_othersLoadThemselves() throws Exception {
      StoredSession session = stored("alice");
      CountDownLatch loading = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      remote.beforeFindAnswers =
          () -> {
            loading.countDown();
            await(release);
            Thread.currentThread().interrupt();
            throw new SessionStoreException("find failed: the thread was interrupted");
          };
      Thread[] other = new Thread[1];
      ExecutorService first = Executors.newSingleThreadExecutor();
      ExecutorService second =
          Executors.newSingleThreadExecutor(work -> other[0] = new Thread(work));
      try {
        Future<NearCopies.Lookup> interrupted = first.submit(() -> look(session));
        await(loading);
        Future<NearCopies.Lookup> sharing = second.submit(() -> look(session));
        Await.until(() -> other[0] != null && other[0].getState() == Thread.State.WAITING);
        release.countDown();

        assertThatThrownBy(() -> interrupted.get(60, TimeUnit.SECONDS))
            .hasCauseInstanceOf(SessionStoreException.class);
        assertThat(sharing.get(60, TimeUnit.SECONDS).session()).contains(session);
      } finally {
        first.shutdownNow();
        second.shutdownNow();
      }
    }

    private void await(CountDownLatch latch) {
      try {
        assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Nested
  class Outage {

    @Test
    @DisplayName("I9: past the bound it fails closed")
    void near_pastTheBound_fails() {
      StoredSession session = stored("alice");
      look(session);
      remote.down = true;
      pass(Duration.ofMillis(999));
      assertThat(look(session).session()).isPresent();
      pass(Duration.ofMillis(1));

      assertThatThrownBy(() -> look(session)).isInstanceOf(SessionStoreException.class);
    }

    @Test
    void near_serveStaleOnOutage_admitsForThatMuchLonger() {
      NearCacheSessionStore lenient = near(Duration.ofSeconds(10));
      NearCopies lenientCopies = lenient.nearCopies().orElseThrow();
      StoredSession session = stored("alice");
      lenientCopies.lookUp(session.id(), 0, 0);
      remote.down = true;
      pass(Duration.ofSeconds(11).minusNanos(1));

      assertThat(lenientCopies.lookUp(session.id(), 0, 0).session()).contains(session);

      pass(Duration.ofNanos(1));
      assertThatThrownBy(() -> lenientCopies.lookUp(session.id(), 0, 0))
          .isInstanceOf(SessionStoreException.class);
    }

    @Test
    @DisplayName("a client that has seen more is not served an older copy, not even in an outage")
    void near_serveStaleOnOutage_notWhatIsKnownToBeOld() {
      NearCopies lenientCopies = near(Duration.ofSeconds(10)).nearCopies().orElseThrow();
      StoredSession session = stored("alice");
      lenientCopies.lookUp(session.id(), 0, 0);
      remote.down = true;

      assertThatThrownBy(() -> lenientCopies.lookUp(session.id(), 0, 1))
          .isInstanceOf(SessionStoreException.class);
      assertThat(lenientCopies.lookUp(session.id(), 0, 0).session()).contains(session);
    }

    @Test
    void longestAge_isTheBoundAndTheOutage() {
      assertThat(near(Duration.ofSeconds(10)).nearCopies().orElseThrow().longestAge())
          .isEqualTo(Duration.ofSeconds(11));
      assertThat(copies.longestAge()).isEqualTo(Duration.ofSeconds(1));
    }
  }

  @Nested
  @DisplayName("only a live session is answered from a copy")
  class Engine {

    private final SessionManager here = manager(node);
    private final SessionManager elsewhere = manager(near(Duration.ZERO));

    private final List<SessionEvent> events = new CopyOnWriteArrayList<>();

    private SessionManager manager(SessionStore store) {
      return SessionManager.builder(store)
          .listener(event -> events.add(event))
          .clock(() -> NOW)
          .codec(io.coatcheck.session.codec.JavaSerializationCodec.builder().build())
          .cleanUpInterval(Duration.ZERO)
          .build();
    }

    private String login(SessionManager manager, Session session) {
      LoginOutcome result = manager.authenticate(session, "alice", LoginOptions.defaults());
      return ((LoginOutcome.Granted) result).session().unsentToken().orElseThrow().value();
    }

    private Session live(SessionManager manager, String token) {
      return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
    }

    @Test
    void resolve_freshLoginElsewhere_isNeverRefused() {
      String first = login(here, null);
      live(here, first);
      String second = login(elsewhere, live(elsewhere, first));

      // This node's copy has the old secret only.
      assertThat(here.adapter().resolve(List.of(second))).isInstanceOf(Resolution.Live.class);
      assertThat(here.adapter().resolve(List.of(first))).isInstanceOf(Resolution.Superseded.class);
    }

    @Test
    void resolve_again_asksNoStore() {
      String token = login(here, null);
      live(here, token);
      int before = remote.finds.get();
      for (int i = 0; i < 100; i++) {
        live(here, token);
      }
      assertThat(remote.finds).hasValue(before);
    }

    @Test
    @DisplayName("I21: a copy of what has ended elsewhere does not make another token ambiguous")
    void resolve_oldCopyBesideALiveToken_refusesNothing() {
      String current = login(here, null);
      live(here, current);
      for (boolean first : List.of(true, false)) {
        String ended = login(here, null);
        elsewhere.revoke(live(here, ended).id());

        assertThat(
                here.adapter().resolve(first ? List.of(ended, current) : List.of(current, ended)))
            .isInstanceOf(Resolution.Live.class);
      }
      String both = login(here, null);
      live(here, both);
      assertThat(here.adapter().resolve(List.of(both, current)))
          .isInstanceOf(Resolution.Absent.class);
    }

    @Test
    @DisplayName("I2: two old copies of sessions that have ended admit no request")
    void resolve_twoOldCopies_areBothRefused() {
      String one = login(here, null);
      String other = login(here, null);
      live(here, one);
      live(here, other);
      elsewhere.revokeAllOf("alice");

      assertThat(here.adapter().resolve(List.of(one, other)))
          .isInstanceOf(Resolution.Unknown.class);
    }

    @Test
    @DisplayName("a session revoked elsewhere dies here within the bound")
    void resolve_revokedElsewhere_diesWithinTheBound() {
      String token = login(here, null);
      live(here, token);
      elsewhere.revokeAllOf("alice");
      assertThat(here.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);

      pass(Duration.ofSeconds(1));

      assertThat(here.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Unknown.class);
    }

    @Test
    @DisplayName("F45: a node with a copy is notified when it finds that the session has ended")
    void endElsewhere_isReported() {
      String token = login(here, null);
      Session session = live(here, token);
      elsewhere.revokeAllOf("alice");
      assertThat(endsElsewhere()).isEmpty();

      assertThat(here.isStillLive(session)).isFalse();

      Await.until(() -> endsElsewhere().size() == 1);
      SessionEvent.EndedElsewhere told = endsElsewhere().get(0);
      assertThat(told.session().id()).isEqualTo(session.id());
      assertThat(told.principal()).contains("alice");
      assertThat(told.at()).isEqualTo(NOW);

      assertThat(here.isStillLive(session)).isFalse();
      here.adapter().resolve(List.of(token));
      String other = login(here, null);
      live(here, other);
      elsewhere.revokeAllOf("alice");
      here.isStillLive(((Resolution.Live) here.adapter().resolve(List.of(other))).session());
      Await.until(() -> endsElsewhere().size() > 1);
      assertThat(endsElsewhere()).as("each once, in order").hasSize(2);
    }

    @Test
    void endHere_isNoEndElsewhere() {
      String token = login(here, null);
      live(here, token);

      here.revokeAllOf("alice");
      here.adapter().resolve(List.of(token));

      assertThat(endsElsewhere()).isEmpty();
      assertThat(events).filteredOn(SessionEvent.Ended.class::isInstance).hasSize(1);
    }

    private List<SessionEvent.EndedElsewhere> endsElsewhere() {
      return events.stream()
          .filter(SessionEvent.EndedElsewhere.class::isInstance)
          .map(SessionEvent.EndedElsewhere.class::cast)
          .toList();
    }

    @Test
    @DisplayName("I2: a request that an old copy admitted cannot write to a session that has ended")
    void save_onAnOldCopy_isDropped() {
      String token = login(here, null);
      live(here, token);
      elsewhere.revokeAllOf("alice");
      Session late = live(here, token);
      late.setAttribute("a", "1");

      assertThat(here.save(late)).isFalse();
      assertThat(here.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Unknown.class);
    }

    @Test
    @DisplayName("I4: a write on an old copy is merged into the newer session")
    void save_onAnOldCopy_isMerged() {
      String token = login(here, null);
      live(here, token);
      Session other = live(elsewhere, token);
      other.setAttribute("other", "1");
      elsewhere.save(other);
      Session own = live(here, token);
      own.setAttribute("own", "2");

      assertThat(here.save(own)).isTrue();

      assertThat(live(here, token).attributeNames()).containsExactly("other", "own");
    }

    @Test
    void resolve_forged_isConfirmedByTheStore() {
      String token = login(here, null);
      live(here, token);
      SessionToken forged =
          SessionToken.generate(
              SessionId.parse(token.substring(0, 36)).orElseThrow(), new SecureRandom());

      assertThat(here.adapter().resolve(List.of(forged.value())))
          .isInstanceOf(Resolution.Mismatched.class);
    }
  }

  @Nested
  @DisplayName("revalidation in batches")
  class Batches {

    private final Revalidator revalidator =
        new Revalidator((Copies) copies, remote, Duration.ofHours(1), null);

    @Test
    void revalidate_keepsUsedCopiesYoung() {
      StoredSession session = stored("alice");
      look(session);
      for (int i = 0; i < 20; i++) {
        look(session);
        pass(Duration.ofMillis(300));
        revalidator.revalidate();
      }
      assertThat(remote.finds).hasValue(1);
      assertThat(remote.batches).hasValue(20);
    }

    @Test
    void revalidate_unusedCopies_growOld() {
      StoredSession session = stored("alice");
      look(session);
      revalidator.revalidate();
      assertThat(remote.batches).hasValue(0);
      pass(Duration.ofSeconds(1));

      look(session);
      assertThat(remote.finds).hasValue(2);
    }

    @Test
    void revalidate_endedElsewhere_forgetsAndNotifies() {
      List<StoredSession> gone = new CopyOnWriteArrayList<>();
      copies.onEndedElsewhere(gone::add);
      StoredSession session = stored("alice");
      look(session);
      look(session);
      remote.delete(session.id());

      revalidator.revalidate();

      Await.until(() -> !gone.isEmpty());
      assertThat(gone).containsExactly(session);
      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void revalidate_changedElsewhere_looksAgain() {
      StoredSession session = stored("alice");
      look(session);
      look(session);
      remote.update(session, NOW);

      revalidator.revalidate();

      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
    }

    @Test
    @DisplayName("a copy that is newer than what the store has after a failover is discarded")
    void revalidate_lowerVersion_looksAgain() {
      StoredSession session = stored("alice");
      node.update(session, NOW);
      look(session);
      look(session);
      remote.delete(session.id());
      remote.insert(session);

      revalidator.revalidate();

      assertThat(look(session).session().orElseThrow().version()).isZero();
    }

    @Test
    void revalidate_manySessions_areFewQueries() {
      for (int i = 0; i < 2_500; i++) {
        StoredSession session = stored("user" + i);
        look(session);
        look(session);
      }
      revalidator.revalidate();
      assertThat(remote.batches).hasValue(3);
    }

    @Test
    @DisplayName("I15: the thread is named, runs, survives failures, and ends with the store")
    void thread_runsAndEnds() {
      remote.down = false;
      Set<Thread> before = Thread.getAllStackTraces().keySet();
      NearCacheSessionStore running =
          NearCacheSessionStore.builder(remote).maxStaleness(Duration.ofMillis(20)).build();
      running.nearCopies().orElseThrow().onEndedElsewhere(session -> {});
      List<Thread> threads =
          Thread.getAllStackTraces().keySet().stream()
              .filter(one -> one.getName().startsWith("coatcheck-") && !before.contains(one))
              .toList();
      assertThat(threads)
          .hasSize(2)
          .allMatch(Thread::isDaemon)
          .anyMatch(one -> one.getName().startsWith("coatcheck-revalidator-"))
          .anyMatch(one -> one.getName().startsWith("coatcheck-notifier-"));

      running.close();
      running.close();

      Await.until(() -> threads.stream().noneMatch(Thread::isAlive));
      assertThat(remote.closed).isTrue();
    }
  }

  @Test
  @DisplayName("I11: wrong settings are refused with setting, rule and value")
  void build_wrongSettings_areRefused() {
    NearCacheSessionStore.Builder builder = NearCacheSessionStore.builder(remote);
    assertThatThrownBy(() -> builder.maxStaleness(Duration.ofMinutes(2)))
        .hasMessage("maxStaleness must be between PT0S and PT1M: PT2M");
    assertThatThrownBy(() -> builder.maxStaleness(Duration.ofNanos(3)))
        .as("stores 24")
        .hasMessage("maxStaleness must be PT0S or at least PT0.01S: PT0.000000003S");
    assertThatThrownBy(() -> builder.maxStaleness(Duration.ofMillis(10).minusNanos(1)))
        .hasMessageStartingWith("maxStaleness must be PT0S or at least PT0.01S: ");
    builder.maxStaleness(Duration.ofMillis(10));
    builder.maxStaleness(Duration.ZERO);
    assertThatThrownBy(() -> builder.serveStaleOnOutage(Duration.ofHours(2)))
        .hasMessage("serveStaleOnOutage must be between PT0S and PT1H: PT2H");
    assertThatThrownBy(() -> builder.maximumBytes(1))
        .hasMessage("maximumBytes must be at least 65536: 1");
    assertThatThrownBy(() -> NearCacheSessionStore.wrap(InMemorySessionStore.builder().build()))
        .hasMessageContaining("a near cache needs a store that does not keep live values");
  }
}
