package io.coatcheck.session.nearcache;

import static io.coatcheck.session.nearcache.CopiesFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName(
    "copies that stay valid while the change feed reports in time, until it reports a change")
@Timeout(180)
class ChangeFeedCopiesTest {

  @AutoClose private final CopiesFixture fixture = new CopiesFixture();
  private final RemoteStore remote = fixture.remote;
  private final Copies copies = fixture.copies;
  private final ReportedChanges feed = fixture.feed;
  private final Revalidator revalidator = fixture.revalidator;

  @Test
  void copy_ofAnyAge_asksNoStore() {
    StoredSession session = fixture.stored();
    fixture.look(session);

    fixture.passWithFeed(Duration.ofMinutes(4));

    fixture.assertAnswersFromCopy(session);
    assertThat(remote.finds).hasValue(1);
    assertThat(remote.batches).hasValue(0);
  }

  @Test
  void changed_looksAgain() {
    StoredSession session = fixture.stored();
    StoredSession other = fixture.stored();
    fixture.look(session);
    fixture.look(other);
    remote.update(session, NOW);

    feed.changed(session.id());

    assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
    fixture.assertAnswersFromCopy(other);
  }

  @Test
  void changed_duringALoad_isNotKept() {
    StoredSession session = fixture.stored();
    remote.beforeFindAnswers =
        () -> {
          remote.delete(session.id());
          feed.changed(session.id());
        };

    fixture.look(session);

    assertThat(fixture.look(session).session()).isEmpty();
  }

  @Test
  @DisplayName("a report does not overlook a copy that is being added at that moment")
  void changed_whileACopyIsAdded_isNotKept() throws Exception {
    SessionStore live = InMemorySessionStore.builder().build();
    Copies adding = fixture.copiesOf(live);
    ReportedChanges reports = CopiesFixture.feedOf(adding);
    CountDownLatch isAdding = new CountDownLatch(1);
    CountDownLatch isReported = new CountDownLatch(1);
    // The value is encoded for the weight of the copy, which is computed while it is added.
    AttributeCodec slow = encodingAfter(isAdding, isReported);
    StoredSession session =
        fixture.stored().toBuilder()
            .attributes(Map.of("a", AttributeValue.live("b", slow)))
            .build();
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
    reports.completeUpTo(fixture.nanos.get());

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
    StoredSession session = fixture.stored();
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote.withFeed()).build();
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
    StoredSession session = fixture.stored();
    fixture.look(session);

    feed.missed();

    fixture.assertNothingIsKept();
    fixture.assertLooksAgain(session);
    fixture.assertAnswersFromCopy(session);
  }

  @Test
  void missed_duringALoad_isNotKept() {
    StoredSession session = fixture.stored();
    remote.beforeFindAnswers = feed::missed;

    fixture.look(session);

    fixture.assertLooksAgain(session);
  }

  @Test
  @DisplayName("this node's own write keeps its copy once the versions have been compared")
  void ownWrite_isSettled() {
    StoredSession session = fixture.stored();
    fixture.update(session);

    revalidator.revalidate();
    fixture.passWithFeed(Duration.ofSeconds(5));

    fixture.assertAnswersFromCopy(session);
    assertThat(remote.finds).hasValue(0);
    assertThat(remote.batches).hasValue(1);
  }

  @Test
  void reportWhileItIsCompared_isNotLost() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    feed.changed(session.id());
    remote.beforeStampsAnswer =
        () -> {
          remote.update(session, NOW);
          feed.changed(session.id());
        };

    revalidator.revalidate();

    assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
  }

  @Test
  void comparisonThatFails_isTriedAgain() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    feed.changed(session.id());
    remote.down = true;
    assertThatThrownBy(revalidator::revalidate).isInstanceOf(SessionStoreException.class);
    remote.down = false;

    revalidator.revalidate();

    fixture.assertAnswersFromCopy(session);
  }

  @Test
  @DisplayName("an end on another node is notified without a request")
  void endedElsewhere_isNotified() {
    List<StoredSession> gone = new CopyOnWriteArrayList<>();
    copies.onEndedElsewhere(gone::add);
    StoredSession session = fixture.stored();
    fixture.look(session);
    remote.delete(session.id());
    feed.changed(session.id());

    revalidator.revalidate();

    Await.until(() -> !gone.isEmpty());
    assertThat(gone).containsExactly(session);
  }

  @Test
  void manyChanges_areFewQueries() {
    for (int i = 0; i < 2_500; i++) {
      StoredSession session = fixture.stored();
      fixture.look(session);
      feed.changed(session.id());
    }
    for (int i = 0; i < 1_000; i++) {
      feed.changed(fixture.stored().id());
    }

    revalidator.revalidate();
    revalidator.revalidate();

    assertThat(remote.batches).as("only those with a copy, and once").hasValue(3);
  }

  @Test
  @DisplayName("a copy in use is compared with the store every few minutes all the same")
  void silentChange_isFoundBySweep() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    remote.update(session, NOW);

    for (int i = 0; i < 10; i++) {
      fixture.passWithFeed(Duration.ofMinutes(1));
      fixture.look(session);
    }

    assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
    assertThat(remote.batches.get()).isPositive();
    assertThat(remote.finds).hasValue(2);
  }

  @Test
  @DisplayName("so is a copy in use whose activity is stored every minute")
  void silentChangeOfATouchedSession_isFoundBySweep() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    remote.update(session, NOW);

    for (int i = 1; i <= 10; i++) {
      fixture.passWithFeed(Duration.ofMinutes(1));
      fixture.look(session);
      Instant seen = NOW.plus(Duration.ofMinutes(i));
      copies.flushTouches();
      assertThat(copies.touchSoon(session.id(), seen, seen)).isTrue();
      copies.flushTouches();
    }

    assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
  }

  @Test
  @DisplayName("a copy that is not in use is not trusted after ten minutes")
  void longUnused_looksAgain() {
    StoredSession session = fixture.stored();
    fixture.look(session);

    fixture.passWithFeed(Duration.ofMinutes(10));

    assertThat(remote.batches).hasValue(0);
    fixture.assertLooksAgain(session);
  }

  @Test
  @DisplayName(
      "I20: no more than a bound wait for a comparison that fails; no copy is used by that")
  void reports_whileComparisonsFail_areBounded() {
    ReportedChanges bounded = fixture.feedThatSettles(3);
    remote.stampsFailure = new SessionStoreException("down");
    List<StoredSession> sessions = Stream.generate(fixture::stored).limit(5).toList();
    sessions.forEach(fixture::look);
    for (StoredSession session : sessions) {
      bounded.changed(session.id());
      assertThatThrownBy(() -> bounded.settle(remote)).isSameAs(remote.stampsFailure);
    }
    assertThat(bounded.unsettled()).isEqualTo(3);

    remote.stampsFailure = null;
    bounded.settle(remote);

    assertThat(bounded.unsettled()).isZero();
    bounded.completeUpTo(fixture.nanos.get());
    sessions.subList(0, 3).forEach(fixture::assertAnswersFromCopy);
    sessions.subList(3, 5).forEach(fixture::assertLooksAgain);
  }
}
