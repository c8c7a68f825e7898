package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Evictions of a bounded store that is full. */
abstract class Evicting extends ContractPart {

  static final int CAPACITY = 100;

  private @Nullable SessionStore small;

  Evicting(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void openSmallStore() throws Exception {
    assumeHas(store().evictions(), Evictions.class);
    small = author().createSmallStore(CAPACITY);
  }

  @AfterEach
  final void closeSmallStore() {
    if (small != null) {
      small.close();
    }
  }

  private SessionStore small() {
    return Objects.requireNonNull(small);
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session is passed to exactly one call, after it is gone.")
  void onEvicted_eachEvictedSession_isPassedOnceAfterItIsGone() {
    List<StoredSession> evicted = new ArrayList<>();
    List<Boolean> found = new ArrayList<>();
    evictions()
        .onEvicted(
            session -> {
              evicted.add(session);
              found.add(small().find(session.id()).isPresent());
            });
    List<StoredSession> inserted = fill();
    assertThat(evicted).as("the evicted sessions").isNotEmpty().doesNotHaveDuplicates();
    assertThat(found).as("whether find returned the session during the call").containsOnly(false);
    assertPassedExactlyWhatIsMissing(inserted, evicted);
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session is passed to exactly one call, after it is gone.")
  void onEvicted_lastSnapshot_isPassed() {
    List<StoredSession> evicted = new ArrayList<>();
    evictions().onEvicted(evicted::add);
    StoredSession touched = SampleSessions.anonymous(NOW).build();
    small().insert(touched);
    small().touch(touched.id(), NOW.plusSeconds(60), NOW);
    fill();
    assertThat(evicted)
        .filteredOn(session -> session.id().equals(touched.id()))
        .allSatisfy(session -> assertThat(session.lastSeenAt()).isEqualTo(NOW.plusSeconds(60)));
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Sessions that expired, or that delete returned, are not passed to it.")
  void onEvicted_deletedOrExpired_isNotPassed() {
    List<StoredSession> evicted = new ArrayList<>();
    evictions().onEvicted(evicted::add);
    StoredSession deleted = SampleSessions.anonymous(NOW).build();
    StoredSession expired = SampleSessions.anonymous(NOW).absoluteDeadline(NOW).build();
    small().insert(deleted);
    small().insert(expired);
    small().delete(deleted.id());
    small().deleteExpired(NOW, 10, gone -> {});
    fill();
    assertThat(evicted).doesNotContain(deleted, expired);
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "called on the thread whose operation made room; must not block.")
  void onEvicted_onTheThreadThatMadeRoom() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    evictions().onEvicted(session -> threads.add(Thread.currentThread()));
    fill();
    assertThat(threads).containsExactly(Thread.currentThread());
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "The store catches and logs what it throws: the operation succeeds")
  void onEvicted_thatThrows_doesNotFailTheInsert() {
    evictions()
        .onEvicted(
            session -> {
              throw new IllegalStateException("on purpose");
            });
    List<StoredSession> inserted = fill();
    StoredSession last = inserted.get(inserted.size() - 1);
    assertThat(small().find(last.id())).as("the session inserted last").contains(last);
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session is passed to exactly one call, after it is gone.")
  void onEvicted_thatCallsTheStore_mayDoSo() {
    List<StoredSession> evicted = new ArrayList<>();
    evictions()
        .onEvicted(
            session -> {
              evicted.add(session);
              small().delete(session.id());
              small().deleteExpired(NOW, 1, gone -> {});
            });
    List<StoredSession> inserted = fill();
    assertPassedExactlyWhatIsMissing(inserted, evicted);
  }

  @Test
  @Sentence(of = Evictions.class, value = "Replaces the listener that was set before;")
  void onEvicted_twice_notifiesTheLastOne() {
    List<StoredSession> first = new ArrayList<>();
    List<StoredSession> second = new ArrayList<>();
    evictions().onEvicted(first::add);
    evictions().onEvicted(second::add);
    List<StoredSession> inserted = fill();
    assertThat(first).isEmpty();
    assertPassedExactlyWhatIsMissing(inserted, second);
  }

  /** If it broke, a session would be reported as ended twice, or vanish unreported. */
  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session is passed to exactly one call, after it is gone.")
  void insertsAtOnce_eachSessionIsStoredOrPassed() {
    ConcurrentLinkedQueue<StoredSession> ended = new ConcurrentLinkedQueue<>();
    evictions().onEvicted(ended::add);
    List<StoredSession> inserted = new ArrayList<>();
    List<Callable<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      List<StoredSession> sessions = sessions();
      inserted.addAll(sessions);
      calls.add(
          () -> {
            for (StoredSession session : sessions) {
              small().insert(session);
              small().touch(session.id(), NOW.plusSeconds(1), NOW);
              if (session.id().leastSignificantBits() % 3 == 0) {
                small().delete(session.id()).ifPresent(ended::add);
              }
            }
            return sessions.size();
          });
    }
    Race.among(calls);
    assertPassedExactlyWhatIsMissing(inserted, List.copyOf(ended));
  }

  private Evictions evictions() {
    return small().evictions().orElseThrow();
  }

  /** Inserts ten times as many sessions as the store can hold. */
  private List<StoredSession> fill() {
    List<StoredSession> sessions = sessions();
    sessions.forEach(small()::insert);
    return sessions;
  }

  private static List<StoredSession> sessions() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < 10 * CAPACITY; i++) {
      sessions.add(SampleSessions.anonymous(NOW).build());
    }
    return sessions;
  }

  private void assertPassedExactlyWhatIsMissing(
      List<StoredSession> inserted, List<StoredSession> passed) {
    assertThat(passed)
        .extracting(StoredSession::id)
        .as("the sessions passed to the listener; expected are those that are missing")
        .containsExactlyInAnyOrderElementsOf(
            inserted.stream()
                .map(StoredSession::id)
                .filter(id -> small().find(id).isEmpty())
                .toList());
  }
}
