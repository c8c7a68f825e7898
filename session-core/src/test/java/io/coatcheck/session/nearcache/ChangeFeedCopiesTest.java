package io.coatcheck.session.nearcache;

import static io.coatcheck.session.event.EndReason.IDLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@DisplayName("copies that stay valid until the change feed reports a change")
@Timeout(180)
class ChangeFeedCopiesTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration BOUND = Duration.ofSeconds(1);
  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final RemoteStore remote = new RemoteStore();

  /** Run once before the time is read next. */
  private Runnable beforeNow = () -> {};

  private final Copies copies = copies(Duration.ZERO);
  private final ReportedChanges feed = new ReportedChanges(copies, true);
  private final Revalidator revalidator =
      new Revalidator(copies, remote, Duration.ofMillis(250), feed);

  private Copies copies(Duration grace) {
    return new Copies(
        remote, BOUND.toNanos(), grace.toNanos(), 1 << 24, this::now, Duration.ofMillis(500));
  }

  private long now() {
    Runnable pause = beforeNow;
    beforeNow = () -> {};
    pause.run();
    return nanos.get();
  }

  @AfterEach
  void close() {
    copies.close();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  /** Lets time pass while the feed reports in time. */
  private void passWithFeed(Duration time) {
    for (Duration left = time; left.compareTo(Duration.ZERO) > 0; left = left.minusMillis(250)) {
      pass(Duration.ofMillis(250));
      feed.completeUpTo(nanos.get());
      revalidator.revalidate();
    }
  }

  private StoredSession stored() {
    StoredSession session =
        StoredSession.builder(SessionId.generate(NOW, RANDOM))
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(NOW)
            .principal("alice")
            .authenticatedAt(NOW)
            .idleTimeout(Duration.ofMinutes(30))
            .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
            .build();
    remote.insert(session);
    return session;
  }

  private NearCopies.Lookup look(StoredSession session) {
    return copies.lookUp(session.id(), 0, 0);
  }

  private void assertLooksAgain(StoredSession session) {
    assertThat(look(session).isConfirmed()).isTrue();
  }

  private void assertAnswersFromCopy(StoredSession session) {
    assertThat(look(session).isConfirmed()).isFalse();
  }

  @Nested
  @DisplayName("while the feed reports in time")
  class InTime {

    @Test
    void copy_ofAnyAge_asksNoStore() {
      StoredSession session = stored();
      look(session);

      passWithFeed(Duration.ofMinutes(4));

      assertAnswersFromCopy(session);
      assertThat(remote.finds).hasValue(1);
      assertThat(remote.batches).hasValue(0);
    }

    @Test
    void changed_looksAgain() {
      StoredSession session = stored();
      StoredSession other = stored();
      look(session);
      look(other);
      remote.update(session, NOW);

      feed.changed(session.id());

      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
      assertAnswersFromCopy(other);
    }

    @Test
    void changed_duringALoad_isNotKept() {
      StoredSession session = stored();
      remote.beforeFindAnswers =
          () -> {
            remote.delete(session.id());
            feed.changed(session.id());
          };

      look(session);

      assertThat(look(session).session()).isEmpty();
    }

    @Test
    @DisplayName("a report does not overlook a copy that is being added at that moment")
    void changed_whileACopyIsAdded_isNotKept() throws Exception {
      SessionStore live = InMemorySessionStore.builder().build();
      Copies adding = new Copies(live, BOUND.toNanos(), 0, 1 << 24, nanos::get, null);
      ReportedChanges reports = new ReportedChanges(adding, false);
      CountDownLatch isAdding = new CountDownLatch(1);
      CountDownLatch isReported = new CountDownLatch(1);
      // The value is encoded for the weight of the copy, which is computed while it is added.
      AttributeCodec slow = encodingAfter(isAdding, isReported);
      StoredSession session =
          stored().toBuilder().attributes(Map.of("a", AttributeValue.live("b", slow))).build();
      live.insert(session);
      Thread load = new Thread(() -> adding.find(session.id()), "load");
      Thread report = new Thread(() -> reports.changed(session.id()), "report");

      load.start();
      isAdding.await();
      live.delete(session.id());
      report.start();
      Await.until(() -> ENDED_OR_WAITING.contains(report.getState()));
      isReported.countDown();
      load.join();
      report.join();
      reports.completeUpTo(nanos.get());

      assertThat(adding.lookUp(session.id(), 0, 0).session()).isEmpty();
      adding.close();
      live.close();
    }

    private static final Set<Thread.State> ENDED_OR_WAITING =
        Set.of(Thread.State.TERMINATED, Thread.State.BLOCKED, Thread.State.WAITING);

    private AttributeCodec encodingAfter(CountDownLatch began, CountDownLatch mayEnd) {
      return new AttributeCodec() {

        @Override
        public byte[] encode(Object value) {
          began.countDown();
          try {
            mayEnd.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return new byte[1];
        }

        @Override
        public Object decode(byte[] bytes) {
          throw new AssertionError("a live value is not decoded");
        }
      };
    }

    @Test
    void changed_duringAWrite_isNotKept() {
      StoredSession session = stored();
      NearCacheSessionStore node = NearCacheSessionStore.builder(feedingStore()).build();
      remote.beforeUpdateAnswers =
          () -> {
            remote.delete(session.id());
            remote.feed.changed(session.id());
          };

      node.update(session, NOW);

      assertThat(node.nearCopies().orElseThrow().lookUp(session.id(), 0, 0).session()).isEmpty();
      node.close();
    }

    @Test
    void missed_discardsEverything() {
      StoredSession session = stored();
      look(session);

      feed.missed();

      assertThat(copies.all()).isEmpty();
      assertLooksAgain(session);
      assertAnswersFromCopy(session);
    }

    @Test
    void missed_duringALoad_isNotKept() {
      StoredSession session = stored();
      remote.beforeFindAnswers = feed::missed;

      look(session);

      assertLooksAgain(session);
    }

    @Test
    @DisplayName("this node's own write keeps its copy once the versions have been compared")
    void ownWrite_isSettled() {
      StoredSession session = stored();
      LocalEnds.Start start = copies.start(session.id());
      remote.update(session, NOW);
      copies.wrote(session.toBuilder().version(1).build(), start);
      feed.changed(session.id());

      revalidator.revalidate();
      passWithFeed(Duration.ofSeconds(5));

      assertAnswersFromCopy(session);
      assertThat(remote.finds).hasValue(0);
      assertThat(remote.batches).hasValue(1);
    }

    @Test
    void reportWhileItIsCompared_isNotLost() {
      StoredSession session = stored();
      look(session);
      feed.changed(session.id());
      remote.beforeStampsAnswer =
          () -> {
            remote.update(session, NOW);
            feed.changed(session.id());
          };

      revalidator.revalidate();

      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
    }

    @Test
    void comparisonThatFails_isTriedAgain() {
      StoredSession session = stored();
      look(session);
      feed.changed(session.id());
      remote.down = true;
      assertThatThrownBy(revalidator::revalidate).isInstanceOf(SessionStoreException.class);
      remote.down = false;

      revalidator.revalidate();

      assertAnswersFromCopy(session);
    }

    @Test
    @DisplayName("an end on another node is notified without a request")
    void endedElsewhere_isNotified() {
      List<StoredSession> gone = new CopyOnWriteArrayList<>();
      copies.onEndedElsewhere(gone::add);
      StoredSession session = stored();
      look(session);
      remote.delete(session.id());
      feed.changed(session.id());

      revalidator.revalidate();

      Await.until(() -> !gone.isEmpty());
      assertThat(gone).containsExactly(session);
    }

    @Test
    void manyChanges_areFewQueries() {
      for (int i = 0; i < 2_500; i++) {
        StoredSession session = stored();
        look(session);
        feed.changed(session.id());
      }
      for (int i = 0; i < 1_000; i++) {
        feed.changed(stored().id());
      }

      revalidator.revalidate();
      revalidator.revalidate();

      assertThat(remote.batches).as("only those with a copy, and once").hasValue(3);
    }

    @Test
    @DisplayName("a copy in use is compared with the store every few minutes all the same")
    void silentChange_isFoundBySweep() {
      StoredSession session = stored();
      look(session);
      remote.update(session, NOW);

      for (int i = 0; i < 10; i++) {
        passWithFeed(Duration.ofMinutes(1));
        look(session);
      }

      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.batches.get()).isPositive();
      assertThat(remote.finds).hasValue(2);
    }

    @Test
    @DisplayName("so is a copy in use whose activity is stored every minute")
    void silentChangeOfATouchedSession_isFoundBySweep() {
      StoredSession session = stored();
      look(session);
      remote.update(session, NOW);

      for (int i = 1; i <= 10; i++) {
        passWithFeed(Duration.ofMinutes(1));
        look(session);
        Instant seen = NOW.plus(Duration.ofMinutes(i));
        copies.flushTouches();
        assertThat(copies.touchSoon(session.id(), seen, seen)).isTrue();
        copies.flushTouches();
      }

      assertThat(look(session).session().orElseThrow().version()).isEqualTo(1);
    }

    @Test
    @DisplayName("a copy that is not in use is not trusted after ten minutes")
    void longUnused_looksAgain() {
      StoredSession session = stored();
      look(session);

      passWithFeed(Duration.ofMinutes(10));

      assertThat(remote.batches).hasValue(0);
      assertLooksAgain(session);
    }
  }

  @Nested
  @DisplayName("when the feed is late")
  class Late {

    @Test
    void paused_looksAgain() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(10));
      remote.delete(session.id());

      // As after a pause of the process: nothing ran meanwhile, the feed neither.
      pass(BOUND);

      assertThat(look(session).session()).isEmpty();
    }

    @Test
    @DisplayName(
        "a request that is paused while it looks at a copy is not misled by a later report")
    void pausedRequest_looksAgain() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(10));
      beforeNow =
          () -> {
            remote.delete(session.id());
            feed.changed(session.id());
            pass(Duration.ofSeconds(5));
            feed.completeUpTo(nanos.get());
          };

      assertThat(look(session).session()).isEmpty();
    }

    @Test
    void justWithinTheBound_asksNoStore() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(10));

      pass(BOUND.minusNanos(1));

      assertAnswersFromCopy(session);
    }

    @Test
    void slowReport_countsFromItsMoment() {
      StoredSession session = stored();
      look(session);
      long asked = nanos.get();
      pass(Duration.ofSeconds(3));

      feed.completeUpTo(asked);

      assertLooksAgain(session);
    }

    @Test
    void earlierMoment_isIgnored() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(10));

      feed.completeUpTo(nanos.get() - BOUND.toNanos());

      assertAnswersFromCopy(session);
    }

    @Test
    @DisplayName("copies in use are compared in batches, those unused for long are not")
    void feedLags_usedCopiesAreCompared() {
      StoredSession used = stored();
      StoredSession idle = stored();
      look(used);
      look(idle);
      assertAnswersFromCopy(idle);
      passWithFeed(Duration.ofSeconds(10));
      for (int i = 0; i < 12; i++) {
        assertAnswersFromCopy(used);
        pass(Duration.ofMillis(250));
        revalidator.revalidate();
      }

      assertThat(remote.finds).hasValue(2);
      assertThat(remote.batches.get()).isBetween(3, 12);
      assertLooksAgain(idle);
    }

    @Test
    @DisplayName("when it has caught up, copies are kept by it again")
    void caughtUp_asksNoStore() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(5));
      pass(Duration.ofSeconds(20));

      feed.completeUpTo(nanos.get());

      assertAnswersFromCopy(session);
    }

    @Test
    void unreachable_failsClosed() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(5));
      remote.down = true;
      pass(BOUND);

      assertThatThrownBy(() -> look(session)).isInstanceOf(SessionStoreException.class);
    }

    @Test
    @DisplayName("serveStaleOnOutage counts from when the feed was last complete")
    void unreachable_serveStale() {
      Copies lenient = copies(GRACE);
      ReportedChanges reports = new ReportedChanges(lenient, false);
      StoredSession session = stored();
      StoredSession reported = stored();
      lenient.lookUp(session.id(), 0, 0);
      lenient.lookUp(reported.id(), 0, 0);
      pass(Duration.ofMinutes(5));
      reports.changed(reported.id());
      reports.completeUpTo(nanos.get());
      remote.down = true;
      pass(BOUND.plus(GRACE).minusNanos(1));

      assertThat(lenient.lookUp(session.id(), 0, 0).isStale()).isTrue();
      assertThatThrownBy(() -> lenient.lookUp(reported.id(), 0, 0))
          .as("known to have changed")
          .isInstanceOf(SessionStoreException.class);
      pass(Duration.ofNanos(1));
      assertThatThrownBy(() -> lenient.lookUp(session.id(), 0, 0))
          .isInstanceOf(SessionStoreException.class);
      lenient.close();
    }
  }

  @Nested
  @DisplayName("I6: activity, which the feed does not report")
  class Activity {

    @Test
    @DisplayName("a copy that shows activity before the store has it is trusted for its age only")
    void pendingTouch_isTrustedForItsAge() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(10));
      copies.flushTouches();
      assertThat(copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60))).isTrue();
      assertAnswersFromCopy(session);

      passWithFeed(BOUND);

      assertLooksAgain(session);
    }

    @Test
    void storedTouch_isTrustedAgain() {
      StoredSession session = stored();
      look(session);
      passWithFeed(Duration.ofSeconds(10));
      copies.flushTouches();
      assertThat(copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60))).isTrue();

      copies.flushTouches();
      passWithFeed(Duration.ofSeconds(10));

      assertAnswersFromCopy(session);
      assertThat(look(session).session().orElseThrow().lastSeenAt()).isEqualTo(NOW.plusSeconds(60));
      assertThat(remote.finds).hasValue(1);
    }

    @Test
    @DisplayName("activity during an outage, which only the copy shows, never outlives the outage")
    void touchInOutage_isTrustedForItsAge() {
      Copies lenient = copies(GRACE);
      ReportedChanges reports = new ReportedChanges(lenient, false);
      StoredSession session = stored();
      lenient.lookUp(session.id(), 0, 0);
      pass(Duration.ofSeconds(2));
      remote.down = true;
      assertThat(lenient.touchInOutage(session.id(), NOW.plusSeconds(60))).isTrue();
      remote.down = false;

      reports.completeUpTo(nanos.get());

      NearCopies.Lookup near = lenient.lookUp(session.id(), 0, 0);
      assertThat(near.isConfirmed()).isTrue();
      assertThat(near.session().orElseThrow().lastSeenAt()).isEqualTo(NOW);
      lenient.close();
    }

    @Test
    @DisplayName("I6: nor does a comparison prolong a session that has expired in the store")
    void reportedAndExpiredInTheStore_isNotConfirmed() {
      StoredSession session = stored();
      Instant last = NOW.plus(Duration.ofMinutes(30)).minusSeconds(1);
      look(session);
      assertThat(copies.touchSoon(session.id(), last, last)).isTrue();
      pass(Duration.ofMillis(500));
      feed.changed(session.id());
      revalidator.revalidate();
      assertAnswersFromCopy(session);
      pass(Duration.ofMillis(500));
      feed.changed(session.id());

      revalidator.revalidate();

      assertLooksAgain(session);
    }

    @Test
    void comparedWithTheStore_showsActivityElsewhere() {
      StoredSession session = stored();
      look(session);
      remote.touch(session.id(), NOW.plusSeconds(90), NOW.plusSeconds(90));
      feed.changed(session.id());

      revalidator.revalidate();

      assertThat(look(session).session().orElseThrow().lastSeenAt()).isEqualTo(NOW.plusSeconds(90));
      assertThat(remote.finds).hasValue(1);
    }
  }

  @Test
  @DisplayName(
      "I20: no more than a bound wait for a comparison that fails; no copy is used by that")
  void reports_whileComparisonsFail_areBounded() {
    ReportedChanges bounded = new ReportedChanges(copies, true, 3);
    remote.stampsFailure = new SessionStoreException("down");
    List<StoredSession> sessions = Stream.generate(this::stored).limit(5).toList();
    sessions.forEach(this::look);
    for (StoredSession session : sessions) {
      bounded.changed(session.id());
      assertThatThrownBy(() -> bounded.settle(remote)).isSameAs(remote.stampsFailure);
    }
    assertThat(bounded.unsettled()).isEqualTo(3);

    remote.stampsFailure = null;
    bounded.settle(remote);

    assertThat(bounded.unsettled()).isZero();
    bounded.completeUpTo(nanos.get());
    sessions.subList(0, 3).forEach(this::assertAnswersFromCopy);
    sessions.subList(3, 5).forEach(this::assertLooksAgain);
  }

  @Nested
  @DisplayName("the store with a feed")
  class WithFeed {

    @Test
    @DisplayName("startup says how copies are kept current")
    void startUp_saysHowCopiesAreKept() {
      Logger logger = (Logger) LoggerFactory.getLogger(NearCacheSessionStore.class);
      ListAppender<ILoggingEvent> lines = new ListAppender<>();
      lines.start();
      logger.addAppender(lines);
      try {
        NearCacheSessionStore.builder(feedingStore()).build().close();
        NearCacheSessionStore.builder(remote).useChangeFeed(false).build().close();
        NearCacheSessionStore.builder(remote)
            .useChangeFeed(false)
            .revalidate(false)
            .build()
            .close();
        NearCacheSessionStore.builder(remote).maxStaleness(Duration.ZERO).build().close();
      } finally {
        logger.detachAppender(lines);
      }

      assertThat(lines.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly(
              "Near cache: copies stay valid until the change feed reports a change; a change on"
                  + " another node takes effect within PT1S",
              "Near cache: copies in use are compared with the store in batches; a change on"
                  + " another node takes effect within PT1S",
              "Near cache: copies are loaded again when they are too old; a change on another node"
                  + " takes effect within PT1S",
              "Near cache: no copies are kept; a change on another node takes effect within PT0S");
    }

    @Test
    @DisplayName("I11: a feed that reports less than twice within the bound is refused")
    void interval_aboveHalfOfTheBound_isRefused() {
      remote.feed.interval = Duration.ofMillis(501);

      assertThatThrownBy(() -> NearCacheSessionStore.builder(feedingStore()).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "maxStaleness must be at least twice the changeFeedInterval of the store, which is"
                  + " PT0.501S, unless useChangeFeed is off: PT1S");
      assertThat(remote.feed.listeners()).isZero();

      NearCacheSessionStore.builder(feedingStore()).useChangeFeed(false).build().close();
      NearCacheSessionStore.builder(feedingStore()).maxStaleness(Duration.ZERO).build().close();
      remote.feed.interval = Duration.ofMillis(500);
      NearCacheSessionStore.builder(feedingStore()).build().close();
    }

    @Test
    void lag_countsFromTheLastReport() {
      NearCacheSessionStore node =
          NearCacheSessionStore.builder(feedingStore()).nanoTime(nanos::get).build();
      pass(Duration.ofSeconds(2));
      remote.feed.completeUpTo(nanos.get());
      pass(Duration.ofMillis(300));

      assertThat(node.lag()).contains(Duration.ofMillis(300));
      node.close();
    }

    @Test
    void size_countsCopies() {
      NearCacheSessionStore node = NearCacheSessionStore.builder(feedingStore()).build();
      node.find(stored().id());
      node.find(stored().id());

      assertThat(node.size()).isEqualTo(2);
      node.close();
    }

    @Test
    void close_endsTheSubscription() {
      NearCacheSessionStore node = NearCacheSessionStore.builder(feedingStore()).build();
      assertThat(remote.feed.listeners()).isEqualTo(1);

      node.close();

      assertThat(remote.feed.listeners()).isZero();
    }

    @Test
    void useChangeFeed_false_doesNotSubscribe() {
      NearCacheSessionStore node =
          NearCacheSessionStore.builder(feedingStore()).useChangeFeed(false).build();

      assertThat(remote.feed.listeners()).isZero();
      node.close();
    }

    @Test
    void maxStaleness_zero_doesNotSubscribe() {
      NearCacheSessionStore node =
          NearCacheSessionStore.builder(feedingStore()).maxStaleness(Duration.ZERO).build();

      assertThat(remote.feed.listeners()).isZero();
      assertThat(node.lag()).isEmpty();
      node.close();
    }
  }

  @Nested
  @DisplayName("I6: deadlines")
  class Deadlines {

    private final AtomicReference<Instant> clock = new AtomicReference<>(NOW);
    private final List<SessionEvent.Ended> ended = new CopyOnWriteArrayList<>();
    private final SessionManager here =
        manager(NearCacheSessionStore.builder(feedingStore()).nanoTime(nanos::get).build());
    private final SessionManager elsewhere = manager(remote);
    private final String token = login();

    private SessionManager manager(SessionStore store) {
      return SessionManager.builder(store)
          .clock(clock::get)
          .policy(SessionPolicy.builder().idleTimeout(Duration.ofMinutes(30)).build())
          .cleanUpInterval(Duration.ZERO)
          .listener(
              event -> {
                if (event instanceof SessionEvent.Ended end) {
                  ended.add(end);
                }
              })
          .build();
    }

    private String login() {
      LoginOutcome outcome = here.authenticate(null, "alice", LoginOptions.defaults());
      return ((LoginOutcome.Granted) outcome).session().unsentToken().orElseThrow().value();
    }

    private Resolution resolve(SessionManager node) {
      remote.feed.completeUpTo(nanos.get());
      return node.adapter().resolve(List.of(token));
    }

    /** What the store does just before it answers, so that the deadline of the copy passes. */
    private void answerLate() {
      remote.beforeTouch = () -> {};
      clock.updateAndGet(now -> now.plusMillis(20));
    }

    /** Returns the session just before the deadline that its copy shows; it is used elsewhere. */
    private Session usedElsewhere(SessionManager node) {
      resolve(node);
      clock.set(NOW.plus(Duration.ofMinutes(29)));
      elsewhere.save(((Resolution.Live) resolve(elsewhere)).session());
      clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
      return ((Resolution.Live) resolve(node)).session();
    }

    private void assertGoesOn(SessionManager node) {
      assertThat(clock.get()).isAfter(NOW.plus(Duration.ofMinutes(30)));
      assertThat(resolve(node)).isInstanceOf(Resolution.Live.class);
      assertThat(resolve(elsewhere)).isInstanceOf(Resolution.Live.class);
      assertThat(ended).isEmpty();
    }

    @AfterEach
    void closeManagers() {
      here.close();
      elsewhere.close();
    }

    @Test
    @DisplayName("a session in use on another node does not expire here")
    void usedElsewhere_isLive() {
      resolve(here);
      clock.set(NOW.plus(Duration.ofMinutes(20)));
      Session session = ((Resolution.Live) resolve(elsewhere)).session();
      elsewhere.save(session);
      clock.set(NOW.plus(Duration.ofMinutes(40)));

      assertThat(resolve(here)).isInstanceOf(Resolution.Live.class);
    }

    @Test
    @DisplayName("a late update on an old copy does not end a session in use on another node")
    void usedElsewhere_lateUpdate_goesOn() {
      Session session = usedElsewhere(here);
      session.setAttribute("a", "1");
      remote.beforeUpdateAnswers = this::answerLate;

      assertThat(here.save(session)).isTrue();

      assertGoesOn(here);
    }

    @Test
    @DisplayName("nor does a late renewal")
    void usedElsewhere_lateRenewal_goesOn() {
      Session session = usedElsewhere(here);
      remote.beforeUpdateAnswers = this::answerLate;

      assertThat(here.renew(session)).isTrue();

      assertThat(session.isEnded()).isFalse();
      assertThat(remote.find(session.id())).isPresent();
      assertThat(ended).isEmpty();
    }

    @Test
    @DisplayName("nor does a late touch")
    void usedElsewhere_lateTouch_goesOn() {
      try (SessionManager alone =
          manager(
              NearCacheSessionStore.builder(feedingStore())
                  .revalidate(false)
                  .nanoTime(nanos::get)
                  .build())) {
        Session session = usedElsewhere(alone);
        remote.beforeTouch = this::answerLate;

        assertThat(alone.save(session)).isTrue();

        assertThat(session.isEnded()).isFalse();
        assertGoesOn(alone);
      }
    }

    @Test
    @DisplayName("but a late update of a session that nobody used in time ends it")
    void unused_lateUpdate_isEnded() {
      resolve(here);
      clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
      Session session = ((Resolution.Live) resolve(here)).session();
      session.setAttribute("a", "1");
      remote.beforeUpdateAnswers = this::answerLate;

      assertThat(here.save(session)).isFalse();

      assertThat(resolve(elsewhere)).isInstanceOf(Resolution.Unknown.class);
      assertThat(ended).singleElement().extracting(SessionEvent.Ended::reason).isEqualTo(IDLE);
    }

    @Test
    @DisplayName("I2: and so does a late touch")
    void unused_lateTouch_isEnded() {
      resolve(here);
      clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
      Session session = ((Resolution.Live) resolve(here)).session();
      remote.beforeTouch = this::answerLate;

      here.save(session);

      assertThat(session.isEnded()).isTrue();
      assertThat(resolve(elsewhere)).isInstanceOf(Resolution.Unknown.class);
      assertThat(ended).singleElement().extracting(SessionEvent.Ended::reason).isEqualTo(IDLE);
    }

    @Test
    @DisplayName("a copy that expires while another token is looked up causes no refusal")
    void usedElsewhere_anotherTokensLookUp_isLive() {
      resolve(here);
      clock.set(NOW.plus(Duration.ofMinutes(29)));
      elsewhere.save(((Resolution.Live) resolve(elsewhere)).session());
      clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(10));
      String junk = SessionToken.generate(SessionId.generate(NOW, RANDOM), RANDOM).value();
      remote.beforeFindAnswers = () -> clock.updateAndGet(now -> now.plusMillis(20));

      assertThat(here.adapter().resolve(List.of(token, junk))).isInstanceOf(Resolution.Live.class);

      assertGoesOn(here);
    }

    @Test
    @DisplayName("a copy that the feed keeps admits no request at the deadline, to the instant")
    void unused_expiresToTheInstant() {
      resolve(here);
      clock.set(NOW.plus(Duration.ofMinutes(30)).minusMillis(1));
      assertThat(here.adapter().resolveWithoutActivity(List.of(token), List.of()))
          .isInstanceOf(Resolution.Live.class);
      clock.set(NOW.plus(Duration.ofMinutes(30)));

      assertThat(resolve(here)).isInstanceOf(Resolution.Expired.class);
    }
  }

  private RemoteStore feedingStore() {
    remote.hasFeed = true;
    return remote;
  }
}
