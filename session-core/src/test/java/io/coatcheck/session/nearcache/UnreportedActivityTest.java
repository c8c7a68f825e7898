package io.coatcheck.session.nearcache;

import static io.coatcheck.session.nearcache.CopiesFixture.BOUND;
import static io.coatcheck.session.nearcache.CopiesFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("I6: activity, which the change feed does not report")
@Timeout(180)
class UnreportedActivityTest {

  private static final Duration GRACE = Duration.ofSeconds(30);

  @AutoClose private final CopiesFixture fixture = new CopiesFixture();
  private final RemoteStore remote = fixture.remote;
  private final Copies copies = fixture.copies;
  private final ReportedChanges feed = fixture.feed;
  private final Revalidator revalidator = fixture.revalidator;

  @Test
  @DisplayName("a copy that shows activity before the store has it is trusted for its age only")
  void pendingTouch_isTrustedForItsAge() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(10));
    copies.flushTouches();
    assertThat(copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60))).isTrue();
    fixture.assertAnswersFromCopy(session);

    fixture.passWithFeed(BOUND);

    fixture.assertLooksAgain(session);
  }

  @Test
  void storedTouch_isTrustedAgain() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    fixture.passWithFeed(Duration.ofSeconds(10));
    copies.flushTouches();
    assertThat(copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60))).isTrue();

    copies.flushTouches();
    fixture.passWithFeed(Duration.ofSeconds(10));

    fixture.assertAnswersFromCopy(session);
    assertThat(fixture.look(session).session().orElseThrow().lastSeenAt())
        .isEqualTo(NOW.plusSeconds(60));
    assertThat(remote.finds).hasValue(1);
  }

  @Test
  @DisplayName("activity during an outage, which only the copy shows, never outlives the outage")
  void touchInOutage_isTrustedForItsAge() {
    Copies lenient = fixture.copies(GRACE);
    ReportedChanges reports = CopiesFixture.feedOf(lenient);
    StoredSession session = fixture.stored();
    lenient.lookUp(session.id(), 0, 0);
    fixture.pass(Duration.ofSeconds(2));
    remote.down = true;
    assertThat(lenient.touchInOutage(session.id(), NOW.plusSeconds(60))).isTrue();
    remote.down = false;

    reports.completeUpTo(fixture.nanos.get());

    NearCopies.Lookup near = lenient.lookUp(session.id(), 0, 0);
    assertThat(near.isConfirmed()).isTrue();
    assertThat(near.session().orElseThrow().lastSeenAt()).isEqualTo(NOW);
    lenient.close();
  }

  @Test
  @DisplayName("I6: nor does a comparison prolong a session that has expired in the store")
  void reportedAndExpiredInTheStore_isNotConfirmed() {
    StoredSession session = fixture.stored();
    Instant last = NOW.plus(Duration.ofMinutes(30)).minusSeconds(1);
    fixture.look(session);
    assertThat(copies.touchSoon(session.id(), last, last)).isTrue();
    fixture.pass(Duration.ofMillis(500));
    feed.changed(session.id());
    revalidator.revalidate();
    fixture.assertAnswersFromCopy(session);
    fixture.pass(Duration.ofMillis(500));
    feed.changed(session.id());

    revalidator.revalidate();

    fixture.assertLooksAgain(session);
  }

  @Test
  void comparedWithTheStore_showsActivityElsewhere() {
    StoredSession session = fixture.stored();
    fixture.look(session);
    remote.touch(session.id(), NOW.plusSeconds(90), NOW.plusSeconds(90));
    feed.changed(session.id());

    revalidator.revalidate();

    assertThat(fixture.look(session).session().orElseThrow().lastSeenAt())
        .isEqualTo(NOW.plusSeconds(90));
    assertThat(remote.finds).hasValue(1);
  }
}
