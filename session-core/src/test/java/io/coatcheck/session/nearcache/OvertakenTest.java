package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("stores 3: no copy is older than what its own node has done")
class OvertakenTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final RemoteStore remote = new RemoteStore();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final NearCacheSessionStore node = node();
  private final NearCopies copies = node.nearCopies().orElseThrow();
  private final PrincipalIndex index = node.principalIndex().orElseThrow();
  private final SessionManager manager = manager(node);

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : opened) {
      one.close();
    }
  }

  private NearCacheSessionStore node() {
    return NearCacheSessionStore.builder(remote)
        .maxStaleness(Duration.ofMinutes(1))
        .revalidate(false)
        .build();
  }

  private SessionManager manager(SessionStore store) {
    SessionManager made =
        SessionManager.builder(store)
            .clock(() -> NOW)
            .codec(JavaSerializationCodec.builder().build())
            .cleanUpInterval(Duration.ZERO)
            .build();
    opened.add(made);
    return made;
  }

  /** What overtakes a write. */
  enum Overtaking {
    REVOCATION_OF_ANOTHER,
    END_OF_THE_SAME_STRIPE,
    EXPIRY_OF_THE_SAME_STRIPE
  }

  private void overtake(Overtaking what, SessionId id) {
    remote.beforeUpdateAnswers =
        switch (what) {
          case REVOCATION_OF_ANOTHER -> () -> index.deleteByPrincipal("bob", Set.of(), ended -> {});
          case END_OF_THE_SAME_STRIPE -> () -> node.delete(neighbour(id, null).id());
          case EXPIRY_OF_THE_SAME_STRIPE ->
              () -> {
                neighbour(id, NOW.minusSeconds(1));
                node.deleteExpired(NOW, 1_000, ended -> {});
              };
        };
  }

  /** Stores a session whose id hashes like another one. */
  private StoredSession neighbour(SessionId id, @Nullable Instant deadline) {
    SessionId other = SessionId.generate(NOW, RANDOM);
    while (stripe(other) != stripe(id)) {
      other = SessionId.generate(NOW, RANDOM);
    }
    Instant created = deadline == null ? NOW : deadline.minusSeconds(60);
    StoredSession session =
        StoredSession.builder(other)
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(created)
            .absoluteDeadline(deadline == null ? NOW.plus(Duration.ofHours(12)) : deadline)
            .build();
    remote.insert(session);
    return session;
  }

  private static StoredSession session(SessionId id) {
    return StoredSession.builder(id)
        .secretHash(SecretHash.of(new byte[32]))
        .createdAt(NOW)
        .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
        .build();
  }

  @Test
  @DisplayName(
      "a look-up from before a session was stored, as by an import, is not a notice of its end")
  void find_fromBeforeTheInsert_isNoEnd() {
    List<StoredSession> gone = new CopyOnWriteArrayList<>();
    copies.onEndedElsewhere(gone::add);
    StoredSession imported = session(SessionId.generate(NOW, RANDOM));
    StoredSession other = session(SessionId.generate(NOW, RANDOM));
    remote.insert(other);
    copies.lookUp(other.id(), 0, 0);
    remote.beforeFindAnswers =
        () -> {
          remote.insert(imported);
          assertThat(copies.lookUp(imported.id(), 0, 0).session()).isPresent();
        };
    assertThat(node.find(imported.id())).as("read before").isEmpty();

    remote.delete(other.id());
    node.find(other.id());
    Await.until(() -> gone.contains(other));
    assertThat(gone).containsExactly(other);

    remote.delete(imported.id());
    assertThat(copies.lookUp(imported.id(), 0, 0).session()).isEmpty();
    Await.until(() -> gone.contains(imported));
    assertThat(gone).containsExactly(other, imported);
  }

  private static int stripe(SessionId id) {
    int hash = id.hashCode();
    return (hash ^ hash >>> 16) & ((1 << 12) - 1);
  }

  private static String token(Session session) {
    String value = session.unsentToken().orElseThrow().value();
    session.markTokenSent();
    return value;
  }

  private String loggedIn(SessionManager at, String principal) {
    return token(
        ((LoginOutcome.Granted) at.authenticate(null, principal, LoginOptions.defaults()))
            .session());
  }

  private Session live(String token) {
    return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
  }

  private boolean isLive(String token) {
    return manager.adapter().resolve(List.of(token)) instanceof Resolution.Live;
  }

  @Nested
  @DisplayName("I3, I5: a write that is overtaken")
  class Writes {

    @ParameterizedTest
    @EnumSource
    @DisplayName("a renewal: the old secret is dead when it returns")
    void renewal_overtaken_leavesNoOldSecret(Overtaking what) {
      String old = loggedIn(manager, "alice");
      Session session = live(old);
      overtake(what, session.id());

      manager.renew(session);

      assertThat(isLive(old)).isFalse();
      assertThat(isLive(token(session))).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("a login: the anonymous secret is dead when it returns")
    void login_overtaken_leavesNoOldSecret(Overtaking what) {
      Session visitor = manager.adapter().create(manager.adapter().resolve(List.of()));
      visitor.setAttribute("cart", "book");
      manager.save(visitor);
      String old = token(visitor);
      Session session = live(old);
      overtake(what, session.id());

      manager.authenticate(session, "alice", LoginOptions.defaults());

      assertThat(isLive(old)).isFalse();
      assertThat(live(token(session)).principal()).contains("alice");
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("a save: the next request reads it")
    void save_overtaken_leavesNoOldValue(Overtaking what) {
      String token = loggedIn(manager, "alice");
      Session session = live(token);
      session.setAttribute("theme", "dark");
      overtake(what, session.id());

      assertThat(manager.save(session)).isTrue();

      assertThat(live(token).attribute("theme")).isEqualTo("dark");
    }

    @Test
    @DisplayName("by a write of another node that was loaded meanwhile: the newer copy stays")
    void save_overtakenByANewerLoad_keepsThat() {
      String token = loggedIn(manager, "alice");
      StoredSession first = node.find(live(token).id()).orElseThrow();
      StoredSession written = first.toBuilder().userAgent("second").build();
      remote.beforeUpdateAnswers =
          () -> {
            StoredSession second = remote.find(first.id()).orElseThrow();
            remote.update(second.toBuilder().userAgent("third").build(), NOW);
            node.find(first.id());
          };
      node.update(written, NOW);
      int finds = remote.finds.get();

      assertThat(copies.lookUp(first.id(), 0, 0).session().orElseThrow().userAgent())
          .contains("third");
      assertThat(remote.finds).as("from the copy").hasValue(finds);
    }

    @Test
    @DisplayName("a load that is overtaken by an own write leaves nothing older than what it found")
    void load_overtakenByAnOwnWrite_leavesNoOlderCopy() {
      StoredSession first = neighbour(SessionId.generate(NOW, RANDOM), null);
      remote.beforeFindReads =
          () -> {
            node.update(first, NOW);
            StoredSession written = remote.find(first.id()).orElseThrow();
            // On another node, which this one must learn of from what it loads now.
            remote.update(written, NOW);
          };

      assertThat(node.find(first.id()).orElseThrow().version()).isEqualTo(2);

      assertThat(copies.lookUp(first.id(), 0, 0).session().orElseThrow().version()).isEqualTo(2);
    }

    @Test
    @DisplayName("a revocation of another principal discards no load and no write of this one")
    void revocationOfAnother_costsNothing() {
      String token = loggedIn(manager, "alice");
      Session session = live(token);
      session.setAttribute("theme", "dark");
      overtake(Overtaking.REVOCATION_OF_ANOTHER, session.id());
      manager.save(session);
      int finds = remote.finds.get();

      assertThat(isLive(token)).isTrue();

      assertThat(remote.finds).hasValue(finds);
    }
  }

  @Nested
  @DisplayName("a change whose answer is lost leaves no copy, whatever is thrown")
  class LostAnswers {

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void update(boolean error) {
      String token = loggedIn(manager, "alice");
      StoredSession session = node.find(live(token).id()).orElseThrow();

      lose(error, () -> node.update(session.toBuilder().userAgent("new").build(), NOW));

      assertThat(near(session).userAgent()).contains("new");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void delete(boolean error) {
      String token = loggedIn(manager, "alice");
      live(token);

      lose(error, () -> node.delete(live(token).id()));

      assertThat(isLive(token)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void deleteByPrincipal(boolean error) {
      String alice = loggedIn(manager, "alice");
      String bob = loggedIn(manager, "bob");
      live(alice);
      live(bob);

      lose(error, () -> index.deleteByPrincipal("alice", Set.of(), ended -> {}));

      assertThat(isLive(alice)).isFalse();
      int finds = remote.finds.get();
      assertThat(isLive(bob)).isTrue();
      assertThat(remote.finds).as("another principal's copy stays").hasValue(finds);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName(
        "a login under a limit: copies of sessions that it may have ended are looked up again")
    void admit(boolean error) {
      String first = loggedIn(manager, "alice");
      live(first);
      StoredSession another = another("alice");

      lose(
          error,
          () ->
              node.loginLimit().orElseThrow().admit(another, true, 1, WhenFull.EVICT_OLDEST, NOW));

      assertThat(isLive(first)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName("a consumer that throws, an error too, does not keep copies of what has ended")
    void throwingConsumer(boolean error) {
      String one = loggedIn(manager, "alice");
      String other = loggedIn(manager, "alice");
      live(one);
      live(other);
      List<StoredSession> told = new ArrayList<>();

      assertThatThrownBy(
              () ->
                  index.deleteByPrincipal(
                      "alice",
                      Set.of(),
                      ended -> {
                        told.add(ended);
                        fail(error);
                      }))
          .hasMessage("lost");

      assertThat(told).as("stores 26: the others are handed over nevertheless").hasSize(2);
      assertThat(isLive(one)).isFalse();
      assertThat(isLive(other)).isFalse();
    }

    @Test
    @DisplayName("a touch changes nothing that a copy is trusted for: it stays")
    void touch() {
      String token = loggedIn(manager, "alice");
      StoredSession session = node.find(live(token).id()).orElseThrow();
      int finds = remote.finds.get();

      lose(false, () -> node.touch(session.id(), NOW.plusSeconds(90), NOW.plusSeconds(90)));

      assertThat(isLive(token)).isTrue();
      assertThat(remote.finds).hasValue(finds);
    }

    private void lose(boolean error, Runnable change) {
      remote.lostAnswer = failure(error);
      assertThatThrownBy(change::run).hasMessage("lost");
    }

    private static void fail(boolean error) {
      if (failure(error) instanceof Error thrown) {
        throw thrown;
      }
      throw new SessionStoreException("lost");
    }

    private static Throwable failure(boolean error) {
      return error ? new OutOfMemoryError("lost") : new SessionStoreException("lost");
    }
  }

  @Nested
  @DisplayName("stores 13: what another node was first to end is not answered from a copy after it")
  class EndedElsewhereFirst {

    private final SessionManager elsewhere = manager(node());

    @Test
    void revokeAllOf() {
      String token = loggedIn(manager, "alice");
      live(token);
      elsewhere.revokeAllOf("alice");

      assertThat(manager.revokeAllOf("alice")).isZero();

      assertThat(isLive(token)).isFalse();
    }

    @Test
    void revokeOthers() {
      String own = loggedIn(manager, "alice");
      String other = loggedIn(manager, "alice");
      live(other);
      elsewhere.revoke(live(other).id());

      assertThat(manager.revokeOthers(live(own))).isZero();

      assertThat(isLive(other)).isFalse();
      assertThat(isLive(own)).isTrue();
    }

    @Test
    void revoke() {
      String token = loggedIn(manager, "alice");
      SessionId id = live(token).id();
      elsewhere.revoke(id);

      assertThat(manager.revoke(id)).isFalse();

      assertThat(isLive(token)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(WhenFull.class)
    @DisplayName("a login under a limit")
    void admit(WhenFull whenFull) {
      String old = loggedIn(manager, "alice");
      live(old);
      elsewhere.revokeAllOf("alice");

      node.loginLimit().orElseThrow().admit(another("alice"), true, 1, whenFull, NOW);

      assertThat(isLive(old)).as("a second live session under a limit of 1").isFalse();
    }

    @Test
    @DisplayName("a copy from before the login elsewhere, when its principal is revoked here")
    void revokeAllOf_copyIsStillAnonymous() {
      Session visitor = manager.adapter().create(manager.adapter().resolve(List.of()));
      visitor.setAttribute("cart", "book");
      manager.save(visitor);
      String old = token(visitor);
      live(old);
      Session there = ((Resolution.Live) elsewhere.adapter().resolve(List.of(old))).session();
      elsewhere.authenticate(there, "alice", LoginOptions.defaults());

      assertThat(manager.revokeAllOf("alice")).isEqualTo(1);

      assertThat(isLive(old)).isFalse();
    }

    @Test
    @DisplayName("a batch of touches that finds a session gone")
    void touchAll() {
      String token = loggedIn(manager, "alice");
      SessionId id = live(token).id();
      elsewhere.revoke(id);

      node.batchTouch().orElseThrow().touchAll(java.util.Map.of(id, NOW), NOW);

      assertThat(isLive(token)).isFalse();
    }
  }

  @Nested
  @DisplayName("a load that is overtaken by a revocation of its principal")
  class Loads {

    @Test
    @DisplayName("is not kept, though another node was first and nothing was deleted")
    void load_overtakenByRevocationOfNothing_isNotKept() {
      StoredSession session = another("alice");
      remote.insert(session);
      remote.beforeFindAnswers =
          () -> {
            remote.delete(session.id());
            index.deleteByPrincipal("alice", Set.of(), ended -> {});
          };
      copies.lookUp(session.id(), 0, 0);

      assertThat(copies.lookUp(session.id(), 0, 0).session()).isEmpty();
    }
  }

  private StoredSession near(StoredSession session) {
    return copies.lookUp(session.id(), 0, 0).session().orElseThrow();
  }

  private static StoredSession another(String principal) {
    return StoredSession.builder(SessionId.generate(NOW, RANDOM))
        .secretHash(SecretHash.of(new byte[32]))
        .createdAt(NOW)
        .principal(principal)
        .authenticatedAt(NOW)
        .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
        .build();
  }
}
