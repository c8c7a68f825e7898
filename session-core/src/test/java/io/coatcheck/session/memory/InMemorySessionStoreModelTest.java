package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random operations, against a map that knows what must come out, and all at once. */
class InMemorySessionStoreModelTest {

  private static final List<String> PRINCIPALS = List.of("alice", "Alice", "bob", "carol");
  private static final int IDS = 40;

  private final Map<SessionId, StoredSession> model = new HashMap<>();
  private Random random = new Random(0);
  private Instant now = Sessions.NOW;
  private InMemorySessionStore store = InMemorySessionStore.builder().build();
  private PrincipalIndex index = store.principalIndex().orElseThrow();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomOperations_agreeWithTheModel(long seed) {
    begin(seed, 1_000_000);
    for (int i = 0; i < 4_000; i++) {
      operate(true);
      assertThat(store.find(someId()))
          .isEqualTo(Optional.ofNullable(model.get(lastId)))
          .as("operation %s", i);
      if (i % 50 == 0) {
        assertAgrees();
      }
    }
    endAll();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomOperations_atTheBound_agreeWithTheModel(long seed) {
    begin(seed, 12);
    for (int i = 0; i < 4_000; i++) {
      operate(false);
      assertThat(store.table().size()).as("sessions after operation %s", i).isLessThanOrEqualTo(12);
      assertAgrees();
    }
    endAll();
  }

  @Test
  void randomOperations_atOnce_leaveNothingBehind() throws Exception {
    for (int round = 0; round < 10; round++) {
      begin(round, 30);
      int threads = 4;
      ExecutorService pool = Executors.newFixedThreadPool(threads);
      CountDownLatch start = new CountDownLatch(1);
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        long seed = 100L * round + i;
        running.add(
            pool.submit(
                () -> {
                  start.await();
                  shake(new Random(seed), 3_000);
                  return seed;
                }));
      }
      start.countDown();
      for (Future<?> one : running) {
        one.get();
      }
      pool.shutdown();
      assertIndexAgreesWithFind();
      endAll();
    }
  }

  @Test
  @DisplayName("F58: no entry and no index is left of what was created, expired and deleted")
  void createExpireDelete_leaveNothingBehind() {
    begin(0, 1_000_000);
    for (int i = 0; i < 100_000; i++) {
      StoredSessionBuilder session =
          i % 2 == 0 ? Sessions.anonymous() : Sessions.of("p" + i % 1_000);
      store.insert(session.build());
      StoredSession deleted = Sessions.of("q" + i).build();
      store.insert(deleted);
      store.touch(deleted.id(), now.plusSeconds(i), now);
      assertThat(store.delete(deleted.id())).isPresent();
    }
    int expired = 0;
    CleanUp cleanUp = new CleanUp(0, false);
    for (; !cleanUp.isComplete(); expired += cleanUp.deleted()) {
      cleanUp = store.deleteExpired(now.plus(Duration.ofMinutes(30)), 1_000, gone -> {});
    }
    assertThat(expired).isEqualTo(100_000);
    assertThat(store.table().isEmpty()).as("nothing is left").isTrue();
  }

  @Test
  void flood_leavesNothingBehind() {
    begin(0, 100);
    for (int i = 0; i < 20_000; i++) {
      store.insert(Sessions.anonymous().build());
    }
    assertThat(store.deleteExpired(now.plus(Duration.ofMinutes(30)), 1_000, gone -> {}).deleted())
        .isEqualTo(100);
    assertThat(store.table().isEmpty()).as("nothing is left").isTrue();
  }

  private SessionId lastId = SessionId.of(0, 0);

  private void begin(long seed, long maximum) {
    random = new Random(seed);
    model.clear();
    store = InMemorySessionStore.builder().maximumSessions(maximum).build();
    store.evictions().orElseThrow().onEvicted(evicted -> model.remove(evicted.id(), evicted));
    index = store.principalIndex().orElseThrow();
  }

