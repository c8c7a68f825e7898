package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * {@code ChangeFeed}, as a cache uses it: a session is loaded when its change is reported. If a
 * feed reported too early, the cache would keep the session as it was before.
 */
abstract class ReportingNotTooEarly extends IndexPart {

  private static final String VISIBLE = "returns the session as it was after the change, or later.";

  private Loading loading = new Loading();

  ReportingNotTooEarly(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Override
  boolean needsIndex() {
    return false;
  }

  @BeforeEach
  final void needsChangeFeed() throws Exception {
    assumeHas(store().changeFeed(), ChangeFeed.class);
    loading = new Loading();
    loading.subscription = store().changeFeed().orElseThrow().subscribe(loading);
    loading.journal.awaitComplete();
    // Changes from before the subscription may be missed, and those of this test may not.
    loading.missed = false;
  }

  @AfterEach
  final void unsubscribe() {
    loading.subscription.close();
  }

  private List<SessionStore> bothNodes() {
    return List.of(otherNode(), store());
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = VISIBLE)
  void changed_isNotCalledBeforeTheChangeIsVisible() throws Exception {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      for (SessionStore node : bothNodes()) {
        StoredSession updated = insert(SampleSessions.anonymous(NOW));
        assertThat(node.update(updated, NOW)).isTrue();
        loading.mustFind(successor(updated));
        StoredSession deleted = insert(SampleSessions.anonymous(NOW));
        assertThat(node.delete(deleted.id())).isPresent();
        loading.mustNotFind(deleted);
        StoredSession ended = insert(SampleSessions.anonymous(NOW));
        assertThat(node.delete(ended.id(), ended.generation())).isPresent();
        loading.mustNotFind(ended);
      }
    }
    loading.assertFound();
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = VISIBLE)
  void changed_ofARevocation_isNotCalledBeforeItIsVisible() throws Exception {
    assumeHas(store().principalIndex(), PrincipalIndex.class);
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      for (SessionStore node : bothNodes()) {
        PrincipalIndex index = node.principalIndex().orElseThrow();
        StoredSession older = insert(SampleSessions.authenticated("alice", NOW));
        StoredSession younger = insert(SampleSessions.authenticated("alice", NOW.plusSeconds(1)));
        assertThat(index.deleteOldest("alice", 1, NOW, gone -> {})).isOne();
        loading.mustNotFind(older);
        assertThat(index.deleteByPrincipal("alice", Set.of(), gone -> {})).isOne();
        loading.mustNotFind(younger);
      }
    }
    loading.assertFound();
  }

  @Test
  @Sentence(of = ChangeFeed.class, value = VISIBLE)
  void changed_ofALogin_isNotCalledBeforeItIsVisible() throws Exception {
    assumeHas(store().loginLimit(), LoginLimit.class);
    int users = 0;
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      for (SessionStore node : bothNodes()) {
        String user = "user " + users++;
        StoredSession older = insert(SampleSessions.authenticated(user, NOW));
        StoredSession login =
            insert(SampleSessions.anonymous(NOW)).toBuilder()
                .principal(user)
                .authenticatedAt(NOW.plusSeconds(1))
                .build();
        Admission admission =
            node.loginLimit().orElseThrow().admit(login, false, 1, WhenFull.EVICT_OLDEST, NOW);
        assertThat(admission).isEqualTo(LimitPart.stored(older));
        loading.mustNotFind(older);
        loading.mustFind(successor(login));
      }
    }
    loading.assertFound();
  }

  /** Loads each session when its change is reported. */
  private final class Loading implements ChangeFeed.Listener {

    private static final long ABSENT = -1;

    final ChangeJournal journal = new ChangeJournal();
    ChangeFeed.Subscription subscription = () -> {};
    volatile boolean missed;

    /** The version of each session that must be found, and of each that was found last. */
    private final Map<SessionId, Long> expected = new ConcurrentHashMap<>();

    private final Map<SessionId, Long> loaded = new ConcurrentHashMap<>();

    @Override
    public void changed(SessionId id) {
      loaded.put(id, store().find(id).map(StoredSession::version).orElse(ABSENT));
      journal.changed(id);
    }

    /** Discards every copy; those that are loaded on demand afterwards are not too early. */
    @Override
    public void missed() {
      missed = true;
      loaded.clear();
      journal.missed();
    }

    @Override
    public void completeUpTo(long nanoTime) {
      journal.completeUpTo(nanoTime);
    }

    void mustFind(StoredSession session) {
      expected.put(session.id(), session.version());
    }

    void mustNotFind(StoredSession session) {
      expected.put(session.id(), ABSENT);
    }

    /** Fails unless the last load of each session, when it was reported, showed the change. */
    void assertFound() throws Exception {
      journal.awaitComplete();
      Map<SessionId, Long> wanted = new HashMap<>(expected);
      if (missed) {
        wanted.keySet().retainAll(loaded.keySet());
      }
      assertThat(loaded)
          .as("the versions that were found after the reports; %s for none", ABSENT)
          .containsAllEntriesOf(wanted);
    }
  }
}
