package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LiveSessions.LiveSession;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of a store's {@link LiveSessions}: a test for every sentence of its documentation.
 * Extended like {@link SessionStoreContract}, by a store whose {@link SessionStore#liveSessions()}
 * is present.
 *
 * @since 0.1.0
 */
public abstract class LiveSessionsContract {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00.123Z");

  private SessionStore store;
  private LiveSessions all;

  /** Creates the contract; it takes no arguments from a test class. */
  protected LiveSessionsContract() {}

  /** Creates a store without any session. Called before each test, which closes the store. */
  protected abstract SessionStore createStore();

  /** Opens the store under test. */
  @BeforeEach
  final void openStore() {
    store = createStore();
    all = store.liveSessions().orElseThrow();
  }

  /** Closes the store under test. */
  @AfterEach
  final void closeStore() {
    store.close();
  }

  private StoredSession insert() {
    StoredSession session = SampleSessions.anonymous(NOW).build();
    store.insert(session);
    return session;
  }

  private LiveSession live(StoredSession session) {
    return Objects.requireNonNull(all.get(session.id()), "the session lives");
  }

  @Test
  void liveSessions_areTheSameEachTime_andKeepLiveValues() {
    assertThat(store.liveSessions().orElseThrow()).isSameAs(all);
    assertThat(store.keepsLiveValues()).isTrue();
  }

  @Test
  void get_unknown_isNull() {
    assertThat(all.get(SampleSessions.anonymous(NOW).build().id())).isNull();
  }

  @Test
  void get_isTheSame_asLongAsTheSessionLives() {
    StoredSession session = insert();
    LiveSession live = live(session);
    assertThat(store.update(session.toBuilder().attributes(Map.of()).build(), NOW)).isTrue();
    assertThat(all.get(session.id())).isSameAs(live);
    StoredSession login =
        store.find(session.id()).orElseThrow().toBuilder()
            .principal("alice")
            .authenticatedAt(NOW)
            .build();
    assertThat(store.update(login, NOW)).isTrue();
    assertThat(all.get(session.id())).isSameAs(live);
    assertThat(store.delete(session.id())).isPresent();
    assertThat(all.get(session.id())).isNull();
  }

  @Test
  void newerThan_isWhatFindReturns_ifItChanged() {
    StoredSession session = insert();
    LiveSession live = live(session);
    assertThat(live.newerThan(session.version())).isNull();
    Instant later = NOW.plusSeconds(5);
    assertThat(store.update(session, NOW)).isTrue();
    assertThat(store.touch(session.id(), later, later)).isTrue();

    assertThat(live.newerThan(session.version())).isEqualTo(store.find(session.id()).orElseThrow());
    assertThat(live.newerThan(session.version() + 1)).isNull();

    store.delete(session.id());
    assertThat(live.newerThan(session.version())).isNull();
  }

  @Test
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
    assertThat(store.find(session.id())).contains(session);
  }

  @Test
  void attachment_staysAtALogin() {
    StoredSession session = insert();
    assertThat(live(session).replaceAttachment(null, "known")).isTrue();
    StoredSession login = session.toBuilder().principal("alice").authenticatedAt(NOW).build();
    assertThat(store.update(login, NOW)).isTrue();
    assertThat(live(session).attachment()).isEqualTo("known");
  }

  @Test
  void replaceAttachment_manyAtOnce_oneWins() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      for (int round = 0; round < 100; round++) {
        StoredSession session = insert();
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          Object own = new Object();
          tasks.add(() -> live(session).replaceAttachment(null, own));
        }
        List<Boolean> results = new ArrayList<>();
        for (Future<Boolean> one : threads.invokeAll(tasks)) {
          results.add(one.get());
        }
        assertThat(results).containsOnlyOnce(true);
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
