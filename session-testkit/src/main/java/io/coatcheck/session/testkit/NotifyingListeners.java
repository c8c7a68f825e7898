package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** How a {@code ChangeFeed} treats its listeners. */
abstract class NotifyingListeners extends FeedPart {

  NotifyingListeners(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "The methods are called one at a time, in order")
  void calls_neverOverlap() throws Exception {
    ChangeJournal slow = new ChangeJournal(author().patience(), Duration.ofNanos(100_000));
    subscribed(store(), slow);
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
    subscribed(store(), failing);
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
    subscribed(store(), using);
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertThat(store().delete(session.id())).isPresent();
    assertThat(used.get(2 * StoreUnderTest.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "if the store is closed")
  void subscribe_afterClose_fails() {
    ChangeFeed feed = feed(store());
    store().close();
    assertThatThrownBy(() -> feed.subscribe(new ChangeJournal()))
        .isInstanceOf(SessionStoreException.class);
  }

  /** If it broke, one listener's fault would leave the copies of all others as they are. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "An exception, be it an Error, is logged and ends nothing")
  void listenerThatAlwaysThrows_endsNothing() throws Exception {
    ChangeJournal failed = new ChangeJournal(author().patience());
    ChangeFeed.Listener failing =
        new ChangeFeed.Listener() {
          @Override
          public void changed(SessionId id) {
            failed.changed(id);
            throw new StackOverflowError("on purpose");
          }

          @Override
          public void missed() {
            failed.missed();
            throw new StackOverflowError("on purpose");
          }

          @Override
          public void completeUpTo(long nanoTime) {
            failed.completeUpTo(nanoTime);
            throw new StackOverflowError("on purpose");
          }
        };
    subscribed(store(), failing);
    for (int round = 0; round < 3; round++) {
      int before = failed.entries().size();
      StoredSession session = insert(SampleSessions.anonymous(NOW));
      assertThat(store().delete(session.id())).isPresent();
      assertReported("beside a listener that throws", session.id());
      AtomicInteger calls = new AtomicInteger();
      failed.await(
          "another call of the listener that throws",
          call -> calls.incrementAndGet() > before && call.discards(session.id()));
    }
  }

  /** If it broke, copies would stay as they are after a near cache was closed and built again. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value =
          "Begins to report changes to a listener, until the subscription or the store is closed.")
  void subscribeAgain_whenNoListenerWasLeft_reportsWhatChangesFromThenOn() throws Exception {
    unsubscribe();
    for (int round = 0; round < 10; round++) {
      StoredSession session = insert(SampleSessions.anonymous(NOW));
      ChangeJournal journal = new ChangeJournal(author().patience());
      try (ChangeFeed.Subscription again = feed(store()).subscribe(journal)) {
        assertThat(again).isNotNull();
        assertThat(otherNode().delete(session.id())).isPresent();
        assertThat(journal.awaitComplete())
            .as("the calls after a change that followed the subscription")
            .anyMatch(call -> call.discards(session.id()));
      }
      assertThat(otherNode().find(session.id())).isEmpty();
    }
  }

  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "A call of the listener that has begun may still be running")
  void close_byTheListenerItself_endsItsCallsAndNoOthers() throws Exception {
    AtomicReference<ChangeFeed.Subscription> own = new AtomicReference<>();
    AtomicInteger later = new AtomicInteger();
    ChangeFeed.Listener closing =
        new ChangeFeed.Listener() {
          private boolean closed;

          @Override
          public void changed(SessionId id) {
            close();
          }

          @Override
          public void missed() {
            close();
          }

          @Override
          public void completeUpTo(long nanoTime) {
            close();
          }

          private void close() {
            ChangeFeed.Subscription subscription = own.get();
            if (closed) {
              later.incrementAndGet();
            } else if (subscription != null) {
              subscription.close();
              closed = true;
            }
          }
        };
    own.set(feed(store()).subscribe(closing));
    for (int round = 0; round < 3; round++) {
      StoredSession session = insert(SampleSessions.anonymous(NOW));
      assertThat(store().delete(session.id())).isPresent();
      assertReported("beside a listener that closed its subscription", session.id());
    }
    assertThat(later).as("calls after the listener closed its subscription").hasValue(0);
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "Each listener is notified of every change")
  void close_ofOneOfTwoSubscriptionsOfAListener_leavesTheOther() throws Exception {
    ChangeJournal journal = new ChangeJournal(author().patience());
    ChangeFeed.Subscription first = feed(store()).subscribe(journal);
    subscribed(store(), journal);
    first.close();
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    assertThat(store().delete(session.id())).isPresent();
    journal.awaitComplete();
    assertThat(journal.changed()).as("reported to the other subscription").contains(session.id());
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "Returns how far apart two calls of")
  void interval_isNotNegative() {
    assertThat(feed(store()).interval()).isGreaterThanOrEqualTo(Duration.ZERO);
  }
}
