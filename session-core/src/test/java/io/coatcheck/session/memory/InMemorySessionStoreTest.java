package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What this store promises beyond the contract that the test kit runs against it. */
class InMemorySessionStoreTest {

  private static final Instant NOW = Sessions.NOW;

  private static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();

  @Nested
  class Configuration {

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void maximumSessions_belowOne_namesSettingAndValue(long number) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> InMemorySessionStore.builder().maximumSessions(number))
          .withMessage("maximumSessions must be at least 1: " + number);
    }

    @Test
    void maximumSessions_unlimited_isAccepted() {
      InMemorySessionStore store = bounded(Long.MAX_VALUE);
      store.insert(Sessions.anonymous().build());
      store.insert(Sessions.of("alice").build());
      assertThat(store.size()).isEqualTo(2);
    }

    @Test
    void keepsLiveValues_unlessItCopiesOnRead() {
      assertThat(InMemorySessionStore.builder().build().keepsLiveValues()).isTrue();
      assertThat(InMemorySessionStore.builder().copyOnRead(true).build().keepsLiveValues())
          .isFalse();
    }

    @Test
    void touchInterval_isZero() {
      assertThat(InMemorySessionStore.builder().build().touchInterval()).isEqualTo(Duration.ZERO);
    }

    @Test
    void find_inAStoreThatCopiesOnRead_givesEachReaderItsOwnBytes() {
      InMemorySessionStore store = InMemorySessionStore.builder().copyOnRead(true).build();
      StoredSession session = Sessions.of("alice").attributes(Sessions.attributes(1)).build();
      store.insert(session);
      for (StoredSession found :
          List.of(
              store.find(session.id()).orElseThrow(),
              index(store).findByPrincipal("alice", null, 1_000).get(0),
              session)) {
        found.attributes().values().forEach(value -> value.bytes()[0]++);
      }
      assertThat(store.find(session.id()).orElseThrow().attributes())
          .isEqualTo(Sessions.attributes(1));
    }

    @Test
    void find_inAStoreThatKeepsLiveValues_sharesThem() {
      InMemorySessionStore store = InMemorySessionStore.builder().build();
      List<String> cart = new ArrayList<>(List.of("a book"));
      StoredSession session =
          Sessions.anonymous().attribute("cart", AttributeValue.live(cart, CODEC)).build();
      store.insert(session);
      AttributeValue found = store.find(session.id()).orElseThrow().attributes().get("cart");
      assertThat(found.object(CODEC)).isSameAs(cart);
    }
  }

  @Nested
  class AtTheBound {

    @Test
    void insert_evictsAnonymousSessionsAndReportsEach() {
      InMemorySessionStore store = bounded(10);
      List<StoredSession> evicted = evictedBy(store);
      for (int i = 0; i < 25; i++) {
        store.insert(Sessions.anonymous().build());
        assertThat(store.size()).isEqualTo(Math.min(10, i + 1));
      }
      assertThat(evicted).hasSize(15).doesNotHaveDuplicates();
      assertThat(evicted).allSatisfy(gone -> assertThat(store.find(gone.id())).isEmpty());
    }

    @Test
    void insert_sparesTheAuthenticated() {
      InMemorySessionStore store = bounded(10);
      List<StoredSession> kept = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        kept.add(insert(store, Sessions.of("p" + i)));
      }
      for (int i = 0; i < 1_000; i++) {
        insert(store, Sessions.anonymous());
        assertThat(store.size()).isEqualTo(10);
      }
      assertThat(kept).allSatisfy(one -> assertThat(store.find(one.id())).contains(one));
    }

    @Test
    void insert_authenticated_evictsAnonymousSessions() {
      InMemorySessionStore store = bounded(10);
      List<StoredSession> evicted = evictedBy(store);
      for (int i = 0; i < 10; i++) {
        insert(store, Sessions.anonymous());
      }
      for (int i = 0; i < 10; i++) {
        insert(store, Sessions.of("p" + i));
        assertThat(evicted).hasSize(i + 1);
        assertThat(store.size()).isEqualTo(10);
      }
    }

    @Test
    void insert_inAStoreOfAuthenticatedSessions_saysWhatToRaise() {
      InMemorySessionStore store = bounded(3);
      List<StoredSession> kept = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        kept.add(insert(store, Sessions.of("alice")));
      }
      for (StoredSessionBuilder more : List.of(Sessions.anonymous(), Sessions.of("alice"))) {
        StoredSession session = more.build();
        assertThatExceptionOfType(SessionStoreException.class)
            .isThrownBy(() -> store.insert(session))
            .withMessageContaining("all 3 sessions are authenticated")
            .withMessageContaining("raise maximumSessions")
            .withMessageContaining(session.id().toString());
        assertThat(store.find(session.id())).isEmpty();
      }
      assertThat(index(store).findByPrincipal("alice", null, 1_000))
          .containsExactlyInAnyOrderElementsOf(kept);
      store.delete(kept.get(0).id());
      insert(store, Sessions.anonymous());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void login_inAStoreFullOfAnonymousSessions_alwaysSucceeds(boolean limited) {
      InMemorySessionStore store = bounded(10);
      List<StoredSession> sessions = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        sessions.add(insert(store, Sessions.anonymous()));
      }
      for (StoredSession session : sessions) {
        assertThat(login(store, session, "alice", limited)).isTrue();
        assertThat(store.size()).isEqualTo(10);
      }
      assertThat(index(store).findByPrincipal("alice", null, 1_000)).hasSize(10);
    }

    @Test
    void admit_newInAStoreOfAuthenticatedSessions_takesTheRoomOfTheOneItEvicts() {
      InMemorySessionStore store = bounded(2);
      StoredSession oldest = insert(store, Sessions.of("alice"));
      insert(store, Sessions.of("bob"));
      StoredSession newcomer = Sessions.of("alice").build();
      assertThat(
              store.loginLimit().orElseThrow().admit(newcomer, true, 1, WhenFull.EVICT_OLDEST, NOW))
          .isEqualTo(new Admission(Admission.Outcome.STORED, List.of(oldest)));
      assertThat(store.size()).isEqualTo(2);
      StoredSession other = Sessions.of("carol").build();
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(
              () ->
                  store
                      .loginLimit()
                      .orElseThrow()
                      .admit(other, true, 1, WhenFull.EVICT_OLDEST, NOW));
      assertThat(index(store).findByPrincipal("carol", null, 1_000)).isEmpty();
    }

    @Test
    void update_thatTakesThePrincipalAway_leavesTheSessionAmongTheKept() {
      InMemorySessionStore store = bounded(5);
      StoredSession session = insert(store, Sessions.of("alice"));
      assertThat(
              store.update(session.toBuilder().principal(null).authenticatedAt(null).build(), NOW))
          .isTrue();
      for (int i = 0; i < 100; i++) {
        insert(store, Sessions.anonymous());
      }
      assertThat(store.find(session.id())).isPresent();
    }

    @Test
    void delete_makesRoomAgain() {
      InMemorySessionStore store = bounded(10);
      List<StoredSession> evicted = evictedBy(store);
      List<StoredSession> kept = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        kept.add(insert(store, Sessions.of("alice")));
      }
      kept.forEach(one -> store.delete(one.id()));
      for (int i = 0; i < 10; i++) {
        insert(store, Sessions.anonymous());
      }
      assertThat(evicted).isEmpty();
      assertThat(store.size()).isEqualTo(10);
    }

    /** If it broke, a login that was answered with success would be gone on the next request. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void login_duringAFlood_isKeptOrWasEvictedBefore(boolean limited) {
      InMemorySessionStore store = bounded(20);
      Set<SessionId> evicted = ConcurrentHashMap.newKeySet();
      store.evictions().orElseThrow().onEvicted(session -> evicted.add(session.id()));
      AtomicBoolean done = new AtomicBoolean();
      CompletableFuture<Integer> flood =
          CompletableFuture.supplyAsync(
              () -> {
                int inserted = 0;
                for (; !done.get(); inserted++) {
                  store.insert(Sessions.anonymous().build());
                }
                return inserted;
              });
      List<SessionId> lost = new ArrayList<>();
      for (int i = 0; i < 5_000; i++) {
        StoredSession session = insert(store, Sessions.anonymous());
        if (login(store, session, "p" + i, limited)) {
          assertThat(index(store).findByPrincipal("p" + i, null, 1_000)).hasSize(1);
          assertThat(store.delete(session.id()).flatMap(StoredSession::principal))
              .contains("p" + i);
          assertThat(evicted.contains(session.id())).isFalse();
        } else {
          lost.add(session.id());
          assertThat(index(store).findByPrincipal("p" + i, null, 1_000)).isEmpty();
        }
      }
      done.set(true);
      assertThat(flood.join()).isPositive();
      assertThat(lost).hasSizeLessThan(5_000);
      assertThat(evicted.containsAll(lost)).as("the others were told to be evicted").isTrue();
      assertThat(store.size()).isLessThanOrEqualTo(20);
    }
  }

  @Test
  void close_forgetsEverything() {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    insert(store, Sessions.anonymous());
    insert(store, Sessions.of("alice"));
    store.close();
    assertThat(store.table().isEmpty()).isTrue();
  }

  /** A call that found the store open adds nothing after the close: it would stay findable. */
  @ParameterizedTest
  @EnumSource(Addition.class)
  void close_duringACallThatAdds_staysEmpty(Addition addition) {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    StoredSession visitor = insert(store, Sessions.anonymous());
    insert(store, Sessions.of("alice"));
    SessionTable table = store.table();
    Slot found = table.peek(visitor.id());
    StoredSession login = visitor.toBuilder().principal("alice").authenticatedAt(NOW).build();
    store.close();
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(
            () -> {
              switch (addition) {
                case ANONYMOUS -> table.insert(Sessions.anonymous().build());
                case AUTHENTICATED -> table.insert(Sessions.of("alice").build());
                case LIMITED ->
                    table.admit(Sessions.of("alice").build(), true, 1, WhenFull.EVICT_OLDEST, NOW);
                case LOGIN -> table.update(found, login, NOW);
              }
            })
        .withMessageContaining("closed");
    assertThat(table.isEmpty()).isTrue();
    assertThat(store.liveSessions().orElseThrow().use(visitor.id())).isNull();
  }

  /** Whatever was under way when the store was closed, nothing of it keeps a session in memory. */
  @Test
  void close_duringACallThatExpiresASessionEarlier_keepsNothing() {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    StoredSession visitor = insert(store, Sessions.anonymous());
    SessionTable table = store.table();
    Slot found = table.peek(visitor.id());
    store.close();

    StoredSession shorter = visitor.toBuilder().idleTimeout(Duration.ofMinutes(1)).build();
    table.update(found, shorter, NOW);

    assertThat(table.isEmpty()).isTrue();
  }

  private enum Addition {
    ANONYMOUS,
    AUTHENTICATED,
    LIMITED,
    LOGIN
  }

  private static InMemorySessionStore bounded(long maximum) {
    return InMemorySessionStore.builder().maximumSessions(maximum).build();
  }

  private static PrincipalIndex index(InMemorySessionStore store) {
    return store.principalIndex().orElseThrow();
  }

  private static List<StoredSession> evictedBy(InMemorySessionStore store) {
    List<StoredSession> evicted = new ArrayList<>();
    store.evictions().orElseThrow().onEvicted(evicted::add);
    return evicted;
  }

  private static StoredSession insert(InMemorySessionStore store, StoredSessionBuilder builder) {
    StoredSession session = builder.build();
    store.insert(session);
    return session;
  }

  private static boolean login(
      InMemorySessionStore store, StoredSession session, String principal, boolean limited) {
    StoredSession login = session.toBuilder().principal(principal).authenticatedAt(NOW).build();
    return limited
        ? store
                .loginLimit()
                .orElseThrow()
                .admit(login, false, 10, WhenFull.EVICT_OLDEST, NOW)
                .outcome()
            == Admission.Outcome.STORED
        : store.update(login, NOW);
  }
}
