package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** {@code ChangeFeed}, while several threads on two nodes change sessions. */
abstract class ReportingChangesInARace extends ContractPart {

  private static final String COMPLETE =
      "every change whose operation returned to its caller before that moment, on any node, has"
          + " been reported";

  private final List<ChangeFeed.Subscription> subscriptions = new ArrayList<>();

  private final MadeChanges changes = new MadeChanges();

  ReportingChangesInARace(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsChangeFeed() {
    assumeHas(store().changeFeed(), ChangeFeed.class);
    changes.clear();
  }

  @AfterEach
  final void unsubscribe() {
    subscriptions.forEach(ChangeFeed.Subscription::close);
    subscriptions.clear();
  }

  private <L extends ChangeFeed.Listener> L subscribed(SessionStore node, L listener) {
    subscriptions.add(node.changeFeed().orElseThrow().subscribe(listener));
    return listener;
  }

  /** Waits until both feeds are complete, and checks their reports until then. */
  private void assertComplete(ChangeJournal here, ChangeJournal there) throws Exception {
    changes.assertAny();
    changes.assertReported("itself", here.awaitComplete());
    changes.assertReported("beside it", there.awaitComplete());
  }

  /** If it broke, a session that was logged out would be accepted until its deadline. */
  @Test
  @Sentence(of = ChangeFeed.class, value = COMPLETE)
  void changesByManyWriters_areReportedBeforeTheFeedIsComplete() throws Exception {
    ChangeJournal here = subscribed(store(), new ChangeJournal());
    ChangeJournal there = subscribed(otherNode(), new ChangeJournal());
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SessionStore node = i % 2 == 0 ? store() : otherNode();
      writers.add(
          () -> {
            for (Race race = Race.inFewRounds(); race.goesOn(); ) {
              StoredSession session = SampleSessions.authenticated("alice", NOW).build();
              node.insert(session);
              StoredSession next = changes.update(node, session);
              changes.update(
                  node,
                  next.toBuilder()
                      .secretHash(SampleSessions.secretHash())
                      .generation(next.generation() + 1)
                      .build());
              changes.delete(node, session.id());
            }
            return true;
          });
    }
    Race.among(writers);
    assertComplete(here, there);
  }

  /** If it broke, a node that starts would keep copies of sessions that are being ended. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "loaded or confirmed by a call of the store that began after the subscription")
  void subscriptionWhileChangesAreUnderWay_discardsCopies() throws Exception {
    List<StoredSession> sessions = insertMany(100, () -> SampleSessions.anonymous(NOW));
    CountDownLatch deleted = new CountDownLatch(8);
    List<Callable<Boolean>> threads = new ArrayList<>();
    for (int first = 0; first < 4; first++) {
      int from = first;
      threads.add(
          () -> {
            for (int i = from; i < sessions.size(); i += 4) {
              store().delete(sessions.get(i).id());
              deleted.countDown();
            }
            return true;
          });
    }
    ChangeJournal journal = new ChangeJournal(author().patience());
    Map<SessionId, Long> copied = new HashMap<>();
    threads.add(
        () -> {
          deleted.await();
          subscribed(otherNode(), journal);
          journal.awaitComplete();
          for (int i = sessions.size() - 1; i >= 0; i--) {
            long began = System.nanoTime();
            SessionId id = sessions.get(i).id();
            if (otherNode().find(id).isPresent()) {
              copied.put(id, began);
            }
          }
          return true;
        });
    Race.among(threads);
    List<ChangeJournal.Entry> calls = journal.awaitComplete();
    copied.forEach(
        (id, began) ->
            assertThat(calls)
                .as("calls that discard the copy of a session that was ended")
                .anyMatch(call -> call.discards(id) && call.at() - began > 0));
  }

  /** A step of a revocation is long, and an update beside it is short and returns first. */
  @Test
  @Sentence(of = ChangeFeed.class, value = COMPLETE)
  void changesInLongTransactions_areReportedBeforeTheFeedIsComplete() throws Exception {
    assumeHas(store().principalIndex(), PrincipalIndex.class);
    ChangeJournal here = subscribed(store(), new ChangeJournal());
    ChangeJournal there = subscribed(otherNode(), new ChangeJournal());
    insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    insertMany(MANY, () -> SampleSessions.authenticated("bob", NOW));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Boolean> updating =
        () -> {
          StoredSession next = insert(SampleSessions.anonymous(NOW));
          do {
            next = changes.update(otherNode(), next);
          } while (!done.get());
          return true;
        };
    Callable<Boolean> revoking =
        () -> {
          try {
            changes.deleteByPrincipal(store(), "alice");
            changes.deleteByPrincipal(otherNode(), "bob");
            return true;
          } finally {
            done.set(true);
          }
        };
    Race.among(List.of(updating, updating, revoking));
    assertComplete(here, there);
  }