  private SessionId someId() {
    lastId = SessionId.of(0, random.nextInt(IDS));
    return lastId;
  }

  private void operate(boolean unbounded) {
    now = now.plusMillis(random.nextInt(20_000));
    SessionId id = someId();
    StoredSession known = model.get(id);
    switch (random.nextInt(unbounded ? 10 : 13)) {
      case 0 -> remove(store.delete(id), id);
      case 1 -> {
        Instant seen = now.plusMillis(random.nextInt(20_000) - 10_000L);
        boolean live = known != null && !known.isExpiredAt(now);
        assertThat(store.touch(id, seen, now)).isEqualTo(live);
        if (live && seen.isAfter(known.lastSeenAt())) {
          model.put(id, known.toBuilder().lastSeenAt(seen).build());
        }
      }
      case 2, 3 -> {
        StoredSession wanted = change(known == null ? candidate(id) : known);
        boolean accepted = accepts(known, wanted);
        assertThat(store.update(wanted, now)).isEqualTo(accepted);
        if (accepted) {
          model.put(id, successor(known, wanted));
        }
      }
      case 4 -> {
        List<StoredSession> gone = new ArrayList<>();
        int limit = 1 + random.nextInt(3);
        long expired = model.values().stream().filter(one -> one.isExpiredAt(now)).count();
        // A call may do nothing but look at sessions that are in use.
        CleanUp cleanUp = new CleanUp(0, false);
        for (int calls = 0; !cleanUp.isComplete() && gone.size() < limit; calls++) {
          cleanUp = store.deleteExpired(now, limit - gone.size(), gone::add);
          assertThat(calls).isLessThanOrEqualTo(2 * IDS);
        }
        assertThat(gone).hasSize((int) Math.min(limit, expired));
        gone.forEach(one -> assertThat(one.isExpiredAt(now)).isTrue());
        gone.forEach(one -> remove(Optional.of(one), one.id()));
      }
      case 5 -> {
        String principal = PRINCIPALS.get(random.nextInt(PRINCIPALS.size()));
        Set<SessionId> except = Set.of(id);
        Set<StoredSession> expected = ofPrincipal(principal);
        expected.removeIf(one -> except.contains(one.id()));
        List<StoredSession> gone = new ArrayList<>();
        assertThat(index.deleteByPrincipal(principal, except, gone::add)).isEqualTo(gone.size());
        assertThat(gone).containsExactlyInAnyOrderElementsOf(expected);
        gone.forEach(one -> remove(Optional.of(one), one.id()));
      }
      case 6 -> admit(known, id);
      case 7 -> {
        String principal = PRINCIPALS.get(random.nextInt(PRINCIPALS.size()));
        int keep = 1 + random.nextInt(3);
        List<StoredSession> live =
            ofPrincipal(principal).stream()
                .filter(one -> !one.isExpiredAt(now))
                .sorted(
                    Comparator.comparing((StoredSession one) -> one.authenticatedAt().orElseThrow())
                        .thenComparing(StoredSession::id))
                .toList();
        List<StoredSession> gone = new ArrayList<>();
        assertThat(index.deleteOldest(principal, keep, now, gone::add)).isEqualTo(gone.size());
        assertThat(gone)
            .containsExactlyInAnyOrderElementsOf(live.subList(0, Math.max(0, live.size() - keep)));
        gone.forEach(one -> remove(Optional.of(one), one.id()));
      }
      default -> insert(candidate(id), known);
    }
  }

  private void insert(StoredSession candidate, StoredSession known) {
    // The model learns of it first: an eviction may follow at once, even of this one.
    if (known == null) {
      model.put(candidate.id(), candidate);
    }
    try {
      store.insert(candidate);
      assertThat(known).isNull();
    } catch (SessionStoreException e) {
      if (known == null) {
        model.remove(candidate.id());
        assertThat(e).hasMessageContaining("raise maximumSessions");
        assertThat(model.values()).allMatch(one -> store.table().size() == 12);
      }
    }
  }

