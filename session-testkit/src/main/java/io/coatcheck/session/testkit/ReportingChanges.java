package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code ChangeFeed}, one change at a time. */
abstract class ReportingChanges extends ContractPart {

  private static final String REPORTED =
      "Every update, with or without a new secret, and every deletion";

  /** How long a feed has to show that it is wrong during an outage. */
  private static final Duration OUTAGE = Duration.ofMillis(500);

  private final List<ChangeFeed.Subscription> subscriptions = new ArrayList<>();
  private ChangeJournal here = new ChangeJournal();
  private ChangeJournal there = new ChangeJournal();

  ReportingChanges(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsChangeFeed() throws Exception {
    assumeTrue(store().changeFeed().isPresent(), "Not tested: the store has no ChangeFeed");
    here = new ChangeJournal(author().patience());
    there = new ChangeJournal(author().patience());
    subscriptions.add(feed(store()).subscribe(here));
    subscriptions.add(feed(otherNode()).subscribe(there));
    here.awaitComplete();
    there.awaitComplete();
  }

  @AfterEach
  final void unsubscribe() {
    subscriptions.forEach(ChangeFeed.Subscription::close);
    subscriptions.clear();
  }

  private static ChangeFeed feed(SessionStore node) {
    return node.changeFeed().orElseThrow();
  }

  /** Waits until both nodes must know, and checks that they do. */
  private void assertReported(String operation, SessionId... ids) throws Exception {
    for (ChangeJournal journal : List.of(here, there)) {
      journal.awaitComplete();
      assertThat(journal.changed())
          .as("reported to %s: %s", journal == here ? "its own node" : "the other", operation)
          .contains(ids);
    }
  }

  @Test
  @Sentence("Returns the feed of changes, the same each time")
  void changeFeed_isTheSameEachTime() {
    assertThat(feed(store())).isSameAs(feed(store()));
  }

  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "Called again and again while the store answers, even if nothing changes")
  void completeUpTo_withoutChanges_goesOn() throws Exception {
    for (int i = 0; i < 3; i++) {
      here.awaitComplete();
    }
  }

  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "by System.nanoTime() of this process; never less than in a call before")
  void completeUpTo_movesForward_andIsNeverInTheFuture() throws Exception {
    here.awaitComplete();
    long last = Long.MIN_VALUE;
    for (ChangeJournal.Entry entry : here.awaitComplete()) {
      if (entry.completeUpTo() != null) {
        long moment = entry.completeUpTo();
        assertThat(moment - entry.at()).as("nanoseconds after its own call").isNotPositive();
        assertThat(last == Long.MIN_VALUE || moment - last >= 0).as("moves forward").isTrue();
        last = moment;
      }
    }
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void update_isReported() throws Exception {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertThat(store().update(session, NOW)).isTrue();
    assertReported("update", session.id());
  }

  /** If it broke, a login on one node would leave the old secret valid on another. */
  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void update_withANewSecret_isReported() throws Exception {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    StoredSession renewed =
        session.toBuilder()
            .secretHash(SampleSessions.secretHash())
            .generation(session.generation() + 1)
            .build();
    assertThat(otherNode().update(renewed, NOW)).isTrue();
    assertReported("update with a new secret", session.id());
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void delete_isReported() throws Exception {
    StoredSession one = insert(SampleSessions.anonymous(NOW));
    StoredSession other = insert(SampleSessions.authenticated("alice", NOW));
    assertThat(store().delete(one.id())).isPresent();
    assertThat(otherNode().delete(other.id(), other.generation())).isPresent();
    assertReported("delete", one.id(), other.id());
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void deleteByPrincipal_isReported() throws Exception {
    PrincipalIndex index = index();
    List<StoredSession> sessions =
        insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    index.deleteByPrincipal("alice", Set.of(), deleted -> {});
    assertReported("deleteByPrincipal", ids(sessions));
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void deleteOldest_isReported() throws Exception {
    PrincipalIndex index = index();
    List<StoredSession> old = insertMany(20, () -> SampleSessions.authenticated("alice", NOW));
    insert(SampleSessions.authenticated("alice", NOW.plusSeconds(1)));
    index.deleteOldest("alice", 1, NOW, deleted -> {});
    assertReported("deleteOldest", ids(old));
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "of what LoginLimit or Evictions ended")
  void admit_reportsWhatItEvicted() throws Exception {
    assumeTrue(store().loginLimit().isPresent(), "Not tested: the store has no LoginLimit");
    LoginLimit limit = store().loginLimit().orElseThrow();
    List<StoredSession> old = insertMany(4, () -> SampleSessions.authenticated("alice", NOW));
    StoredSession begun = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
    limit.admit(begun, true, 3, WhenFull.EVICT_OLDEST, NOW);
    StoredSession loggedIn = insert(SampleSessions.authenticated("alice", NOW.plusSeconds(2)));
    limit.admit(loggedIn, false, 1, WhenFull.EVICT_OLDEST, NOW);
    assertReported("the eviction of an insert", ids(old));
    assertReported("the eviction of an update", begun.id());
    assertReported("the update itself", loggedIn.id());
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "of what LoginLimit or Evictions ended")
  void eviction_isReported() throws Exception {
    assumeTrue(store().evictions().isPresent(), "Not tested: the store has no Evictions");
    try (SessionStore small = author().createSmallStore(Evicting.CAPACITY)) {
      Set<SessionId> evicted = ConcurrentHashMap.newKeySet();
      small.evictions().orElseThrow().onEvicted(session -> evicted.add(session.id()));
      ChangeJournal journal = new ChangeJournal();
      subscriptions.add(feed(small).subscribe(journal));
      for (int i = 0; i < 10 * Evicting.CAPACITY; i++) {
        small.insert(SampleSessions.anonymous(NOW).build());
      }
      journal.awaitComplete();
      assertThat(evicted).as("the evicted sessions").isNotEmpty();
      assertThat(journal.changed()).as("reported evictions").containsAll(evicted);
    }
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "The methods are called one at a time, in order")
  void calls_neverOverlap() throws Exception {
    ChangeJournal slow = new ChangeJournal(author().patience(), Duration.ofNanos(100_000));
    subscriptions.add(feed(store()).subscribe(slow));
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (SessionStore node : List.of(store(), otherNode(), store(), otherNode())) {
      writers.add(
          () -> {
            for (Race race = Race.inFewRounds(); race.goesOn(); ) {
              StoredSession session = insert(SampleSessions.anonymous(NOW));
              node.update(session, NOW);
              node.delete(session.id());
            }
            return true;
          });
    }
    Race.among(writers);
    slow.awaitComplete();
    assertThat(slow.hasOverlapped()).as("two calls at once").isFalse();
  }

  /** If it broke, a cache that failed to discard a copy would go on to use it. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "if changed threw one, the feed calls missed before the next")
  void listenerThatThrows_hasMissedChanges() throws Exception {
    ChangeJournal journal = new ChangeJournal();
    AtomicBoolean fails = new AtomicBoolean(true);
    ChangeFeed.Listener failing =
        new ChangeFeed.Listener() {
          @Override
          public void changed(SessionId id) {
            journal.changed(id);
            if (fails.getAndSet(false)) {
              throw new StackOverflowError("on purpose");
            }
          }

          @Override
          public void missed() {
            journal.missed();
          }

          @Override
          public void completeUpTo(long nanoTime) {
            journal.completeUpTo(nanoTime);
          }
        };
    subscriptions.add(feed(store()).subscribe(failing));
    journal.awaitComplete();
    int before = journal.entries().size();
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertThat(store().delete(session.id())).isPresent();
    assertReported("a change that another listener failed at", session.id());
    List<ChangeJournal.Entry> calls = journal.awaitComplete();
    int thrown = before;
    while (!calls.get(thrown).discards(session.id())) {
      thrown++;
    }
    int next = thrown + 1;
    while (calls.get(next).completeUpTo() == null && !calls.get(next).isMissed()) {
      next++;
    }
    assertThat(calls.get(next).isMissed()).as("missed comes first").isTrue();
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "no other begins after this returned")
  void close_endsTheCalls() throws Exception {
    ChangeJournal journal = new ChangeJournal();
    ChangeFeed.Subscription subscription = feed(store()).subscribe(journal);
    journal.awaitComplete();
    subscription.close();
    subscription.close();
    here.awaitComplete();
    int calls = journal.entries().size();
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertThat(store().delete(session.id())).isPresent();
    assertReported("after another subscription was closed", session.id());
    assertThat(journal.entries()).as("calls after the subscription was closed").hasSize(calls);
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "under no lock and with no connection held")
  void changed_isCalledUnderNoLock() throws Exception {
    CompletableFuture<Boolean> used = new CompletableFuture<>();
    ChangeFeed.Listener using =
        new ChangeFeed.Listener() {
          @Override
          public void changed(SessionId id) {
            if (!used.isDone()) {
              try {
                useOnOtherThreads();
                used.complete(true);
              } catch (AssertionError blocked) {
                used.completeExceptionally(blocked);
              }
            }
          }

          @Override
          public void missed() {}

          @Override
          public void completeUpTo(long nanoTime) {}
        };
    subscriptions.add(feed(store()).subscribe(using));
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertThat(store().delete(session.id())).isPresent();
    assertThat(used.get(2 * StoreUnderTest.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  /** If it broke, copies would be used during the outage, however long it lasts. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "While the store cannot be reached, or is too slow, completeUpTo is not called")
  void backendFails_feedIsNotComplete() throws Exception {
    author().breakBackend();
    ChangeJournal begun = new ChangeJournal(OUTAGE);
    subscriptions.add(feed(store()).subscribe(begun));
    long broken = System.nanoTime();
    assertThatThrownBy(begun::awaitComplete)
        .as("the feed is not complete when the backend fails")
        .isInstanceOf(TimeoutException.class);
    for (ChangeJournal journal : List.of(here, there)) {
      assertThat(journal.entries())
          .as("calls when the backend fails")
          .noneMatch(entry -> entry.isCompletePast(broken));
    }
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "if the store is closed")
  void subscribe_afterClose_fails() {
    ChangeFeed feed = feed(store());
    store().close();
    assertThatThrownBy(() -> feed.subscribe(new ChangeJournal()))
        .isInstanceOf(SessionStoreException.class);
  }

  private PrincipalIndex index() {
    assumeTrue(store().principalIndex().isPresent(), "Not tested: the store has no PrincipalIndex");
    return store().principalIndex().orElseThrow();
  }

  private static SessionId[] ids(List<StoredSession> sessions) {
    return sessions.stream()
        .map(StoredSession::id)
        .collect(Collectors.toSet())
        .toArray(SessionId[]::new);
  }
}
