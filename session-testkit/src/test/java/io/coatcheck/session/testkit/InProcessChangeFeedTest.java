package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InProcessChangeFeedTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final InProcessChangeFeed feed = new InProcessChangeFeed();
  private final SessionStore store = feed.over(InMemorySessionStore.builder().build());
  private final StoredSession session = SampleSessions.anonymous(NOW).build();
  private final List<String> calls = new ArrayList<>();

  InProcessChangeFeedTest() {
    store
        .changeFeed()
        .orElseThrow()
        .subscribe(
            new ChangeFeed.Listener() {
              @Override
              public void changed(SessionId id) {
                calls.add("changed");
              }

              @Override
              public void missed() {
                calls.add("missed");
              }

              @Override
              public void completeUpTo(long nanoTime) {
                calls.add("complete " + nanoTime);
              }
            });
    store.insert(session);
  }

  @Test
  void change_isReportedBeforeItReturns() {
    store.update(session, NOW);
    assertThat(calls).containsExactly("changed");
    store.delete(session.id());
    feed.completeUpTo(7);
    assertThat(calls).containsExactly("changed", "changed", "complete 7");
  }

  @Test
  void held_reportsComeWithRelease() {
    feed.hold();
    store.delete(session.id());
    feed.completeUpTo(7);
    assertThat(calls).isEmpty();
    feed.release();
    feed.completeUpTo(8);
    assertThat(calls).containsExactly("changed", "complete 8");
  }

  @Test
  void lost_reportsAreMissed() {
    feed.hold();
    store.delete(session.id());
    feed.lose();
    feed.completeUpTo(8);
    assertThat(calls).containsExactly("missed", "complete 8");
  }
}
