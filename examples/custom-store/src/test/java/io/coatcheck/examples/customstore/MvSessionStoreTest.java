package io.coatcheck.examples.customstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the contract cannot see of this store. */
class MvSessionStoreTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  private static MVStore open(Path folder) {
    return new MVStore.Builder().fileName("async:" + folder.resolve("sessions.mv")).open();
  }

  @Test
  @DisplayName("A write that has returned is kept when the process is killed")
  void changes_afterACrash_areThere(@TempDir Path folder) {
    StoredSession kept = SampleSessions.complete(NOW).build();
    StoredSession deleted = SampleSessions.complete(NOW).build();
    MVStore crashing = open(folder);
    MvSessionStore store = new MvSessionStore(crashing);
    store.insert(kept);
    store.insert(deleted);
    assertThat(store.update(kept, NOW)).isTrue();
    assertThat(store.delete(deleted.id())).contains(deleted);
    crashing.closeImmediately();

    try (MVStore reopened = open(folder)) {
      MvSessionStore after = new MvSessionStore(reopened);
      assertThat(after.find(kept.id())).contains(kept.replacing(kept, NOW).orElseThrow());
      assertThat(after.find(deleted.id())).isEmpty();
    }
  }

  @Test
  @DisplayName("A failure of the engine comes out as a SessionStoreException")
  void engineFails_isASessionStoreException(@TempDir Path folder) {
    MVStore engine = open(folder);
    IndexedMvSessionStore store = new IndexedMvSessionStore(engine);
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    store.insert(session);
    engine.closeImmediately();

    assertThatThrownBy(() -> store.find(session.id())).isInstanceOf(SessionStoreException.class);
    assertThatThrownBy(() -> store.update(session, NOW))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining(session.id().toString());
    assertThatThrownBy(() -> store.delete(session.id())).isInstanceOf(SessionStoreException.class);
    assertThatThrownBy(() -> store.deleteExpired(NOW, 10, gone -> {}))
        .isInstanceOf(SessionStoreException.class);
    assertThatThrownBy(
            () ->
                store
                    .principalIndex()
                    .orElseThrow()
                    .deleteByPrincipal("alice", Set.of(), gone -> {}))
        .isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("An interrupt does not close the file")
  void interruptedThread_theStoreStaysUsable(@TempDir Path folder) {
    try (MVStore engine = open(folder)) {
      MvSessionStore store = new MvSessionStore(engine);
      StoredSession session = SampleSessions.complete(NOW).build();
      Thread.currentThread().interrupt();
      store.insert(session);
      Thread.interrupted();
      assertThat(store.update(session, NOW)).isTrue();
    }
  }

  @Test
  @DisplayName("Damaged bytes count as absent, and are deleted, counted and not handed over")
  void damagedSession_countsAsAbsentAndIsDeleted() {
    try (MVStore engine = new MVStore.Builder().open()) {
      IndexedMvSessionStore store = new IndexedMvSessionStore(engine);
      StoredSession byDelete = damaged(store, 1);
      StoredSession byPrincipal = damaged(store, 1);
      StoredSession byExpiry = damaged(store, 1);
      StoredSession sound = SampleSessions.authenticated("alice", NOW).build();
      store.insert(sound);

      assertThat(store.find(byDelete.id())).isEmpty();
      assertThat(store.update(byDelete, NOW)).isFalse();
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10))
          .hasSize(1);
      endsAll(store, byDelete, byPrincipal, byExpiry, sound);
    }
  }

  @Test
  @DisplayName("A newer format is never taken for absent, and is deleted all the same")
  void newerFormat_failsTheFindAndIsDeleted() {
    try (MVStore engine = new MVStore.Builder().open()) {
      IndexedMvSessionStore store = new IndexedMvSessionStore(engine);
      StoredSession byDelete = damaged(store, 0);
      StoredSession byPrincipal = damaged(store, 0);
      StoredSession byExpiry = damaged(store, 0);
      StoredSession sound = SampleSessions.authenticated("alice", NOW).build();
      store.insert(sound);

      assertThatThrownBy(() -> store.find(byDelete.id()))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("format 2");
      assertThatThrownBy(
              () -> store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10))
          .isInstanceOf(SessionStoreException.class);
      endsAll(store, byDelete, byPrincipal, byExpiry, sound);
    }
  }

  /** Stores a session of alice and changes its bytes: the format, or another one. */
  private static StoredSession damaged(MvSessionStore store, int kind) {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    store.insert(session);
    byte[] bytes = store.maps.sessions.get(session.id().toString()).clone();
    bytes[kind == 0 ? 0 : 17] = (byte) (kind == 0 ? 2 : -1);
    store.maps.sessions.put(session.id().toString(), bytes);
    return session;
  }

  private static void endsAll(
      IndexedMvSessionStore store,
      StoredSession byDelete,
      StoredSession byPrincipal,
      StoredSession byExpiry,
      StoredSession sound) {
    assertThat(store.delete(byDelete.id())).isEmpty();
    List<StoredSession> gone = new ArrayList<>();
    assertThat(
            store
                .principalIndex()
                .orElseThrow()
                .deleteByPrincipal("alice", Set.of(byExpiry.id(), sound.id()), gone::add))
        .as("%s alone", byPrincipal.id())
        .isEqualTo(1);
    assertThat(gone).isEmpty();
    assertThat(store.deleteExpired(sound.expiresAt(), 10, gone::add))
        .isEqualTo(new CleanUp(2, true));
    assertThat(gone).containsExactly(sound);
    assertThat(store.maps.sessions).isEmpty();
  }

  @Test
  @DisplayName("A session of the manager is found after a restart")
  void manager_afterARestart_findsTheSession(@TempDir Path folder) {
    String token;
    try (MVStore engine = open(folder);
        SessionManager manager = SessionManager.builder(new MvSessionStore(engine)).build()) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      session.setAttribute("cart", "a book");
      manager.save(session);
      token = session.unsentToken().orElseThrow().value();
    }
    try (MVStore engine = open(folder);
        SessionManager manager = SessionManager.builder(new MvSessionStore(engine)).build()) {
      assertThat(manager.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);
    }
  }
}
