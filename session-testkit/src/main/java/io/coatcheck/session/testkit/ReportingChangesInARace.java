package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
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

  /** The operations that changed something, as their callers saw them. */
  private final Collection<Change> changes = new ConcurrentLinkedQueue<>();

  ReportingChangesInARace(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** An operation that took effect between its call and its return. */
  private record Change(String operation, SessionId id, long called, long returned) {}

  @BeforeEach
  final void needsChangeFeed() {
    assumeTrue(store().changeFeed().isPresent(), "Not tested: the store has no ChangeFeed");
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

  /** Runs an operation on one session, and writes down that it changed the session. */
  private boolean change(String operation, SessionId id, Callable<Boolean> call) throws Exception {
    long called = System.nanoTime();
    boolean isChanged = call.call();
    if (isChanged) {
      changes.add(new Change(operation, id, called, System.nanoTime()));
    }
    return isChanged;
  }

  private StoredSession update(SessionStore node, StoredSession session) throws Exception {
    boolean isStored = change("update", session.id(), () -> node.update(session, NOW));
    return isStored ? successor(session) : session;
  }

  private void delete(SessionStore node, SessionId id) throws Exception {
    change("delete", id, () -> node.delete(id).isPresent());
  }

  private void deleteByPrincipal(SessionStore node, String principal) {
    Set<SessionId> deleted = new HashSet<>();
    long called = System.nanoTime();
    node.principalIndex()
        .orElseThrow()
        .deleteByPrincipal(principal, Set.of(), session -> deleted.add(session.id()));
    long returned = System.nanoTime();
    deleted.forEach(id -> changes.add(new Change("deleteByPrincipal", id, called, returned)));
  }

  private void admit(SessionStore node, StoredSession session, boolean isNew, int limit) {
    long called = System.nanoTime();
    Admission admission =
        node.loginLimit().orElseThrow().admit(session, isNew, limit, WhenFull.EVICT_OLDEST, NOW);
    long returned = System.nanoTime();
    for (StoredSession evicted : admission.evicted()) {
      changes.add(new Change("eviction by admit", evicted.id(), called, returned));
    }
    if (!isNew && admission.outcome() == Admission.Outcome.STORED) {
      changes.add(new Change("admit", session.id(), called, returned));
    }
  }

  /**
   * Fails if a feed reported that it is complete up to a moment before it reported a change that
   * had returned by then.
   */
  private void assertCompleteWhereItSaysSo(String node, List<ChangeJournal.Entry> entries) {
    Map<SessionId, List<Integer>> reports = new HashMap<>();
    List<Integer> missed = new ArrayList<>();
    List<Integer> completeness = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      ChangeJournal.Entry entry = entries.get(i);
      if (entry.id() != null) {
        reports.computeIfAbsent(entry.id(), first -> new ArrayList<>()).add(i);
      } else if (entry.isMissed()) {
        missed.add(i);
      } else {
        completeness.add(i);
      }
    }
    List<String> late = new ArrayList<>();
    for (Change change : changes) {
      int claim = firstClaim(entries, completeness, change.returned());
      boolean isReported =
          Stream.concat(missed.stream(), reports.getOrDefault(change.id(), List.of()).stream())
              .anyMatch(index -> index < claim && entries.get(index).at() - change.called() > 0);
      if (!isReported) {
        late.add(change.operation() + " of " + change.id());
      }
    }
    if (!late.isEmpty()) {
      throw new AssertionError(
          late.size()
              + " of "
              + changes.size()
              + " changes were not reported to the node "
              + node
              + " when the feed was complete up to a moment after their return: "
              + late.subList(0, Math.min(5, late.size())));
    }
  }

  /**
   * Returns the index of the first call that says that the feed is complete past a moment.
   *
   * @param completeness the indexes of all calls about completeness
   */
  private static int firstClaim(
      List<ChangeJournal.Entry> entries, List<Integer> completeness, long moment) {
    int low = 0;
    int high = completeness.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (entries.get(completeness.get(middle)).isCompletePast(moment)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low < completeness.size() ? completeness.get(low) : Integer.MAX_VALUE;
  }

  /** Waits until both feeds are complete, and checks their reports until then. */
  private void assertComplete(ChangeJournal here, ChangeJournal there) throws Exception {
    assertThat(changes).as("the changes").isNotEmpty();
    assertCompleteWhereItSaysSo("itself", here.awaitComplete());
    assertCompleteWhereItSaysSo("beside it", there.awaitComplete());
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
              StoredSession next = update(node, session);
              update(
                  node,
                  next.toBuilder()
                      .secretHash(SampleSessions.secretHash())
                      .generation(next.generation() + 1)
                      .build());
              delete(node, session.id());
            }
            return true;
          });
    }
    Race.among(writers);
    assertComplete(here, there);
  }

  /** A step of a revocation is long, and an update beside it is short and returns first. */
  @Test
  @Sentence(of = ChangeFeed.class, value = COMPLETE)
  void changesInLongTransactions_areReportedBeforeTheFeedIsComplete() throws Exception {
    assumeTrue(store().principalIndex().isPresent(), "Not tested: the store has no PrincipalIndex");
    ChangeJournal here = subscribed(store(), new ChangeJournal());
    ChangeJournal there = subscribed(otherNode(), new ChangeJournal());
    insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    insertMany(MANY, () -> SampleSessions.authenticated("bob", NOW));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Boolean> updating =
        () -> {
          StoredSession next = insert(SampleSessions.anonymous(NOW));
          do {
            next = update(otherNode(), next);
          } while (!done.get());
          return true;
        };
    Callable<Boolean> revoking =
        () -> {
          try {
            deleteByPrincipal(store(), "alice");
            deleteByPrincipal(otherNode(), "bob");
            return true;
          } finally {
            done.set(true);
          }
        };
    Race.among(List.of(updating, updating, revoking));
    assertComplete(here, there);
  }

  /** What is undone leaves nothing that would hold up, or hide, what others do. */
  @Test
  @Sentence(of = ChangeFeed.class, value = COMPLETE)
  void changesBesideLoginsThatFail_areReportedBeforeTheFeedIsComplete() throws Exception {
    assumeTrue(store().loginLimit().isPresent(), "Not tested: the store has no LoginLimit");
    ChangeJournal here = subscribed(store(), new ChangeJournal());
    ChangeJournal there = subscribed(otherNode(), new ChangeJournal());
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SessionStore node = i % 2 == 0 ? store() : otherNode();
      writers.add(
          () -> {
            for (Race race = Race.inFewRounds(); race.goesOn(); ) {
              StoredSession session = SampleSessions.authenticated("alice", NOW).build();
              admit(node, session, true, 3);
              admit(node, session, false, 3);
              // Its version is stored no more: the eviction that would be due is undone.
              admit(node, session, false, 1);
              delete(node, session.id());
            }
            return true;
          });
    }
    Race.among(writers);
    assertComplete(here, there);
  }

  /** If it broke, a copy that is loaded after the report would show the session as it was. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "returns the session as it was after the change, or later.")
  void changed_isNotCalledBeforeTheChangeIsVisible() throws Exception {
    Map<SessionId, Long> seen = new ConcurrentHashMap<>();
    ChangeJournal journal = new ChangeJournal();
    subscribed(
        store(),
        new ChangeFeed.Listener() {
          @Override
          public void changed(SessionId id) {
            seen.put(id, store().find(id).map(StoredSession::version).orElse(Long.MAX_VALUE));
            journal.changed(id);
          }

          @Override
          public void missed() {
            seen.clear();
            journal.missed();
          }

          @Override
          public void completeUpTo(long nanoTime) {
            journal.completeUpTo(nanoTime);
          }
        });
    journal.awaitComplete();
    List<StoredSession> updated = new ArrayList<>();
    List<StoredSession> deleted = new ArrayList<>();
    Race race = Race.inFewRounds();
    while (race.goesOn()) {
      StoredSession session = insert(SampleSessions.anonymous(NOW));
      assertThat(otherNode().update(session, NOW)).isTrue();
      updated.add(session);
      StoredSession ended = insert(SampleSessions.anonymous(NOW));
      assertThat(otherNode().delete(ended.id())).isPresent();
      deleted.add(ended);
    }
    journal.awaitComplete();
    for (StoredSession session : updated) {
      assertThat(seen).as("found after the report").containsEntry(session.id(), 1L);
    }
    for (StoredSession session : deleted) {
      assertThat(seen).as("found after the report").containsEntry(session.id(), Long.MAX_VALUE);
    }
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
    assertThat(paused.await(30, TimeUnit.SECONDS)).as("the feed calls its listener").isTrue();
    try {
      for (StoredSession session : insertMany(MANY, () -> SampleSessions.anonymous(NOW))) {
        delete(otherNode(), session.id());
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
    assertThat(paused.await(30, TimeUnit.SECONDS)).as("the feed calls its listener").isTrue();
    try {
      for (StoredSession session : insertMany(10, () -> SampleSessions.anonymous(NOW))) {
        delete(otherNode(), session.id());
      }
      author().forgetChanges();
    } finally {
      goesOn.countDown();
    }
    assertCompleteWhereItSaysSo("that was paused", here.awaitComplete());
    StoredSession later = insert(SampleSessions.anonymous(NOW));
    delete(otherNode(), later.id());
    here.awaitComplete();
    assertThat(here.changed()).as("reported after changes were missed").contains(later.id());
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
          if (!goesOn.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the test has not let the listener go on");
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
