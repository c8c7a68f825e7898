package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A store with a wrong feed: one thread passes changes on, a few times a second, and another one
 * says all the time that the feed is complete. The bound holds until the process is stopped for
 * longer: afterwards the second thread may be the first to go on.
 */
final class HeartbeatStore extends ForwardingSessionStore implements ChangeFeed {

  private static final Duration DELIVERY = Duration.ofMillis(200);
  private static final Duration BEAT = Duration.ofMillis(5);

  private final ChangeFeed sound;

  HeartbeatStore(SessionStore store) {
    super(store);
    sound = store.changeFeed().orElseThrow();
  }

  @Override
  public Optional<ChangeFeed> changeFeed() {
    return Optional.of(this);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    Queue<Runnable> reports = new ConcurrentLinkedQueue<>();
    Subscription subscription =
        sound.subscribe(
            new Listener() {
              @Override
              public void changed(SessionId id) {
                reports.add(() -> listener.changed(id));
              }

              @Override
              public void missed() {
                reports.add(listener::missed);
              }

              @Override
              public void completeUpTo(long nanoTime) {
                // The heartbeat says so.
              }
            });
    RecurringWork delivery = started("delivery", DELIVERY, () -> deliver(reports), listener);
    RecurringWork beat =
        started("beat", BEAT, () -> listener.completeUpTo(System.nanoTime()), listener);
    return () -> {
      subscription.close();
      delivery.end();
      beat.end();
    };
  }

  private static void deliver(Queue<Runnable> reports) {
    for (Runnable report = reports.poll(); report != null; report = reports.poll()) {
      report.run();
    }
  }

  private static RecurringWork started(
      String name, Duration interval, Runnable work, Listener listener) {
    RecurringWork thread =
        new RecurringWork(name, interval::toNanos, work, failure -> listener.missed());
    thread.start();
    return thread;
  }
}
