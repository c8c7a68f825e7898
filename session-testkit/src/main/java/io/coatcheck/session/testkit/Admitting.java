package io.coatcheck.session.testkit;

import static io.coatcheck.session.store.LoginLimit.MAX_EVICTED;
import static io.coatcheck.session.store.WhenFull.EVICT_OLDEST;
import static io.coatcheck.session.store.WhenFull.REFUSE_NEWCOMER;
import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.Admission.Outcome;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code admit}, one at a time. */
abstract class Admitting extends LimitPart {

  Admitting(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @Sentence(of = LoginLimit.class, value = "If they are fewer than limit, the session is stored.")
  void admit_newBelowTheLimit_inserts(WhenFull whenFull) {
    StoredSession first = insert(at(1));
    StoredSession second = at(2).version(4).build();
    assertThat(limit().admit(second, true, 2, whenFull, NOW)).isEqualTo(stored());
    assertSessionsOf("alice", first, second);
    assertStored(second);
  }

  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @Sentence(of = LoginLimit.class, value = "If they are fewer than limit, the session is stored.")
  void admit_knownBelowTheLimit_updates(WhenFull whenFull) {
    StoredSession first = insert(at(1));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    store().touch(anonymous.id(), NOW.plusSeconds(60), NOW);
    StoredSession login = login(anonymous, 2);
    assertThat(limit().admit(login, false, 2, whenFull, NOW)).isEqualTo(stored());
    StoredSession expected = login.toBuilder().version(1).lastSeenAt(NOW.plusSeconds(60)).build();
    assertSessionsOf("alice", first, expected);
    assertStored(expected);
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence(of = LoginLimit.class, value = "If they are fewer than limit, the session is stored.")
  void admit_anySession_storesAllItsParts(Specimen specimen) {
    StoredSession session = specimen.at(NOW).principal("bob").authenticatedAt(NOW).build();
    assertThat(otherLimit().admit(session, true, 1, EVICT_OLDEST, NOW)).isEqualTo(stored());
    assertStored(session);
    assertSessionsOf("bob", session);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "as many as needed of those authenticated longest ago are deleted in the same step")
  void admit_newAtTheLimit_evictsTheOldest() {
    StoredSession middle = insert(at(2));
    StoredSession oldest = insert(at(1).lastSeenAt(NOW.plusSeconds(99)));
    StoredSession youngest = insert(at(3).createdAt(NOW.minusSeconds(99)));
    StoredSession newcomer = at(0).build();
    assertThat(limit().admit(newcomer, true, 3, EVICT_OLDEST, NOW)).isEqualTo(stored(oldest));
    assertSessionsOf("alice", middle, youngest, newcomer);
    assertGone(oldest);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "as many as needed of those authenticated longest ago are deleted in the same step")
  void admit_knownAtTheLimit_evictsTheOldest() {
    StoredSession oldest = insert(at(1));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    StoredSession login = login(anonymous, 2);
    assertThat(limit().admit(login, false, 1, EVICT_OLDEST, NOW)).isEqualTo(stored(oldest));
    assertSessionsOf("alice", successor(login));
    assertGone(oldest);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "or nothing is changed.")
  void admit_newAtTheLimit_isRefused() {
    StoredSession first = insert(at(1));
    StoredSession second = insert(at(2));
    StoredSession newcomer = at(3).build();
    assertThat(limit().admit(newcomer, true, 2, REFUSE_NEWCOMER, NOW)).isEqualTo(REFUSED);
    assertSessionsOf("alice", first, second);
    assertGone(newcomer);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "or nothing is changed.")
  void admit_knownAtTheLimit_isRefusedAndUnchanged() {
    StoredSession first = insert(at(1));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    assertThat(limit().admit(login(anonymous, 2), false, 1, REFUSE_NEWCOMER, NOW))
        .isEqualTo(REFUSED);
    assertSessionsOf("alice", first);
    assertStored(anonymous);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "as many as needed of those authenticated longest ago are deleted in the same step")
  void admit_farAboveTheLimit_evictsAsManyAsNeededOldestFirst() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      sessions.add(insert(at(i)));
    }
    StoredSession newcomer = at(9).build();
    Admission admission = limit().admit(newcomer, true, 3, EVICT_OLDEST, NOW);
    assertThat(admission.outcome()).isEqualTo(Outcome.STORED);
    assertThat(admission.evicted()).containsExactlyElementsOf(sessions.subList(0, 4));
    assertSessionsOf("alice", sessions.get(4), sessions.get(5), newcomer);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value =
          "are never deleted here: then nothing is changed, and the answer is Admission.Outcome.CROWDED.")
  void admit_asManyToEvictAsOneStepMay_evictsThem() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < MAX_EVICTED; i++) {
      sessions.add(insert(at(i)));
    }
    StoredSession newcomer = at(99).build();
    assertThat(limit().admit(newcomer, true, 1, EVICT_OLDEST, NOW))
        .isEqualTo(new Admission(Outcome.STORED, sessions));
    assertSessionsOf("alice", newcomer);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 100, MANY})
  @Sentence(
      of = LoginLimit.class,
      value =
          "are never deleted here: then nothing is changed, and the answer is Admission.Outcome.CROWDED.")
  void admit_moreToEvictThanOneStepMay_changesNothingUntilTheSurplusIsGone(int limit) {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < limit + MAX_EVICTED; i++) {
      sessions.add(insert(at(i)));
    }
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    StoredSession login = login(anonymous, 9_999);
    assertThat(limit().admit(login, false, limit, EVICT_OLDEST, NOW)).isEqualTo(CROWDED);
    assertThat(limit().admit(at(9_999).build(), true, limit, EVICT_OLDEST, NOW)).isEqualTo(CROWDED);
    assertThat(limit().admit(at(9_999).build(), true, limit, REFUSE_NEWCOMER, NOW))
        .isEqualTo(REFUSED);
    assertSessionsOf("alice", sessions);
    assertStored(anonymous);

    assertThat(index().deleteOldest("alice", limit, NOW, gone -> {})).isEqualTo(MAX_EVICTED);
    assertThat(limit().admit(login, false, limit, EVICT_OLDEST, NOW))
        .isEqualTo(stored(sessions.get(MAX_EVICTED)));
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "of two with the same moment, the one with the smaller id first")
  void admit_sameMoment_evictsTheSmallerIdFirst() {
    List<SessionId> ids = new ArrayList<>(AWKWARD_IDS);
    List<SessionId> ascending = ids.stream().sorted().toList();
    Collections.reverse(ids);
    for (SessionId id : ids) {
      insert(SampleSessions.anonymous(id, NOW).principal("alice").authenticatedAt(NOW));
    }
    Admission admission = limit().admit(at(1).build(), true, 2, EVICT_OLDEST, NOW);
    assertThat(admission.evicted())
        .extracting(StoredSession::id)
        .containsExactlyElementsOf(ascending.subList(0, 6));
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value =
          "Counted are the principal's sessions that are unexpired at now, other than this one.")
  void admit_expired_isNotCountedAndStays() {
    StoredSession expired = insert(at(1).absoluteDeadline(NOW));
    StoredSession idle = insert(at(2).lastSeenAt(NOW.minus(SampleSessions.IDLE_TIMEOUT)));
    StoredSession newcomer = at(3).build();
    assertThat(limit().admit(newcomer, true, 1, REFUSE_NEWCOMER, NOW)).isEqualTo(stored());
    assertSessionsOf("alice", expired, idle, newcomer);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value =
          "Counted are the principal's sessions that are unexpired at now, other than this one.")
  void admit_moreSessionsThanAPage_areAllCounted() {
    insertMany(MANY, () -> at(1));
    insertMany(50, () -> at(0).absoluteDeadline(NOW));
    StoredSession newcomer = at(2).build();
    assertThat(limit().admit(newcomer, true, MANY, REFUSE_NEWCOMER, NOW)).isEqualTo(REFUSED);
    assertThat(limit().admit(newcomer, true, MANY + 1, REFUSE_NEWCOMER, NOW)).isEqualTo(stored());
    assertThat(limit().admit(at(3).build(), true, MANY + 1, EVICT_OLDEST, NOW).evicted())
        .as("the evicted sessions")
        .hasSize(1);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value =
          "Counted are the principal's sessions that are unexpired at now, other than this one.")
  void admit_expiringAMillisecondLater_isCounted() {
    insert(at(1).absoluteDeadline(NOW.plus(MILLISECOND)));
    Supplier<Admission> login =
        () -> {
          StoredSession newcomer = at(2).build();
          Admission admission = limit().admit(newcomer, true, 1, REFUSE_NEWCOMER, NOW);
          store().delete(newcomer.id());
          return admission;
        };
    assertThat(JustInTime.answer(login, REFUSED::equals)).isEqualTo(REFUSED);
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value =
          "Counted are the principal's sessions that are unexpired at now, other than this one.")
  void admit_othersPrincipals_areNotCounted() {
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    StoredSession bob = insert(SampleSessions.authenticated("bob", NOW));
    StoredSession similar = insert(SampleSessions.authenticated("Alice", NOW));
    assertThat(limit().admit(at(1).build(), true, 1, EVICT_OLDEST, NOW)).isEqualTo(stored());
    assertStored(anonymous);
    assertStored(bob);
    assertStored(similar);
  }

  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @Sentence(
      of = LoginLimit.class,
      value =
          "Counted are the principal's sessions that are unexpired at now, other than this one.")
  void admit_ownSession_isNotCounted(WhenFull whenFull) {
    StoredSession session = insert(at(1));
    StoredSession again = session.toBuilder().authenticatedAt(NOW.plusSeconds(9)).build();
    assertThat(limit().admit(again, false, 1, whenFull, NOW)).isEqualTo(stored());
    assertSessionsOf("alice", successor(again));
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "as many as needed of those authenticated longest ago are deleted in the same step")
  void admit_sessionOfAnotherPrincipal_moves() {
    StoredSession session = insert(SampleSessions.authenticated("bob", NOW));
    StoredSession oldest = insert(at(1));
    StoredSession login = session.toBuilder().principal("alice").build();
    assertThat(limit().admit(login, false, 1, EVICT_OLDEST, NOW)).isEqualTo(stored(oldest));
    assertSessionsOf("bob");
    assertSessionsOf("alice", successor(login));
  }

  @ParameterizedTest
  @EnumSource(Specimen.class)
  @Sentence(of = LoginLimit.class, value = "stored as by SessionStore.insert if isNew, else")
  void admit_knownSession_storesAllItsParts(Specimen specimen) {
    StoredSession wanted =
        specimen
            .at(NOW)
            .principal("bob")
            .authenticatedAt(NOW)
            .lastSeenAt(StoredSession.MAX_MOMENT)
            .build();
    insert(
        SampleSessions.complete(wanted.id(), NOW)
            .version(wanted.version())
            .attribute("gone", SampleSessions.text("after the login")));
    assertThat(otherLimit().admit(wanted, false, 1, REFUSE_NEWCOMER, NOW)).isEqualTo(stored());
    assertStored(successor(wanted));
    assertSessionsOf("bob", successor(wanted));
    assertSessionsOf("alice");
  }

  /** If it broke, more sessions than the limit would be live. */
  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence(
      of = LoginLimit.class,
      value =
          "Counted are the principal's sessions that are unexpired at now, other than this one.")
  void admit_keptAliveByActivity_isCountedAndEvictedAsItWasThen(Activity activity) {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession seen = activity.at(NOW.plusSeconds(1_200), otherNode(), stored);
    Instant now = stored.expiresAt();
    StoredSession newcomer = SampleSessions.authenticated("alice", now).build();
    assertThat(limit().admit(newcomer, true, 1, REFUSE_NEWCOMER, now)).isEqualTo(REFUSED);
    Admission admission = limit().admit(newcomer, true, 1, EVICT_OLDEST, now);
    assertSame("what was evicted", admission.evicted(), List.of(seen));
  }

  /** If it broke, the session of a user who has just logged in again would end as the oldest. */
  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "as many as needed of those authenticated longest ago are deleted in the same step")
  void admit_loggedInAgain_isNotTheOldest() {
    StoredSession byUpdate = insert(at(1));
    StoredSession byAdmit = insert(at(2));
    StoredSession oldest = insert(at(3));
    assertThat(otherNode().update(login(byUpdate, 4), NOW)).isTrue();
    assertThat(otherLimit().admit(login(byAdmit, 5), false, 3, EVICT_OLDEST, NOW))
        .isEqualTo(stored());
    assertThat(limit().admit(at(6).build(), true, 3, EVICT_OLDEST, NOW)).isEqualTo(stored(oldest));
  }

  @Test
  @Sentence(
      of = LoginLimit.class,
      value = "Principals are equal if their code points are, as in the index.")
  void admit_comparesCodePoints() {
    List<StoredSession> sessions = new ArrayList<>();
    for (String principal : Listing.PRINCIPALS) {
      StoredSession session = SampleSessions.authenticated(principal, NOW).build();
      assertThat(limit().admit(session, true, 1, REFUSE_NEWCOMER, NOW))
          .as(principal)
          .isEqualTo(stored());
      sessions.add(session);
    }
    sessions.forEach(this::assertStored);
  }

  @Test
  @Sentence(of = LoginLimit.class, value = "If they are fewer than limit, the session is stored.")
  void admit_largestLimit_stores() {
    insert(at(1));
    assertThat(limit().admit(at(2).build(), true, Integer.MAX_VALUE, REFUSE_NEWCOMER, NOW))
        .isEqualTo(stored());
  }
}
