package io.coatcheck.session.testkit;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;

class InProcessChangeFeedContractTest extends ChangeFeedContract {

  private final InProcessChangeFeed feed = new InProcessChangeFeed();
  private final SessionStore sessions = InMemorySessionStore.builder().copyOnRead(true).build();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

  @Override
  protected SessionStore createStore() {
    Future<?> unused = clock.scheduleAtFixedRate(feed::complete, 0, 5, TimeUnit.MILLISECONDS);
    return feed.over(sessions);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return feed.over(sessions);
  }

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return feed.over(
        InMemorySessionStore.builder().copyOnRead(true).maximumSessions(capacity).build());
  }

  @AfterEach
  void stopClock() {
    clock.shutdown();
  }
}
