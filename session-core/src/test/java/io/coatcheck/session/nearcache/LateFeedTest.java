package io.coatcheck.session.nearcache;

import static io.coatcheck.session.nearcache.CopiesFixture.BOUND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("copies that a change feed keeps, when the feed is late")
@Timeout(180)
class LateFeedTest {

  private static final Duration GRACE = Duration.ofSeconds(30);

  @AutoClose private final CopiesFixture fixture = new CopiesFixture();
  private final AtomicLong nanos = fixture.nanos;
  private final RemoteStore remote = fixture.remote;
  private final ReportedChanges feed = fixture.feed;

  @Test
  void paused_looksAgain() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(10));
    remote.delete(session.id());

    // As after a pause of the process: nothing ran meanwhile, the feed neither.
    fixture.pass(BOUND);

    assertThat(fixture.look(session).session()).isEmpty();
  }

  @Test
  @DisplayName("a request that is paused while it looks at a copy is not misled by a later report")
  void pausedRequest_looksAgain() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(10));
    fixture.beforeNow =
        () -> {
          remote.delete(session.id());
          feed.changed(session.id());
          fixture.pass(Duration.ofSeconds(5));
          feed.completeUpTo(nanos.get());
        };

    assertThat(fixture.look(session).session()).isEmpty();
  }

  @Test
  void justWithinTheBound_asksNoStore() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(10));

    fixture.pass(BOUND.minusNanos(1));

    fixture.assertAnswersFromCopy(session);
  }

  @Test
  void slowReport_countsFromItsMoment() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    long asked = nanos.get();
    fixture.pass(Duration.ofSeconds(3));

    feed.completeUpTo(asked);

    fixture.assertLooksAgain(session);
  }

  @Test
  void earlierMoment_isIgnored() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(10));

    feed.completeUpTo(nanos.get() - BOUND.toNanos());

    fixture.assertAnswersFromCopy(session);
  }

  @Test
  @DisplayName("copies in use are compared in batches, those unused for long are not")
  void feedLags_usedCopiesAreCompared() {
    StoredSession used = fixture.stored();
    StoredSession idle = fixture.stored();
    fixture.look(used);
    fixture.look(idle);
    fixture.assertAnswersFromCopy(idle);
    fixture.passWithFeed(Duration.ofSeconds(10));
    for (int i = 0; i < 12; i++) {
      fixture.assertAnswersFromCopy(used);
      fixture.pass(Duration.ofMillis(250));
      fixture.revalidator.revalidate();
    }

    assertThat(remote.finds).hasValue(2);
    assertThat(remote.batches.get()).isBetween(3, 12);
    fixture.assertLooksAgain(idle);
  }

  @Test
  @DisplayName("when it has caught up, copies are kept by it again")
  void caughtUp_asksNoStore() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(5));
    fixture.pass(Duration.ofSeconds(20));

    feed.completeUpTo(nanos.get());

    fixture.assertAnswersFromCopy(session);
  }

  @Test
  void unreachable_failsClosed() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(5));
    remote.down = true;
    fixture.pass(BOUND);

    assertThatThrownBy(() -> fixture.look(session)).isInstanceOf(SessionStoreException.class);
  }

  @Test
  @DisplayName("serveStaleOnOutage counts from when the feed was last complete")
  void unreachable_serveStale() {
    Copies lenient = fixture.copies(GRACE);
    ReportedChanges reports = CopiesFixture.feedOf(lenient);
    StoredSession session = fixture.stored();
    StoredSession reported = fixture.stored();
    lenient.lookUp(session.id(), 0, 0);
    lenient.lookUp(reported.id(), 0, 0);
    fixture.pass(Duration.ofMinutes(5));
    reports.changed(reported.id());
    reports.completeUpTo(nanos.get());
    remote.down = true;
    fixture.pass(BOUND.plus(GRACE).minusNanos(1));

    assertThat(lenient.lookUp(session.id(), 0, 0).isStale()).isTrue();
    assertThatThrownBy(() -> lenient.lookUp(reported.id(), 0, 0))
        .as("known to have changed")
        .isInstanceOf(SessionStoreException.class);
    fixture.pass(Duration.ofNanos(1));
    assertThatThrownBy(() -> lenient.lookUp(session.id(), 0, 0))
        .isInstanceOf(SessionStoreException.class);
    lenient.close();
  }
}
