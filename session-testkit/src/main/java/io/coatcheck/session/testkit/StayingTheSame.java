package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TimeZone;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** Sessions do not depend on the node: when it starts and stops, and where it runs. */
abstract class StayingTheSame extends ContractPart {

  private static final String SEEN =
      "What has returned is seen by every operation that begins later, on every node.";

  /** In Berlin, the clocks show 02:30 at this moment, and again an hour later. */
  private static final Instant SHOWN_TWICE = Instant.parse("2026-10-25T00:30:00.123Z");

  StayingTheSame(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** If it broke, a node that stops would log out the users of all others. */
  @Test
  @Sentence(SEEN)
  void closeOfANode_leavesTheSessions() {
    assumeOtherNode();
    StoredSession session = insert(SampleSessions.complete(NOW));
    store().close();
    assumeTrue(isOpen(otherNode(), session.id()), "Not tested: both nodes share what close closes");
    assertSame("find on the other node", otherNode().find(session.id()), session);
    assertThat(otherNode().update(session, NOW)).as("update on the other node").isTrue();
    assertThat(otherNode().delete(session.id())).as("delete on the other node").isPresent();
  }

  private static boolean isOpen(SessionStore node, SessionId id) {
    try {
      Optional<StoredSession> unused = node.find(id);
      return true;
    } catch (SessionStoreException closed) {
      return false;
    }
  }

  /** If it broke, each node that starts would log out all users. */
  @Test
  @Sentence(SEEN)
  void startOfANode_leavesTheSessions() throws Exception {
    assumeOtherNode();
    StoredSession session = insert(SampleSessions.complete(NOW));
    try (SessionStore started = author().createOtherNode(store())) {
      assertSame("find on the node that was started", started.find(session.id()), session);
      assertStored(session);
    }
  }

  /** If it broke, sessions would end, or begin to live again, when the clocks are set back. */
  @Test
  @ResourceLock(Resources.TIME_ZONE)
  @Sentence(SEEN)
  void timeZone_ofANode_changesNoMoment() {
    TimeZone before = TimeZone.getDefault();
    List<StoredSession> sessions = new ArrayList<>();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
      for (Instant moment : List.of(SHOWN_TWICE, SHOWN_TWICE.plus(Duration.ofHours(1)))) {
        StoredSession session = insert(SampleSessions.complete(moment));
        assertStored(session);
        sessions.add(session);
      }
      TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Auckland"));
      sessions.forEach(this::assertStored);
    } finally {
      TimeZone.setDefault(before);
    }
    sessions.forEach(this::assertStored);
  }

  /** If it broke, nodes in other languages would not find each other's sessions. */
  @Test
  @ResourceLock(Resources.LOCALE)
  @Sentence(SEEN)
  void locale_ofANode_changesNothing() {
    Locale before = Locale.getDefault();
    StoredSession session = insert(SampleSessions.complete(NOW).principal("IiJj"));
    List<StoredSession> others = new ArrayList<>();
    try {
      // Other digits, and other letters in lower and upper case.
      for (String tag : List.of("ar-EG-u-nu-arab", "th-TH-u-ca-buddhist-nu-thai", "tr-TR")) {
        Locale.setDefault(Locale.forLanguageTag(tag));
        assertStored(session);
        others.add(insert(SampleSessions.complete(NOW).principal("IiJj")));
      }
    } finally {
      Locale.setDefault(before);
    }
    others.forEach(this::assertStored);
  }

  /** If it broke, one node whose clock is ahead would end the sessions of all others. */
  @Test
  @Sentence("A store has no clock: it is given now.")
  void clock_ofAnotherNodeThatIsAhead_changesNothing() {
    StoredSession endless =
        insert(
            SampleSessions.anonymous(NOW)
                .idleTimeout(null)
                .absoluteDeadline(StoredSession.MAX_MOMENT));
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    Instant ahead = NOW.plus(Duration.ofDays(1));
    assertThat(otherNode().touch(endless.id(), ahead, ahead)).as("touch by the other").isTrue();
    assertThat(otherNode().update(endless, ahead)).as("update by the other").isTrue();
    assertThat(store().touch(session.id(), NOW.plusSeconds(1), NOW)).as("touch").isTrue();
    assertThat(store().update(session, NOW)).as("update").isTrue();
    assertStored(successor(session).toBuilder().lastSeenAt(NOW.plusSeconds(1)).build());
  }

  /** If it broke, a request that stores much would fail, or what it stored would be lost. */
  @Test
  @Sentence("Stores a new session, as given, its version included.")
  void insert_asMuchAsAttributesMayTake_isFoundAndReplaced() {
    byte[] bytes = new byte[AttributeFrames.MAX_BYTES - 1_000];
    new SplittableRandom(1).nextBytes(bytes);
    StoredSession session =
        insert(SampleSessions.complete(NOW).attribute("large", AttributeValue.encoded(bytes)));
    assertStored(session);
    assertThat(otherNode().update(session, NOW)).as("update").isTrue();
    assertStored(successor(session));
  }
}
