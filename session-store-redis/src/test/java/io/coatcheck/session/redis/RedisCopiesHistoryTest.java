package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.history.CopiesHistory;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.history.HistoryNode;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes on one Redis whose copies are kept by the change feed, each with a connection that
 * can be delayed or hang, and {@link CopiesHistory the rules}.
 */
@DisplayName("I2, I3, I5: within the bound on every node, with copies kept by the change feed")
@Timeout(180)
@Tag("wide")
class RedisCopiesHistoryTest {

  private static final Duration BOUND = Duration.ofMillis(600);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final int NODES = 3;
  private static final int THREADS = 4;

  /** Long enough for a busy machine, where no call may fail. */
  private static final Duration PATIENT = Duration.ofSeconds(10);

  private static final Duration IMPATIENT = Duration.ofMillis(500);

  @TempDir private Path folder;
  private final List<FreezingProxy> proxies = new ArrayList<>();
  private final List<NearCacheSessionStore> copies = new ArrayList<>();
  private final List<SessionManager> managers = new ArrayList<>();
  private TestServer server;
  private volatile boolean isOver;

  /** The server writes to disk before it answers, so that a restart loses nothing. */
  @BeforeEach
  void start() throws IOException {
    server = new TestServer("dir " + folder, "appendonly yes", "appendfsync always");
    for (int i = 0; i < NODES; i++) {
      proxies.add(new FreezingProxy(server.port));
    }
  }

  @AfterEach
  void stop() throws IOException {
    managers.forEach(SessionManager::close);
    for (FreezingProxy proxy : proxies) {
      proxy.close();
    }
    server.close();
  }

  private void startNodes(Duration commandTimeout, UnaryOperator<SessionStore> feed) {
    for (FreezingProxy proxy : proxies) {
      SessionStore store =
          TestServer.built(
              RedisSessionStore.builder(TestServer.uri("127.0.0.1", proxy.port()))
                  .clientResources(TestServer.RESOURCES)
                  .commandTimeout(commandTimeout)
                  .connectTimeout(commandTimeout)
                  .changeFeedInterval(POLL));
      NearCacheSessionStore near =
          NearCacheSessionStore.builder(feed.apply(store)).maxStaleness(BOUND).build();
      copies.add(near);
      managers.add(SessionManager.builder(near).cleanUpInterval(Duration.ZERO).build());
    }
  }

  private CopiesHistory history(boolean mayFail) {
    return new CopiesHistory(managers.stream().map(HistoryNode::of).toList(), BOUND, mayFail);
  }

  private long hits() {
    return copies.stream().mapToLong(NearCacheSessionStore::hits).sum();
  }

  @Test
  @DisplayName("commands and answers that are delayed at random, on each node by itself")
  void delays() throws InterruptedException {
    delays(Duration.ofSeconds(3));
  }

  @Tag("long")
  @Test
  void delays_longer() throws InterruptedException {
    delays(Duration.ofSeconds(20));
  }

  private void delays(Duration time) throws InterruptedException {
    startNodes(PATIENT, feed -> feed);
    CopiesHistory history = history(false);
    List<Thread> delaying = new ArrayList<>();
    for (FreezingProxy proxy : proxies) {
      delaying.add(start(() -> delay(proxy, new Random())));
    }

    history.run(time, THREADS, history::awaitLateRead);

    isOver = true;
    for (Thread one : delaying) {
      one.join();
    }
    // On a machine that is slow, there are few reads between two changes of a session.
    assertThat(hits()).as("of %d", history.reads()).isGreaterThan(history.reads() / 4);
  }

  private void delay(FreezingProxy proxy, Random random) {
    while (!isOver) {
      pause(Duration.ofMillis(random.nextInt(100)));
      proxy.freeze();
      pause(Duration.ofMillis(random.nextInt(150)));
      proxy.thaw();
    }
  }

  @Test
  @DisplayName("I9: a Redis that one node cannot reach for a while")
  void hangingConnection() {
    hang(1, Duration.ofSeconds(4));
  }

  @Tag("long")
  @Test
  void hangingConnection_again() {
    hang(4, Duration.ofSeconds(15));
  }

  private void hang(int times, Duration time) {
    FreezingProxy proxy = proxies.get(0);
    disturb(
        times,
        time,
        (history, failures) -> {
          proxy.freeze();
          history.pause(Duration.ofSeconds(1));
          history.await("a request has failed", () -> history.failures() > failures);
          proxy.thaw();
        });
  }

  @Test
  @DisplayName("I9: a Redis that is started again, with its data")
  void restart() {
    restart(1, Duration.ofSeconds(4));
  }

  @Tag("long")
  @Test
  void restart_again() {
    restart(4, Duration.ofSeconds(15));
  }

  private void restart(int times, Duration time) {
    disturb(
        times,
        time,
        (history, failures) -> {
          server.stop();
          history.await("a request has failed", () -> history.failures() > failures);
          server.start();
        });
  }

  /** What goes wrong, and is well again afterwards. */
  private interface Disturbance {
    void run(CopiesHistory history, long failuresBefore) throws Exception;
  }

  private void disturb(int times, Duration time, Disturbance disturbance) {
    startNodes(IMPATIENT, feed -> feed);
    CopiesHistory history = history(true);

    history.run(
        time,
        THREADS,
        () -> {
          for (int i = 0; i < times; i++) {
            history.pause(Duration.ofSeconds(1));
            disturbance.run(history, history.failures());
            history.pause(Duration.ofSeconds(1));
          }
          history.awaitLateRead();
        });

    assertThat(history.failures()).as("requests that failed closed").isPositive();
    // On a machine that is slow, there are few reads between two changes of a session.
    assertThat(hits()).as("of %d", history.reads()).isGreaterThan(history.reads() / 4);
  }

  private static Thread start(Runnable work) {
    Thread thread = new Thread(work, "disturbing");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void pause(Duration time) {
    long until = System.nanoTime() + time.toNanos();
    while (System.nanoTime() - until < 0) {
      LockSupport.parkNanos(Math.min(until - System.nanoTime(), TimeUnit.SECONDS.toNanos(1)));
    }
  }

  @Test
  @DisplayName("a feed that drops one change of ten breaks the rules")
  void feedThatDropsChanges_isFound() {
    startNodes(PATIENT, DroppingFeed::new);
    CopiesHistory history = history(false);

    assertThatThrownBy(() -> history.run(Duration.ofSeconds(60), THREADS))
        .isInstanceOf(AssertionError.class)
        .hasMessageMatching("(?s).*(a request that was admitted|shows after the bound).*");
  }

  /** A store with a wrong feed: it says that it is complete, and leaves changes out. */
  private static final class DroppingFeed extends ForwardingSessionStore implements ChangeFeed {

    private final ChangeFeed whole;

    DroppingFeed(SessionStore store) {
      super(store);
      whole = store.changeFeed().orElseThrow();
    }

    @Override
    public Optional<ChangeFeed> changeFeed() {
      return Optional.of(this);
    }

    @Override
    public Subscription subscribe(Listener listener) {
      return whole.subscribe(
          new Listener() {
            private final AtomicInteger changes = new AtomicInteger();

            @Override
            public void changed(SessionId id) {
              if (changes.incrementAndGet() % 10 != 0) {
                listener.changed(id);
              }
            }

            @Override
            public void missed() {
              listener.missed();
            }

            @Override
            public void completeUpTo(long nanoTime) {
              listener.completeUpTo(nanoTime);
            }
          });
    }
  }
}
