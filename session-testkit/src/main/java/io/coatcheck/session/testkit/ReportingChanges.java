package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code ChangeFeed}, one change at a time. */
abstract class ReportingChanges extends FeedPart {

  private static final String REPORTED =
      "Every update, with or without a new secret, and every deletion";

  /** How long a feed has to show that it is wrong during an outage. */
  private static final Duration OUTAGE = Duration.ofMillis(500);

  ReportingChanges(Supplier<Nodes> nodes) {
    super(nodes);
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

  /** If it broke, what a manager without listeners revokes would stay usable on other nodes. */
  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void deletionsByPrincipal_withoutAttributes_areReported() throws Exception {
    assertDeletionsAreReported(DeletedSessions.withoutAttributes(deleted -> {}));
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void deletionsByPrincipal_withAConsumerThatThrows_areReported() throws Exception {
    Consumer<StoredSession> failing =
        deleted -> {
          throw new IllegalStateException("on purpose");
        };
    assertDeletionsAreReported(DeletedSessions.of(true, failing));
  }

  private void assertDeletionsAreReported(DeletedSessions deleted) throws Exception {
    PrincipalIndex index = index();
    StoredSession spared = insert(SampleSessions.complete(NOW));
    List<StoredSession> revoked = insertMany(3, () -> SampleSessions.complete(NOW));
    ignoringFailure(() -> index.deleteByPrincipal("alice", Set.of(spared.id()), deleted));
    assertReported("deleteByPrincipal", ids(revoked));
    List<StoredSession> old =
        insertMany(3, () -> SampleSessions.complete(NOW).authenticatedAt(NOW));
    ignoringFailure(() -> index.deleteOldest("alice", 1, NOW, deleted));
    assertReported("deleteOldest", ids(old));
  }

  private static void ignoringFailure(Runnable call) {
    try {
      call.run();
    } catch (IllegalStateException ofTheConsumer) {
      assertThat(ofTheConsumer).hasMessage("on purpose");
    }
  }

  /** If it broke, a session that was ended, but could not be read, would be live in a copy. */
  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void delete_unreadable_isReported() throws Exception {
    StoredSession deleted = insertDamaged();
    store().delete(deleted.id());
    assertReported("delete of a session that cannot be read", deleted.id());
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = REPORTED)
  void deleteByPrincipal_unreadable_isReported() throws Exception {
    PrincipalIndex index = index();
    StoredSession revoked = insertDamaged();
    assertThat(index.deleteByPrincipal("alice", Set.of(), deleted -> {})).isOne();
    assertReported("deleteByPrincipal of a session that cannot be read", revoked.id());
  }

  private StoredSession insertDamaged() throws Exception {
    StoredSession session = insert(SampleSessions.complete(NOW));
    author().overwrite(session.id(), NotReading.Unreadable.DAMAGED.bytesOf(session));
    return session;
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = "of what LoginLimit or Evictions ended")
  void admit_reportsWhatItEvicted() throws Exception {
    assumeHas(store().loginLimit(), LoginLimit.class);
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
    assumeHas(store().evictions(), Evictions.class);
    try (SessionStore small = author().createSmallStore(Evicting.CAPACITY)) {
      Set<SessionId> evicted = ConcurrentHashMap.newKeySet();
      small.evictions().orElseThrow().onEvicted(session -> evicted.add(session.id()));
      ChangeJournal journal = new ChangeJournal();
      subscribed(small, journal);
      for (int i = 0; i < 10 * Evicting.CAPACITY; i++) {
        small.insert(SampleSessions.anonymous(NOW).build());
      }
      journal.awaitComplete();
      assertThat(evicted).as("the evicted sessions").isNotEmpty();
      assertThat(journal.changed()).as("reported evictions").containsAll(evicted);
    }
  }

  /** If it broke, copies would be used during the outage, however long it lasts. */
  @Test
  @Sentence(
      of = ChangeFeed.class,
      value = "While the store cannot be reached, or is too slow, completeUpTo is not called")
  void backendFails_feedIsNotComplete() throws Exception {
    author().breakBackend();
    ChangeJournal begun = new ChangeJournal(OUTAGE);
    subscribed(store(), begun);
    long broken = System.nanoTime();
    assertThatThrownBy(begun::awaitComplete, "completeUpTo is not called when the backend fails")
        .isInstanceOf(TimeoutException.class);
    for (ChangeJournal journal : List.of(here, there)) {
      assertThat(journal.entries())
          .as("calls when the backend fails")
          .noneMatch(entry -> entry.isCompletePast(broken));
    }
  }

  private PrincipalIndex index() {
    assumeHas(store().principalIndex(), PrincipalIndex.class);
    return store().principalIndex().orElseThrow();
  }

  private static SessionId[] ids(List<StoredSession> sessions) {
    return sessions.stream()
        .map(StoredSession::id)
        .collect(Collectors.toSet())
        .toArray(SessionId[]::new);
  }
}