  private void admit(StoredSession known, SessionId id) {
    String principal = PRINCIPALS.get(random.nextInt(PRINCIPALS.size()));
    boolean isNew = known == null && random.nextBoolean();
    int limit = 1 + random.nextInt(3);
    WhenFull whenFull = random.nextBoolean() ? WhenFull.EVICT_OLDEST : WhenFull.REFUSE_NEWCOMER;
    StoredSession session =
        change(known == null ? candidate(id) : known).toBuilder()
            .principal(principal)
            .authenticatedAt(now)
            .build();
    Set<StoredSession> live = ofPrincipal(principal);
    live.removeIf(one -> one.id().equals(id) || one.isExpiredAt(now));
    List<StoredSession> oldest =
        live.stream()
            .sorted(
                Comparator.comparing((StoredSession one) -> one.authenticatedAt().orElseThrow())
                    .thenComparing(StoredSession::id))
            .limit(Math.max(0, live.size() - limit + 1))
            .toList();
    if (isNew) {
      model.put(id, session);
    }
    Admission admission;
    try {
      admission = store.loginLimit().orElseThrow().admit(session, isNew, limit, whenFull, now);
    } catch (SessionStoreException e) {
      model.remove(id);
      assertThat(e).hasMessageContaining("raise maximumSessions");
      return;
    }
    if (!isNew && !accepts(known, session)) {
      assertThat(admission.outcome()).isEqualTo(Admission.Outcome.CONFLICT);
    } else if (!oldest.isEmpty() && whenFull == WhenFull.REFUSE_NEWCOMER) {
      assertThat(admission.outcome()).isEqualTo(Admission.Outcome.REFUSED);
      if (isNew) {
        model.remove(id);
      }
    } else if (oldest.size() > LoginLimit.MAX_EVICTED) {
      assertThat(admission.outcome()).isEqualTo(Admission.Outcome.CROWDED);
      if (isNew) {
        model.remove(id);
      }
    } else {
      assertThat(admission).isEqualTo(new Admission(Admission.Outcome.STORED, oldest));
      oldest.forEach(one -> model.remove(one.id()));
      model.put(id, isNew ? session : successor(known, session));
    }
  }

  /** Operations whose answers are not looked at, for many threads. */
  private void shake(Random own, int times) {
    for (int i = 0; i < times; i++) {
      SessionId id = SessionId.of(0, own.nextInt(IDS));
      StoredSession seen = store.find(id).orElse(null);
      String principal = PRINCIPALS.get(own.nextInt(PRINCIPALS.size()));
      try {
        switch (own.nextInt(8)) {
          case 0 -> store.delete(id);
          case 1 -> store.touch(id, now.plusSeconds(own.nextInt(60)), now);
          case 2 -> store.deleteExpired(now.plusSeconds(own.nextInt(4_000)), 3, gone -> {});
          case 3 -> index.deleteByPrincipal(principal, Set.of(id), gone -> {});
          case 4 -> {
            if (seen != null) {
              store.update(login(seen, own.nextBoolean() ? principal : null), now);
            }
          }
          case 5 -> {
            if (seen != null) {
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(login(seen, principal), false, 2, WhenFull.EVICT_OLDEST, now);
            }
          }
          case 6 ->
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(login(candidate(own, id), principal), true, 2, WhenFull.EVICT_OLDEST, now);
          default -> store.insert(candidate(own, id));
        }
      } catch (SessionStoreException e) {
        // It exists, or there is no room: both are to be expected here.
        assertThat(e).hasMessageStartingWith("insert");
      }
    }
  }

  private static StoredSession login(StoredSession session, String principal) {
    return session.toBuilder()
        .principal(principal)
        .authenticatedAt(principal == null ? null : Sessions.NOW)
        .build();
  }

