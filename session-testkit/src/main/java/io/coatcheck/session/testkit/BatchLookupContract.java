package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchLookup.Stamp;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of a store's {@link BatchLookup}: a test for every sentence of its documentation.
 * Extended like {@link SessionStoreContract}, by a store whose {@link SessionStore#batchLookup()}
 * is present.
 *
 * @since 0.1.0
 */
public abstract class BatchLookupContract {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00.123Z");

  private SessionStore store;
  private BatchLookup lookup;

  /** Makes the contract; a test class has nothing to hand over. */
  protected BatchLookupContract() {}

  /** Makes a store without any session. Called before each test, which closes the store. */
  protected abstract SessionStore createStore();

  /** Opens what the test is about. */
  @BeforeEach
  final void openStore() {
    store = createStore();
    lookup = store.batchLookup().orElseThrow();
  }

  /** Closes what the test was about. */
  @AfterEach
  final void closeStore() {
    store.close();
  }

  private StoredSession insert(StoredSessionBuilder builder) {
    StoredSession session = builder.build();
    store.insert(session);
    return session;
  }

  @Test
  void batchLookup_isTheSameEachTime() {
    assertThat(store.batchLookup().orElseThrow()).isSameAs(lookup);
  }

  @Test
  void stamps_ofNothing_isEmpty() {
    assertThat(lookup.stamps(Set.of())).isEmpty();
  }

  @Test
  void stamps_tellVersionAndLastSeenOfThoseThatExist() {
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    StoredSession complete = insert(SampleSessions.complete(NOW));
    StoredSession absent = SampleSessions.anonymous(NOW).build();
    insert(SampleSessions.anonymous(NOW));

    Map<SessionId, Stamp> stamps =
        lookup.stamps(Set.of(anonymous.id(), complete.id(), absent.id()));

    assertThat(stamps)
        .isEqualTo(
            Map.of(
                anonymous.id(), new Stamp(0, NOW),
                complete.id(), new Stamp(complete.version(), complete.lastSeenAt())));
  }

  @Test
  void stamps_ofAnExpiredSession_areTold() {
    StoredSession expired = insert(SampleSessions.anonymous(Instant.EPOCH));

    assertThat(lookup.stamps(Set.of(expired.id()))).containsOnlyKeys(expired.id());
  }

  @Test
  void stamps_followUpdateTouchAndDelete() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    Set<SessionId> ids = Set.of(session.id());
    store.touch(session.id(), NOW.plusSeconds(60), NOW);
    assertThat(lookup.stamps(ids)).containsEntry(session.id(), new Stamp(0, NOW.plusSeconds(60)));

    store.update(session, NOW);
    assertThat(lookup.stamps(ids)).containsEntry(session.id(), new Stamp(1, NOW.plusSeconds(60)));

    store.delete(session.id());
    assertThat(lookup.stamps(ids)).isEmpty();
  }

  @Test
  void stamps_areTheCallersToChange() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    lookup.stamps(Set.of(session.id())).clear();

    assertThat(lookup.stamps(Set.of(session.id()))).hasSize(1);
  }

  @Test
  void stamps_asManyAsAllowed_areAllTold() {
    Map<SessionId, Stamp> expected = new HashMap<>();
    Set<SessionId> asked = new HashSet<>();
    for (int i = 0; i < BatchLookup.MAX_IDS; i++) {
      StoredSession session = SampleSessions.anonymous(NOW.plusMillis(i)).build();
      asked.add(session.id());
      if (i % 10 == 0) {
        store.insert(session);
        expected.put(session.id(), new Stamp(0, NOW.plusMillis(i)));
      }
    }

    assertThat(lookup.stamps(asked)).isEqualTo(expected);
  }

  @Test
  void stamps_moreThanAllowed_areRefused() {
    Set<SessionId> ids = new HashSet<>();
    for (int i = 0; i <= BatchLookup.MAX_IDS; i++) {
      ids.add(SessionId.of(1, i));
    }

    assertThatThrownBy(() -> lookup.stamps(ids)).isInstanceOf(IllegalArgumentException.class);
  }
}
