package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A login moves a session from one map to the other while others look for it or end it. The moments
 * at which that could go wrong are shorter than a microsecond, hence the many rounds.
 */
class LoginRaceTest {

  private static final int ROUNDS = 200_000;
  private static final Duration LONGEST = Duration.ofSeconds(3);

  private final InMemorySessionStore store = InMemorySessionStore.builder().build();

  /** The session that the other thread is to act on; null between two of them. */
  private volatile @Nullable SessionId current;

  private volatile boolean done;

  /** If it broke, a request beside the login would be told that there is no session. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void find_duringItsLogin_findsTheSession(boolean limited) {
    CompletableFuture<Integer> missed =
        CompletableFuture.supplyAsync(
            () -> {
              int misses = 0;
              while (!done) {
                SessionId id = current;
                if (id != null && store.find(id).isEmpty() && id.equals(current)) {
                  misses++;
                }
              }
              return misses;
            });
    rounds(
        session -> {
          login(session, limited);
          current = null;
          store.delete(session.id());
        });
    assertThat(missed.join()).as("how often the session was not found").isZero();
  }

  /** If it broke, what is left of ended sessions would fill the store in the end. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void delete_duringItsLogin_leavesNothingBehind(boolean limited) {
    CompletableFuture<Integer> deleting =
        CompletableFuture.supplyAsync(
            () -> {
              int deleted = 0;
              while (!done) {
                SessionId id = current;
                if (id != null && store.delete(id).isPresent()) {
                  deleted++;
                }
              }
              return deleted;
            });
    rounds(
        session -> {
          login(session, limited);
          current = null;
          store.delete(session.id());
        });
    assertThat(deleting.join()).isPositive();
    assertThat(store.table().isEmpty()).as("nothing is left").isTrue();
  }

  private void rounds(Consumer<StoredSession> round) {
    long begun = System.nanoTime();
    for (int i = 0; i < ROUNDS && System.nanoTime() - begun < LONGEST.toNanos(); i++) {
      StoredSession session = Sessions.anonymous().build();
      store.insert(session);
      current = session.id();
      round.accept(session);
    }
    done = true;
  }

  private void login(StoredSession session, boolean limited) {
    StoredSession login =
        session.toBuilder().principal("alice").authenticatedAt(Sessions.NOW).build();
    if (limited) {
      store.loginLimit().orElseThrow().admit(login, false, 2, WhenFull.EVICT_OLDEST, Sessions.NOW);
    } else {
      store.update(login, Sessions.NOW);
    }
  }
}
