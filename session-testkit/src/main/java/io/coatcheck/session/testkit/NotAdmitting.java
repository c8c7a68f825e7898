package io.coatcheck.session.testkit;

import static io.coatcheck.session.store.WhenFull.EVICT_OLDEST;
import static io.coatcheck.session.store.WhenFull.REFUSE_NEWCOMER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code admit} of a session that cannot be stored: no other session is deleted. */
abstract class NotAdmitting extends LimitPart {

  NotAdmitting(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "If the session cannot be stored, no other is deleted;")
  void admit_staleVersion_conflictsAndEvictsNone() {
    StoredSession oldest = insert(at(1));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    store().update(anonymous, NOW);
    assertThat(limit().admit(login(anonymous, 2), false, 1, EVICT_OLDEST, NOW)).isEqualTo(CONFLICT);
    assertSessionsOf("alice", oldest);
    assertStored(successor(anonymous));
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "If the session cannot be stored, no other is deleted;")
  void admit_absent_conflictsAndEvictsNone() {
    StoredSession oldest = insert(at(1));
    StoredSession absent = at(2).build();
    assertThat(limit().admit(absent, false, 1, EVICT_OLDEST, NOW)).isEqualTo(CONFLICT);
    assertSessionsOf("alice", oldest);
    assertGone(absent);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "If the session cannot be stored, no other is deleted;")
  void admit_expiredItself_conflictsAndEvictsNone() {
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    Instant expiry = anonymous.expiresAt();
    StoredSession oldest = insert(at(1).idleTimeout(null));
    assertThat(limit().admit(login(anonymous, 2), false, 1, EVICT_OLDEST, expiry))
        .isEqualTo(CONFLICT);
    assertSessionsOf("alice", oldest);
    assertStored(anonymous);
    Instant before = expiry.minus(MILLISECOND);
    assertThat(
            JustInTime.answer(
                () -> limit().admit(login(anonymous, 2), false, 1, EVICT_OLDEST, before),
                admission -> !admission.equals(CONFLICT)))
        .isEqualTo(stored(oldest));
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "If the session cannot be stored, no other is deleted;")
  void admit_inConflictAndOverTheLimit_changesNothing() {
    StoredSession oldest = insert(at(1));
    StoredSession absent = at(2).build();
    assertThat(limit().admit(absent, false, 1, REFUSE_NEWCOMER, NOW)).isIn(REFUSED, CONFLICT);
    assertSessionsOf("alice", oldest);
    assertGone(absent);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "If the session cannot be stored, no other is deleted;")
  void admit_newWithAKnownId_throwsAndEvictsNone() {
    StoredSession oldest = insert(at(1));
    StoredSession known = insert(SampleSessions.anonymous(NOW));
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> limit().admit(login(known, 2), true, 1, EVICT_OLDEST, NOW));
    assertSessionsOf("alice", oldest);
    assertStored(known);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "if session has no principal or limit is less than 1")
  void admit_withoutPrincipal_throws() {
    StoredSession anonymous = SampleSessions.anonymous(NOW).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> limit().admit(anonymous, true, 1, EVICT_OLDEST, NOW));
    assertGone(anonymous);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "if session has no principal or limit is less than 1")
  void admit_limitBelowOne_throws() {
    StoredSession session = at(1).build();
    for (int limit : new int[] {0, -1, Integer.MIN_VALUE}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> limit().admit(session, true, limit, EVICT_OLDEST, NOW));
    }
    assertGone(session);
  }

  @ParameterizedTest
  @MethodSource("io.coatcheck.session.testkit.MeetingBounds#momentsOutOfRange")
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void admit_momentOutOfRange_throwsAndDoesNothing(Instant moment) {
    StoredSession oldest = insert(at(1));
    StoredSession session = at(2).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> limit().admit(session, true, 1, EVICT_OLDEST, moment));
    assertSessionsOf("alice", oldest);
    assertGone(session);
  }

  @Test
  @Sentence("if it would be stored and its version is Long.MAX_VALUE: nothing changed")
  void admit_lastVersion_throwsAndEvictsNone() {
    StoredSession oldest = insert(at(1));
    StoredSession known = insert(SampleSessions.anonymous(NOW).version(Long.MAX_VALUE));
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> limit().admit(login(known, 2), false, 1, EVICT_OLDEST, NOW));
    assertSessionsOf("alice", oldest);
    assertStored(known);
  }
}
