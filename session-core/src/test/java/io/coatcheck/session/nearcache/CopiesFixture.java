package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one node, of sessions in a store that is far away, with a change feed. The test
 * moves the time, and is the thread that compares copies with the store.
 */
final class CopiesFixture implements AutoCloseable {

  static final Instant NOW = RemoteStore.NOW;
  static final Duration BOUND = Duration.ofSeconds(1);

  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final Duration TOUCH_DELAY = Duration.ofMillis(500);

  final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  final RemoteStore remote = new RemoteStore();

  /** Run once before the time is read next. */
  Runnable beforeNow = () -> {};

  final Copies copies = copies(Duration.ZERO);
  final ReportedChanges feed = new ReportedChanges(copies, true);
  final Revalidator revalidator = new Revalidator(copies, remote, INTERVAL, feed);

  @Override
  public void close() {
    copies.close();
  }

  /** Creates more copies of the sessions of the same store, which serve for longer in an outage. */
  Copies copies(Duration outageGrace) {
    return copies(remote, outageGrace, TOUCH_DELAY);
  }

  /** Creates copies of the sessions of another store, for which each touch is written at once. */
  Copies copiesOf(SessionStore store) {
    return copies(store, Duration.ZERO, null);
  }

  private Copies copies(SessionStore store, Duration outageGrace, @Nullable Duration touchDelay) {
    return new Copies(
        store, BOUND.toNanos(), outageGrace.toNanos(), 1 << 24, this::now, touchDelay);
  }

  /** Creates the feed of other copies, which are not compared with the store. */
  static ReportedChanges feedOf(Copies others) {
    return new ReportedChanges(others, false);
  }

  /** Creates another feed of the copies, of whose reports so many wait for their comparison. */
  ReportedChanges feedThatSettles(int most) {
    return new ReportedChanges(copies, true, most);
  }

  private long now() {
    Runnable pause = beforeNow;
    beforeNow = () -> {};
    pause.run();
    return nanos.get();
  }

  void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  /** Lets time pass while the feed reports in time. */
  void passWithFeed(Duration time) {
    for (Duration left = time; left.compareTo(Duration.ZERO) > 0; left = left.minus(INTERVAL)) {
      pass(INTERVAL);
      feed.completeUpTo(nanos.get());
      revalidator.revalidate();
    }
  }

  /** Stores a session of alice. */
  StoredSession stored() {
    return remote.stored("alice");
  }

  /** Changes a session as this node does, and reports that as the feed does. */
  void update(StoredSession session) {
    LocalEnds.Start start = copies.table().start(session.id());
    remote.update(session, NOW);
    copies.table().wrote(session.withNextVersion(), start);
    feed.changed(session.id());
  }

  NearCopies.Lookup look(StoredSession session) {
    return copies.lookUp(session.id(), 0, 0);
  }

  void assertLooksAgain(StoredSession session) {
    assertThat(look(session).isConfirmed()).isTrue();
  }

  void assertAnswersFromCopy(StoredSession session) {
    assertThat(look(session).isConfirmed()).isFalse();
  }

  void assertNothingIsKept() {
    assertThat(copies.table().all()).isEmpty();
  }
}
