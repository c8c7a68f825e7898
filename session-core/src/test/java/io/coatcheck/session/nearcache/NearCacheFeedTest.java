package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("a near cache on a store with a change feed")
@Timeout(180)
class NearCacheFeedTest {

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final RemoteStore remote = new RemoteStore().withFeed();

  @Test
  @DisplayName("startup says how copies are kept current")
  void startUp_saysHowCopiesAreKept() {
    RecordedLog log = RecordedLog.of(NearCacheSessionStore.class);
    try (log) {
      NearCacheSessionStore.builder(remote).build().close();
      NearCacheSessionStore.builder(remote).useChangeFeed(false).build().close();
      NearCacheSessionStore.builder(remote).useChangeFeed(false).revalidate(false).build().close();
      NearCacheSessionStore.builder(remote).maxStaleness(Duration.ZERO).build().close();
    }

    assertThat(log.lines())
        .containsExactly(
            "Near cache: copies stay valid until the change feed reports a change; a change on"
                + " another node takes effect within PT1S",
            "Near cache: copies in use are compared with the store in batches; a change on"
                + " another node takes effect within PT1S",
            "Near cache: copies are loaded again when they are too old; a change on another node"
                + " takes effect within PT1S",
            "Near cache: no copies are kept; a change on another node takes effect within PT0S");
  }

  @Test
  @DisplayName("I11: a feed that reports less than twice within the bound is refused")
  void interval_aboveHalfOfTheBound_isRefused() {
    remote.feed.interval = Duration.ofMillis(501);

    assertThatThrownBy(() -> NearCacheSessionStore.builder(remote).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "maxStaleness must be at least twice the changeFeedInterval of the store, which is"
                + " PT0.501S, unless useChangeFeed is off: PT1S");
    assertThat(remote.feed.listeners()).isZero();

    NearCacheSessionStore.builder(remote).useChangeFeed(false).build().close();
    NearCacheSessionStore.builder(remote).maxStaleness(Duration.ZERO).build().close();
    remote.feed.interval = Duration.ofMillis(500);
    NearCacheSessionStore.builder(remote).build().close();
  }

  @Test
  void lag_countsFromTheLastReport() {
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).nanoTime(nanos::get).build();
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
    remote.feed.completeUpTo(nanos.get());
    nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(300));

    assertThat(node.lag()).contains(Duration.ofMillis(300));
    node.close();
  }

  @Test
  void size_countsCopies() {
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).build();
    node.find(remote.stored("alice").id());
    node.find(remote.stored("alice").id());

    assertThat(node.size()).isEqualTo(2);
    node.close();
  }

  @Test
  void close_endsTheSubscription() {
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).build();
    assertThat(remote.feed.listeners()).isEqualTo(1);

    node.close();

    assertThat(remote.feed.listeners()).isZero();
  }

  /** If it broke, a feed of another author could keep threads, and a class loader, alive. */
  @Test
  @DisplayName("I15: closing ends and stores everything, even if the feed cannot be closed")
  void close_feedThatCannotBeClosed_endsAndStoresEverythingElse() {
    StoredSession alice = remote.stored("alice");
    remote.feed.closeFailure = new IllegalStateException("of the feed");
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).build();
    NearCopies copies = node.nearCopies().orElseThrow();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    copies.onEndedElsewhere(ended -> {});
    copies.lookUp(alice.id(), 0, 0);
    Instant later = RemoteStore.NOW.plusSeconds(60);
    assertThat(copies.touchSoon(alice.id(), later, later)).isTrue();

    assertThatThrownBy(node::close).isSameAs(remote.feed.closeFailure);

    assertThat(remote.touchBatches).hasValue(1);
    assertThat(remote.closed).isTrue();
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> !before.contains(thread))
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("coatcheck-notifier"));
  }

  @Test
  void close_twoFailures_throwsTheFirstWithTheOther() {
    remote.feed.closeFailure = new IllegalStateException("of the feed");
    remote.closeFailure = new IllegalStateException("of the store");
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).build();

    assertThatThrownBy(node::close)
        .isSameAs(remote.feed.closeFailure)
        .hasSuppressedException(remote.closeFailure);
  }

  /** If there is no memory for the thread, for example, its start fails. */
  @Test
  @DisplayName("it subscribes when its thread runs: neither is left if the other cannot begin")
  void build_feedThatCannotBeSubscribedTo_endsTheThread() {
    Set<Thread> others = revalidators();
    Set<Thread> started = new HashSet<>();
    remote.feed.beforeSubscribe =
        () -> {
          started.addAll(revalidators());
          started.removeAll(others);
          throw new IllegalStateException("of the feed");
        };

    assertThatThrownBy(() -> NearCacheSessionStore.wrap(remote)).hasMessage("of the feed");

    assertThat(started).hasSize(1).noneMatch(Thread::isAlive);
  }

  private static Set<Thread> revalidators() {
    Set<Thread> threads = new HashSet<>(Thread.getAllStackTraces().keySet());
    threads.removeIf(thread -> !thread.getName().startsWith("coatcheck-revalidator"));
    return threads;
  }

  @Test
  void close_duringALoad_leavesNoCopy() {
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).build();
    StoredSession alice = remote.stored("alice");
    remote.beforeFindAnswers = node::close;

    node.nearCopies().orElseThrow().lookUp(alice.id(), 0, 0);

    assertThat(node.size()).isZero();
  }

  @Test
  void useChangeFeed_false_doesNotSubscribe() {
    NearCacheSessionStore node = NearCacheSessionStore.builder(remote).useChangeFeed(false).build();

    assertThat(remote.feed.listeners()).isZero();
    node.close();
  }

  @Test
  void maxStaleness_zero_doesNotSubscribe() {
    NearCacheSessionStore node =
        NearCacheSessionStore.builder(remote).maxStaleness(Duration.ZERO).build();

    assertThat(remote.feed.listeners()).isZero();
    assertThat(node.lag()).isEmpty();
    node.close();
  }
}