  private StoredSession candidate(SessionId id) {
    return candidate(random, id);
  }

  private StoredSession candidate(Random own, SessionId id) {
    StoredSession sample = Sessions.anonymous(now).build();
    StoredSessionBuilder session =
        StoredSession.builder(id)
            .secretHash(sample.secretHash())
            .createdAt(now)
            .idleTimeout(own.nextInt(5) == 0 ? null : Duration.ofMillis(1 + own.nextInt(90_000)))
            .absoluteDeadline(now.plusMillis(own.nextInt(200_000)));
    if (own.nextInt(3) == 0) {
      session.principal(PRINCIPALS.get(own.nextInt(PRINCIPALS.size()))).authenticatedAt(now);
    }
    return session.build();
  }

  private StoredSession change(StoredSession session) {
    StoredSessionBuilder changed = session.toBuilder();
    if (random.nextInt(4) == 0) {
      changed.version(random.nextInt(3));
    }
    if (random.nextInt(3) == 0) {
      changed.idleTimeout(Duration.ofMillis(1 + random.nextInt(90_000)));
      changed.absoluteDeadline(now.plusMillis(random.nextInt(200_000)));
    }
    if (random.nextInt(3) == 0) {
      changed.principal(PRINCIPALS.get(random.nextInt(PRINCIPALS.size()))).authenticatedAt(now);
    } else if (random.nextInt(6) == 0) {
      changed.principal(null).authenticatedAt(null);
    }
    return changed.lastSeenAt(now.minusMillis(random.nextInt(5_000))).build();
  }

  private boolean accepts(StoredSession known, StoredSession wanted) {
    return known != null && known.version() == wanted.version() && !known.isExpiredAt(now);
  }

  private static StoredSession successor(StoredSession known, StoredSession wanted) {
    Instant seen =
        known.lastSeenAt().isAfter(wanted.lastSeenAt()) ? known.lastSeenAt() : wanted.lastSeenAt();
    return wanted.toBuilder().version(wanted.version() + 1).lastSeenAt(seen).build();
  }

  private void remove(Optional<StoredSession> gone, SessionId id) {
    assertThat(gone).isEqualTo(Optional.ofNullable(model.remove(id)));
  }

  private Set<StoredSession> ofPrincipal(String principal) {
    return model.values().stream()
        .filter(one -> one.principal().equals(Optional.of(principal)))
        .collect(Collectors.toSet());
  }

  private void assertAgrees() {
    for (String principal : PRINCIPALS) {
      assertThat(index.findByPrincipal(principal, null, 1_000))
          .containsExactlyElementsOf(listed(ofPrincipal(principal)));
    }
    for (int i = 0; i < IDS; i++) {
      SessionId id = SessionId.of(0, i);
      assertThat(store.find(id)).isEqualTo(Optional.ofNullable(model.get(id)));
    }
    assertThat(store.table().size()).isEqualTo(model.size());
  }

  private void assertIndexAgreesWithFind() {
    for (String principal : PRINCIPALS) {
      Set<StoredSession> found = new java.util.HashSet<>();
      for (int i = 0; i < IDS; i++) {
        store
            .find(SessionId.of(0, i))
            .filter(one -> one.principal().equals(Optional.of(principal)))
            .ifPresent(found::add);
      }
      assertThat(index.findByPrincipal(principal, null, 1_000))
          .containsExactlyElementsOf(listed(found));
    }
  }

  /** Returns sessions as an index lists them. */
  private static List<StoredSession> listed(Set<StoredSession> sessions) {
    return sessions.stream()
        .map(one -> one.toBuilder().attributes(Map.of()).build())
        .sorted(Comparator.comparing(StoredSession::id))
        .toList();
  }

  private void endAll() {
    for (int i = 0; i < IDS; i++) {
      store.delete(SessionId.of(0, i));
    }
    assertThat(store.table().isEmpty()).as("nothing is left").isTrue();
  }
}
