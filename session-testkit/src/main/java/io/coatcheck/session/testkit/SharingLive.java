package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.store.LiveSessions.UsableSession;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The sessions of one process as shared objects. */
abstract class SharingLive extends ContractPart {

  SharingLive(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void assumeLiveSessions() {
    assumeHas(store().liveSessions(), LiveSessions.class);
  }

  private LiveSessions all() {
    return store().liveSessions().orElseThrow();
  }

  private StoredSession insert() {
    return insert(SampleSessions.anonymous(NOW));
  }

  private LiveSession live(StoredSession session) {
    return Objects.requireNonNull(all().get(session.id()), "the session lives");
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "Only for a store that keeps live values")
  void liveSessions_areTheSameEachTime_andKeepLiveValues() {
    assertThat(store().liveSessions().orElseThrow()).isSameAs(all());
    assertThat(store().keepsLiveValues()).isTrue();
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "null if there is none")
  void get_unknown_isNull() {
    assertThat(all().get(SampleSessions.anonymous(NOW).build().id())).isNull();
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "the same object as long as the session lives.")
  void get_isTheSame_asLongAsTheSessionLives() {
    StoredSession session = insert();
    LiveSession live = live(session);
    assertThat(store().update(session.toBuilder().attributes(Map.of()).build(), NOW)).isTrue();
    assertThat(all().get(session.id())).isSameAs(live);
    StoredSession login =
        store().find(session.id()).orElseThrow().toBuilder()
            .principal("alice")
            .authenticatedAt(NOW)
            .build();
    assertThat(store().update(login, NOW)).isTrue();
    assertThat(all().get(session.id())).isSameAs(live);
    assertThat(store().delete(session.id())).isPresent();
    assertThat(all().get(session.id())).isNull();
  }

  @Test
  @Sentence(
      of = LiveSessions.class,
      value = "Returns the session, as SessionStore.find does, if it has changed.")
  void newerThan_isWhatFindReturns_ifItChanged() {
    StoredSession session = insert();
    LiveSession live = live(session);
    assertThat(live.newerThan(session.version())).isNull();
    Instant later = NOW.plusSeconds(5);
    assertThat(store().update(session, NOW)).isTrue();
    assertThat(store().touch(session.id(), later, later)).isTrue();

    assertThat(live.newerThan(session.version()))
        .isEqualTo(store().find(session.id()).orElseThrow());
    assertThat(live.newerThan(session.version() + 1)).isNull();

    store().delete(session.id());
    assertThat(live.newerThan(session.version())).isNull();
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "and is not part of what is stored.")
  void attachment_isReplacedInOneStep_andIsNotStored() {
    StoredSession session = insert();
    LiveSession live = live(session);
    assertThat(live.attachment()).isNull();
    assertThat(live.replaceAttachment("first", "second")).isFalse();
    assertThat(live.replaceAttachment(null, "first")).isTrue();
    assertThat(live.replaceAttachment(null, "second")).isFalse();
    assertThat(live.attachment()).isEqualTo("first");
    assertThat(live.replaceAttachment("first", null)).isTrue();
    assertThat(live.attachment()).isNull();
    assertThat(store().find(session.id())).contains(session);
  }

  @Test
  @Sentence(
      of = LiveSessions.class,
      value = "It stays attached when the secret or the principal changes,")
  void attachment_staysAtALogin() {
    StoredSession session = insert();
    assertThat(live(session).replaceAttachment(null, "known")).isTrue();
    StoredSession login = session.toBuilder().principal("alice").authenticatedAt(NOW).build();
    assertThat(store().update(login, NOW)).isTrue();
    assertThat(live(session).attachment()).isEqualTo("known");
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "Attaches another object in one atomic step.")
  void replaceAttachment_manyAtOnce_oneWins() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession session = insert();
      List<Callable<Boolean>> calls = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Object own = new Object();
        calls.add(() -> live(session).replaceAttachment(null, own));
      }
      assertThat(Race.among(calls)).containsOnlyOnce(true);
    }
  }

  private UsableSession usable(StoredSession session) {
    assumeUsable();
    return Objects.requireNonNull(all().use(session.id()), "the session lives");
  }

  @Test
  @Sentence(
      of = LiveSessions.class,
      value = "That is so for the store itself and not for a decorator of it,")
  void areUsableInPlaceOf_aDecorator_isFalse() {
    assertThat(all().areUsableInPlaceOf(new ForwardingSessionStore(store()) {})).isFalse();
  }

  @Test
  @Sentence(
      of = LiveSessions.class,
      value = "Returns a session and counts that as its use, as SessionStore.find does,")
  void use_isTheSession_untilItEnds() {
    StoredSession session = insert();
    UsableSession used = usable(session);
    assertThat(used).isSameAs(all().get(session.id()));
    assertThat(used.snapshot()).isEqualTo(session);
    assertThat(
            store()
                .update(session.toBuilder().principal("alice").authenticatedAt(NOW).build(), NOW))
        .isTrue();
    assertThat(used.snapshot()).isEqualTo(store().find(session.id()).orElseThrow());

    assertThat(store().delete(session.id())).isPresent();
    assertThat(used.snapshot()).isNull();
    assertThat(all().use(session.id())).isNull();
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "Records that the session was seen,")
  void touch_inPlace_isThatOfTheStore() {
    StoredSession session = insert();
    UsableSession used = usable(session);
    long first = session.lastSeenMillis();
    long later = NOW.plusSeconds(5).toEpochMilli();
    assertThat(used.touch(later)).isEqualTo(first);
    assertThat(store().find(session.id()).orElseThrow().lastSeenMillis()).isEqualTo(later);

    assertThat(used.touch(first)).as("an earlier moment").isEqualTo(later);
    assertThat(store().find(session.id()).orElseThrow().lastSeenMillis()).isEqualTo(later);
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "negative if it has ended or has expired")
  void touch_inPlace_ofAnExpiredOrEnded_isNegative() {
    StoredSession session = insert();
    UsableSession used = usable(session);
    assertThat(used.touch(session.expiresAtMillis())).isNegative();
    assertThat(used.touch(session.expiresAtMillis() - 1)).isNotNegative();

    assertThat(store().delete(session.id())).isPresent();
    assertThat(used.touch(session.lastSeenMillis())).isNegative();
  }

  /** The ways in which a session ends, other than by its id. */
  enum End {
    DELETE_OF_A_GENERATION {
      @Override
      void of(StoredSession session, SessionStore store) {
        assertThat(store.delete(session.id(), session.generation())).isPresent();
      }
    },
    DELETE_EXPIRED {
      @Override
      void of(StoredSession session, SessionStore store) {
        assertThat(store.deleteExpired(session.expiresAt(), 10, gone -> {}).deleted()).isOne();
      }
    },
    DELETE_BY_PRINCIPAL {
      @Override
      void of(StoredSession session, SessionStore store) {
        assertThat(index(store).deleteByPrincipal("alice", Set.of(), gone -> {})).isOne();
      }
    },
    DELETE_OLDEST {
      @Override
      void of(StoredSession session, SessionStore store) {
        PrincipalIndex index = index(store);
        store.insert(younger());
        assertThat(index.deleteOldest("alice", 1, NOW, gone -> {})).isOne();
      }
    },
    EVICTION_BY_A_LOGIN {
      @Override
      void of(StoredSession session, SessionStore store) {
        assumeHas(store.loginLimit(), LoginLimit.class);
        LoginLimit limit = store.loginLimit().orElseThrow();
        assertThat(limit.admit(younger(), true, 1, WhenFull.EVICT_OLDEST, NOW).evicted())
            .hasSize(1);
      }
    };

    abstract void of(StoredSession session, SessionStore store);

    private static StoredSession younger() {
      return SampleSessions.authenticated("alice", NOW.plusSeconds(9)).build();
    }

    private static PrincipalIndex index(SessionStore store) {
      assumeHas(store.principalIndex(), PrincipalIndex.class);
      return store.principalIndex().orElseThrow();
    }
  }

  /** If it broke, requests that have the object would go on with a session that has ended. */
  @ParameterizedTest
  @EnumSource(End.class)
  @Sentence(of = LiveSessions.class, value = "the same object as long as the session lives.")
  void get_afterAnyEnd_isNull(End end) {
    StoredSession session = insert(SampleSessions.complete(NOW));
    LiveSession live = live(session);
    assertThat(live.newerThan(session.version() - 1)).isEqualTo(session);
    end.of(session, store());
    assertThat(all().get(session.id())).isNull();
    assertThat(live.newerThan(session.version() - 1)).isNull();
  }

  @ParameterizedTest
  @EnumSource(End.class)
  @Sentence(of = LiveSessions.class, value = "null if the session has ended")
  void use_afterAnyEnd_isNull(End end) {
    StoredSession session = insert(SampleSessions.complete(NOW));
    UsableSession used = usable(session);
    end.of(session, store());
    assertThat(all().use(session.id())).isNull();
    assertThat(used.snapshot()).isNull();
    assertThat(used.touch(session.lastSeenMillis())).isNegative();
    assertThat(all().update(session, NOW)).isNull();
    assertThat(store().find(session.id())).isEmpty();
  }

  private void assumeUsable() {
    assumeTrue(
        all().areUsableInPlaceOf(store()), "Not tested: the sessions cannot be used in place");
  }

  @Test
  @Sentence(
      of = LiveSessions.class,
      value = "Stores a session, as SessionStore.update does, and returns the result.")
  void update_inPlace_returnsWhatIsStoredNow() {
    assumeUsable();
    StoredSession session = insert();
    Instant later = NOW.plusSeconds(5);
    assertThat(store().touch(session.id(), later, later)).isTrue();
    for (StoredSession next :
        List.of(
            session.toBuilder().attribute("a", SampleSessions.text("1")).build(),
            successor(session).toBuilder().principal("alice").authenticatedAt(NOW).build())) {
      StoredSession stored = all().update(next, later);
      assertThat(stored).isEqualTo(successor(next).toBuilder().lastSeenAt(later).build());
      assertThat(store().find(session.id())).contains(Objects.requireNonNull(stored));
    }
  }

  @Test
  @Sentence(
      of = LiveSessions.class,
      value = "the session as it is stored now; null where update returns false,")
  void update_inPlace_ofAnotherVersionOrAnEndedSession_isNullAndChangesNothing() {
    assumeUsable();
    StoredSession session = insert();
    StoredSession changed = session.toBuilder().attribute("a", SampleSessions.text("1")).build();
    assertThat(all().update(changed.toBuilder().version(1).build(), NOW)).isNull();
    assertThat(all().update(changed, session.expiresAt())).as("expired").isNull();
    assertThat(store().find(session.id())).contains(session);

    assertThat(store().delete(session.id())).isPresent();
    assertThat(all().update(changed, NOW)).as("ended").isNull();
    assertThat(store().find(session.id())).isEmpty();
  }

  @Test
  @Sentence(of = LiveSessions.class, value = "or the store is closed")
  void update_inPlace_ofAClosedStore_isNull() {
    assumeUsable();
    StoredSession session = insert();
    LiveSessions live = all();
    store().close();
    assertThat(live.update(session, NOW)).isNull();
  }
}