  /** An operation that is undone must neither delay nor hide changes by others. */
  @Test
  @Sentence(of = ChangeFeed.class, value = COMPLETE)
  void changesBesideLoginsThatFail_areReportedBeforeTheFeedIsComplete() throws Exception {
    assumeHas(store().loginLimit(), LoginLimit.class);
    ChangeJournal here = subscribed(store(), new ChangeJournal());
    ChangeJournal there = subscribed(otherNode(), new ChangeJournal());
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SessionStore node = i % 2 == 0 ? store() : otherNode();
      writers.add(
          () -> {
            for (Race race = Race.inFewRounds(); race.goesOn(); ) {
              StoredSession session = SampleSessions.authenticated("alice", NOW).build();
              changes.admit(node, session, true, 3);
              changes.admit(node, session, false, 3);
              // Its version is stored no more: the eviction that would be due is undone.
              changes.admit(node, session, false, 1);
              changes.delete(node, session.id());
            }
            return true;
          });
    }
    Race.among(writers);
    assertComplete(here, there);
  }

  /** A process that was stopped for a while, for instance. */
  @Test
  @Sentence(of = ChangeFeed.class, value = COMPLETE)
  void changesWhileTheReaderIsPaused_areReportedAfterwards() throws Exception {
    CountDownLatch paused = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    ChangeJournal here = new ChangeJournal();
    subscribed(store(), new Pausing(here, paused, goesOn));
    ChangeJournal there = subscribed(otherNode(), new ChangeJournal());
    assertThat(paused.await(60, TimeUnit.SECONDS)).as("the feed calls its listener").isTrue();
    try {
      for (StoredSession session : insertMany(MANY, () -> SampleSessions.anonymous(NOW))) {
        changes.delete(otherNode(), session.id());
      }
    } finally {
      goesOn.countDown();
    }
    assertComplete(here, there);
  }

  /** If it broke, copies would stay although it is unknown what has changed. */
  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence(
      of = ChangeFeed.class,
      value = "If it cannot find out what changed meanwhile, it calls Listener.missed")
  void changesForgottenWhileTheReaderIsPaused_areMissed() throws Exception {
    CountDownLatch paused = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    ChangeJournal here = new ChangeJournal();
    subscribed(store(), new Pausing(here, paused, goesOn));
    assertThat(paused.await(60, TimeUnit.SECONDS)).as("the feed calls its listener").isTrue();
    try {
      for (StoredSession session : insertMany(10, () -> SampleSessions.anonymous(NOW))) {
        changes.delete(otherNode(), session.id());
      }
      author().forgetChanges();
    } finally {
      goesOn.countDown();
    }
    changes.assertReported("that was paused", here.awaitComplete());
    StoredSession later = insert(SampleSessions.anonymous(NOW));
    changes.delete(otherNode(), later.id());
    here.awaitComplete();
    assertThat(here.changed()).as("reported after changes were missed").contains(later.id());
  }

  /** If it broke, copies would stay as they were before the connection was lost. */
  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence(of = ChangeFeed.class, value = "continues by itself when the store answers again")
  void changesAfterAnOutage_areReportedBeforeTheFeedIsComplete() throws Exception {
    CountDownLatch paused = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    ChangeJournal here = new ChangeJournal(author().patience());
    subscribed(store(), new Pausing(here, paused, goesOn));
    assertThat(paused.await(60, TimeUnit.SECONDS)).as("the feed calls its listener").isTrue();
    try {
      author().breakBackend();
      author().restoreBackend();
      for (int i = 0; i < 10; i++) {
        StoredSession session = SampleSessions.anonymous(NOW).build();
        insertWhenItAnswers(session);
        changes.delete(otherNode(), session.id());
      }
    } finally {
      goesOn.countDown();
    }
    changes.assertAny();
    changes.assertReported("that was cut off", here.awaitComplete());
    StoredSession later = insert(SampleSessions.anonymous(NOW));
    changes.delete(otherNode(), later.id());
    changes.assertReported("after it was cut off", here.awaitComplete());
  }

  /** Clients may take some time to connect again. */
  private void insertWhenItAnswers(StoredSession session) {
    long deadline = System.nanoTime() + StoreUnderTest.PATIENCE.toNanos();
    for (SessionStore node : List.of(store(), otherNode())) {
      while (true) {
        try {
          node.find(session.id());
          break;
        } catch (SessionStoreException failure) {
          if (System.nanoTime() - deadline > 0) {
            throw failure;
          }
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
      }
    }
    otherNode().insert(session);
  }

  /** Stops the thread of the feed once, as if the process had been stopped. */
  private record Pausing(ChangeJournal journal, CountDownLatch paused, CountDownLatch goesOn)
      implements ChangeFeed.Listener {

    @Override
    public void changed(SessionId id) {
      journal.changed(id);
    }

    @Override
    public void missed() {
      journal.missed();
    }

    @Override
    public void completeUpTo(long nanoTime) {
      journal.completeUpTo(nanoTime);
      if (paused.getCount() > 0) {
        paused.countDown();
        try {
          if (!goesOn.await(240, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the test has not let the listener go on");
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
