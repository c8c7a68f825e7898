package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A node with a near cache, whose copies nothing but their age discards, on a store that is far
 * away. The test moves the time.
 */
final class NodeFixture implements AutoCloseable {

  static final Instant NOW = RemoteStore.NOW;

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final List<NearCacheSessionStore> opened = new ArrayList<>();

  final RemoteStore remote = new RemoteStore();
  final NearCacheSessionStore node = near(Duration.ZERO);
  final NearCopies copies = node.nearCopies().orElseThrow();

  @Override
  public void close() {
    opened.forEach(NearCacheSessionStore::close);
  }

  /** Starts another node on the same store. */
  NearCacheSessionStore near(Duration serveStaleOnOutage) {
    NearCacheSessionStore store =
        NearCacheSessionStore.builder(remote)
            .nanoTime(nanos::get)
            .revalidate(false)
            .serveStaleOnOutage(serveStaleOnOutage)
            .build();
    opened.add(store);
    return store;
  }

  /** Prepares comparisons of the copies with the store, which the test does. */
  Revalidator revalidator() {
    return new Revalidator((Copies) copies, remote, Duration.ofHours(1), null);
  }

  void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  NearCopies.Lookup look(StoredSession session) {
    return copies.lookUp(session.id(), 0, 0);
  }

  void assertNothingIsKept() {
    assertThat(((Copies) copies).table().all()).isEmpty();
  }
}
