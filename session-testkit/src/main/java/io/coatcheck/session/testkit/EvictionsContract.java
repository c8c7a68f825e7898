package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The contract of a store's {@link Evictions}: a test for every sentence of its documentation.
 * Extended like {@link SessionStoreContract}, by a store whose {@link SessionStore#evictions()} is
 * present.
 *
 * @since 0.1.0
 */
@SuppressWarnings("exports") // Only the annotation names it.
@ExtendWith(FailureReport.class)
public abstract class EvictionsContract {

  private static final Instant NOW = ContractPart.NOW;
  private static final int CAPACITY = 100;

  private SessionStore store;

  /** Creates the contract; it takes no arguments from a test class. */
  protected EvictionsContract() {}

  /**
   * Creates a store without any session that holds about {@code capacity} sessions, and never ten
   * times as many. Called before each test, which closes the store.
   */
  protected abstract SessionStore createStore(int capacity);

  /** Opens the store under test. */
  @BeforeEach
  final void openStore() {
    store = createStore(CAPACITY);
  }

  /** Closes the store under test. */
  @AfterEach
  final void closeStore() {
    store.close();
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session goes to exactly one call, after it is gone;")
  void onEvicted_eachSessionGivenUp_isToldOnceAfterItIsGone() {
    List<StoredSession> evicted = new ArrayList<>();
    List<Boolean> found = new ArrayList<>();
    evictions()
        .onEvicted(
            session -> {
              evicted.add(session);
              found.add(store.find(session.id()).isPresent());
            });
    List<StoredSession> inserted = fill();
    assertThat(evicted).as("who was given up").isNotEmpty().doesNotHaveDuplicates();
    assertThat(found).as("found when told").containsOnly(false);
    assertToldExactlyWhatIsMissing(inserted, evicted);
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session goes to exactly one call, after it is gone;")
  void onEvicted_lastSnapshot_isTold() {
    List<StoredSession> evicted = new ArrayList<>();
    evictions().onEvicted(evicted::add);
    StoredSession touched = SampleSessions.anonymous(NOW).build();
    store.insert(touched);
    store.touch(touched.id(), NOW.plusSeconds(60), NOW);
    fill();
    assertThat(evicted)
        .filteredOn(session -> session.id().equals(touched.id()))
        .allSatisfy(session -> assertThat(session.lastSeenAt()).isEqualTo(NOW.plusSeconds(60)));
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "sessions that expired, or that delete took, are not told here.")
  void onEvicted_deletedOrExpired_isNotTold() {
    List<StoredSession> evicted = new ArrayList<>();
    evictions().onEvicted(evicted::add);
    StoredSession deleted = SampleSessions.anonymous(NOW).build();
    StoredSession expired = SampleSessions.anonymous(NOW).absoluteDeadline(NOW).build();
    store.insert(deleted);
    store.insert(expired);
    store.delete(deleted.id());
    store.deleteExpired(NOW, 10, gone -> {});
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
      value = "What it throws is the store's to contain: the operation succeeds")
  void onEvicted_thatThrows_doesNotFailTheInsert() {
    evictions()
        .onEvicted(
            session -> {
              throw new IllegalStateException("on purpose");
            });
    List<StoredSession> inserted = fill();
    StoredSession last = inserted.get(inserted.size() - 1);
    assertThat(store.find(last.id())).as("the session inserted last").contains(last);
  }

  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session goes to exactly one call, after it is gone;")
  void onEvicted_thatCallsTheStore_mayDoSo() {
    List<StoredSession> evicted = new ArrayList<>();
    evictions()
        .onEvicted(
            session -> {
              evicted.add(session);
              store.delete(session.id());
              store.deleteExpired(NOW, 1, gone -> {});
            });
    List<StoredSession> inserted = fill();
    assertToldExactlyWhatIsMissing(inserted, evicted);
  }

  @Test
  @Sentence(of = Evictions.class, value = "Who is registered last is told, and nobody else;")
  void onEvicted_twice_tellsTheLastOne() {
    List<StoredSession> first = new ArrayList<>();
    List<StoredSession> second = new ArrayList<>();
    evictions().onEvicted(first::add);
    evictions().onEvicted(second::add);
    List<StoredSession> inserted = fill();
    assertThat(first).isEmpty();
    assertToldExactlyWhatIsMissing(inserted, second);
  }

  /** If it broke, a session would be reported as ended twice, or vanish unreported. */
  @Test
  @Sentence(
      of = Evictions.class,
      value = "Each such session goes to exactly one call, after it is gone;")
  void insertsAtOnce_eachSessionIsStoredOrTold() {
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
              store.insert(session);
              store.touch(session.id(), NOW.plusSeconds(1), NOW);
              if (session.id().leastSignificantBits() % 3 == 0) {
                store.delete(session.id()).ifPresent(ended::add);
              }
            }
            return sessions.size();
          });
    }
    Race.among(calls);
    assertToldExactlyWhatIsMissing(inserted, List.copyOf(ended));
  }

  private Evictions evictions() {
    return store.evictions().orElseThrow();
  }

  /** Inserts ten times as many sessions as the store can hold. */
  private List<StoredSession> fill() {
    List<StoredSession> sessions = sessions();
    sessions.forEach(store::insert);
    return sessions;
  }

  private static List<StoredSession> sessions() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < 10 * CAPACITY; i++) {
      sessions.add(SampleSessions.anonymous(NOW).build());
    }
    return sessions;
  }

  private void assertToldExactlyWhatIsMissing(
      List<StoredSession> inserted, List<StoredSession> told) {
    assertThat(told)
        .extracting(StoredSession::id)
        .as("the sessions that are told of are those that are missing")
        .containsExactlyInAnyOrderElementsOf(
            inserted.stream()
                .map(StoredSession::id)
                .filter(id -> store.find(id).isEmpty())
                .toList());
  }
}
