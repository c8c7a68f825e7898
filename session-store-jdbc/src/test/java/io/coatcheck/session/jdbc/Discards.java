package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.token.SessionId;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts how often all copies of a node are discarded. */
final class Discards implements ChangeFeed.Listener {

  private volatile boolean complete;
  private final AtomicInteger number = new AtomicInteger();

  static Discards of(JdbcSessionStore store) {
    Discards discards = new Discards();
    // Closed with the store.
    store.changeFeed().orElseThrow().subscribe(discards);
    return discards;
  }

  boolean isComplete() {
    return complete;
  }

  int number() {
    return number.get();
  }

  @Override
  public void changed(SessionId id) {}

  @Override
  public void missed() {
    number.incrementAndGet();
  }

  @Override
  public void completeUpTo(long nanoTime) {
    complete = true;
  }
}
