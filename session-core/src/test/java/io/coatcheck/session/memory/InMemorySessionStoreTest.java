package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class InMemorySessionStoreTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  private final AtomicLong ids = new AtomicLong();

  @Test
  void insert_atTheBound_evictsAnAnonymousSessionAndTellsOnce() {
    InMemorySessionStore store = InMemorySessionStore.builder().maximumSessions(10).build();
    List<StoredSession> evicted = new ArrayList<>();
    store.evictions().orElseThrow().onEvicted(evicted::add);
    for (int i = 0; i < 25; i++) {
      store.insert(anonymous());
      assertThat(store.table().size()).isLessThanOrEqualTo(10);
    }
    assertThat(evicted).hasSize(15).doesNotHaveDuplicates();
    assertThat(evicted).allSatisfy(gone -> assertThat(store.find(gone.id())).isEmpty());
  }

  @Test
  void insert_inAStoreOfAuthenticatedSessions_saysWhatToRaise() {
    InMemorySessionStore store = InMemorySessionStore.builder().maximumSessions(3).build();
    List<StoredSession> sessions = List.of(of("alice"), of("alice"), of("bob"));
    sessions.forEach(store::insert);
    assertThatThrownBy(() -> store.insert(anonymous()))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("raise maximumSessions");
    assertThatThrownBy(() -> store.insert(of("carol"))).isInstanceOf(SessionStoreException.class);
    assertThat(sessions).allSatisfy(kept -> assertThat(store.find(kept.id())).contains(kept));
  }

  @Test
  void login_inAStoreFullOfAnonymousSessions_succeeds() {
    InMemorySessionStore store = InMemorySessionStore.builder().maximumSessions(10).build();
    for (int i = 0; i < 10; i++) {
      StoredSession session = anonymous();
      store.insert(session);
      StoredSession login = session.toBuilder().principal("p" + i).authenticatedAt(NOW).build();
      if (i % 2 == 0) {
        assertThat(store.update(login, NOW)).isTrue();
      } else {
        assertThat(
                store
                    .principalIndex()
                    .orElseThrow()
                    .admit(login, false, 1, WhenFull.EVICT_OLDEST, NOW)
                    .outcome())
            .isEqualTo(Admission.Outcome.STORED);
      }
      assertThat(store.table().size()).isEqualTo(i + 1);
    }
    for (int i = 0; i < 10; i++) {
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("p" + i)).hasSize(1);
    }
  }

  @Test
  void admit_evictsTheOldest() {
    InMemorySessionStore store = InMemorySessionStore.builder().maximumSessions(2).build();
    StoredSession first = of("alice");
    StoredSession second = of("alice");
    store.insert(first);
    store.insert(second);
    StoredSession third = of("alice");
    Admission admission =
        store.principalIndex().orElseThrow().admit(third, true, 2, WhenFull.EVICT_OLDEST, NOW);
    assertThat(admission.outcome()).isEqualTo(Admission.Outcome.STORED);
    assertThat(admission.evicted()).containsExactly(first);
    assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice"))
        .containsExactlyInAnyOrder(second, third);
    assertThat(store.table().size()).isEqualTo(2);
  }

  private StoredSession anonymous() {
    return StoredSession.builder(SessionId.of(7, ids.incrementAndGet()))
        .secretHash(SecretHash.of(new byte[32]))
        .createdAt(NOW)
        .idleTimeout(Duration.ofMinutes(30))
        .absoluteDeadline(NOW.plusSeconds(3600))
        .build();
  }

  private StoredSession of(String principal) {
    return anonymous().toBuilder().principal(principal).authenticatedAt(NOW).build();
  }
}
