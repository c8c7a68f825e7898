package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A store with a wrong feed: it reads the log of changes on from the highest number that it has
 * seen, and never finds what was committed later under a lower one.
 */
final class GapForgettingStore extends ForwardingSessionStore implements ChangeFeed {

  private final Table table;
  private final Duration interval;
  private long position;

  GapForgettingStore(SessionStore store, Table table, Duration interval) {
    super(store);
    this.table = table;
    this.interval = interval;
  }

  @Override
  public Optional<ChangeFeed> changeFeed() {
    return Optional.of(this);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    RecurringWork reading =
        new RecurringWork(
            "gap-forgetting-feed",
            interval::toNanos,
            () -> read(listener),
            failure -> listener.missed());
    reading.start();
    return reading::end;
  }

  private void read(Listener listener) {
    long asked = System.nanoTime();
    List<List<String>> rows =
        table.query(
            "SELECT seq, session_id FROM "
                + table.name
                + "_change WHERE seq > "
                + position
                + " ORDER BY seq");
    for (List<String> row : rows) {
      position = Long.parseLong(row.get(0));
      listener.changed(SessionId.parse(row.get(1)).orElseThrow());
    }
    listener.completeUpTo(asked);
  }
}
