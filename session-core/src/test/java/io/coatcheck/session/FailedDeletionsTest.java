package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A logout of a session that the store does not have")
class FailedDeletionsTest {

  private final Deleting store = new Deleting();
  private final EngineFixture fixture =
      new EngineFixture(new HookedStore(store, Duration.ZERO), builder -> builder);
  private final SessionAdapter adapter = fixture.manager.adapter();

  /** Records the generations that are deleted, and fails after a deletion on request. */
  private static final class Deleting extends ForwardingSessionStore {
    private final List<Long> generations = new ArrayList<>();
    private boolean fails;

    Deleting() {
      super(InMemorySessionStore.builder().copyOnRead(true).build());
    }

    @Override
    public Optional<StoredSession> delete(SessionId id, long generation) {
      generations.add(generation);
      Optional<StoredSession> deleted = super.delete(id, generation);
      if (fails) {
        throw new SessionStoreException("the answer was lost");
      }
      return deleted;
    }
  }

  private static SessionId id(String token) {
    return SessionToken.parse(token).orElseThrow().id();
  }

  private String loggedOutInVain() {
    String token = fixture.loggedIn("alice");
    Session session = fixture.live(token);
    store.fails = true;
    assertThatThrownBy(() -> fixture.manager.invalidate(session))
        .isInstanceOf(SessionStoreException.class);
    store.fails = false;
    store.generations.clear();
    return token;
  }

  @Test
  @DisplayName("asks only for a confirmation, even if that fails")
  void unknown() {
    SessionId unknown = SessionId.of(1, 2);
    store.fails = true;
    assertThatThrownBy(() -> adapter.confirmEnd(unknown)).isInstanceOf(SessionStoreException.class);
    store.fails = false;
    adapter.confirmEnd(unknown);
    assertThat(store.generations).containsExactly(-1L, -1L);
  }

  @Test
  @DisplayName("is a deletion as any other, once, if one failed before on this node")
  void failedBefore() {
    String token = loggedOutInVain();
    adapter.invalidatePresented(List.of(token));
    assertThat(store.generations).containsExactly(Long.MAX_VALUE);
    adapter.confirmEnd(id(token));
    assertThat(store.generations).containsExactly(Long.MAX_VALUE, -1L);
  }

  @Test
  @DisplayName("is a deletion as any other until one succeeds")
  void failedAgain() {
    SessionId id = id(loggedOutInVain());
    store.fails = true;
    assertThatThrownBy(() -> adapter.confirmEnd(id)).isInstanceOf(SessionStoreException.class);
    assertThatThrownBy(() -> adapter.confirmEnd(id)).isInstanceOf(SessionStoreException.class);
    assertThat(store.generations).containsExactly(Long.MAX_VALUE, Long.MAX_VALUE);
  }

  @Test
  @DisplayName("is remembered for the last failures, and for no more")
  void bound() {
    SessionId first = id(loggedOutInVain());
    SessionId second = id(loggedOutInVain());
    for (int i = 2; i <= FailedDeletions.MAX_IDS; i++) {
      loggedOutInVain();
    }
    adapter.confirmEnd(first);
    adapter.confirmEnd(second);
    assertThat(store.generations).containsExactly(-1L, Long.MAX_VALUE);
  }
}
