package io.coatcheck.session.testkit;

import static io.coatcheck.session.store.PrincipalIndex.MAX_PAGE;
import static io.coatcheck.session.store.WhenFull.EVICT_OLDEST;
import static io.coatcheck.session.store.WhenFull.REFUSE_NEWCOMER;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.Admission.Outcome;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code admit}, many at a time. */
abstract class AdmittingAtOnce extends LimitPart {

  private static final int LOGINS = 50;
  private static final int LIMIT = 3;

  AdmittingAtOnce(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Sentence(of = LoginLimit.class, value = "no reader ever sees more live sessions than the limit")
  void admit_manyLoginsAtTheLimit_allAreStoredAndTheLimitHolds(boolean isNew) {
    List<StoredSession> logins = logins(isNew);
    List<Admission> admissions = admitWatched(logins, isNew, EVICT_OLDEST);
    assertThat(admissions).extracting(Admission::outcome).containsOnly(Outcome.STORED);
    List<StoredSession> ended = new ArrayList<>();
    admissions.forEach(admission -> ended.addAll(admission.evicted()));
    List<StoredSession> live = sessionsOf(index(), "alice");
    assertThat(live).as("the sessions that are left").hasSize(LIMIT);
    assertThat(ended).as("the evicted sessions").hasSize(LOGINS - LIMIT).doesNotHaveDuplicates();
    assertThat(ended).noneMatch(one -> live.contains(listed(one))).allSatisfy(this::assertGone);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Sentence(of = LoginLimit.class, value = "no reader ever sees more live sessions than the limit")
  void admit_manyLoginsAtTheLimit_asManyAsTheLimitAreStored(boolean isNew) {
    List<StoredSession> logins = logins(isNew);
    List<Admission> admissions = admitWatched(logins, isNew, REFUSE_NEWCOMER);
    List<StoredSession> expected = new ArrayList<>();
    for (int i = 0; i < LOGINS; i++) {
      if (admissions.get(i).outcome() == Outcome.STORED) {
        expected.add(isNew ? logins.get(i) : successor(logins.get(i)));
      }
    }
    assertThat(expected).as("the stored sessions").hasSize(LIMIT);
    assertThat(admissions.stream().filter(one -> one.outcome() == Outcome.REFUSED))
        .hasSize(LOGINS - LIMIT);
    assertSessionsOf("alice", expected);
  }

  /** If it broke, a session would be reported as ended twice, or not at all. */
  @Test
  @Sentence(of = LoginLimit.class, value = "no reader ever sees more live sessions than the limit")
  void admitAgainstDelete_oneOfThemHandsItOver() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession oldest = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession newcomer =
          SampleSessions.authenticated("alice", NOW).authenticatedAt(NOW.plusSeconds(1)).build();
      Race.Outcome<Admission, Optional<StoredSession>> outcome =
          Race.between(
              () -> limit().admit(newcomer, true, 1, EVICT_OLDEST, NOW),
              () -> otherNode().delete(oldest.id()));
      assertThat(outcome.first().outcome()).isEqualTo(Outcome.STORED);
      List<StoredSession> handedOver = new ArrayList<>(outcome.first().evicted());
      outcome.second().ifPresent(handedOver::add);
      assertThat(handedOver).containsExactly(oldest);
      assertSessionsOf("alice", newcomer);
      store().delete(newcomer.id());
    }
  }

  /** If it broke, a login that lost its race would have ended another session. */
  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @Sentence(of = LoginLimit.class, value = "If the session cannot be stored, no other is deleted;")
  void admitAgainstUpdate_oneOfThemWinsAndAConflictEvictsNone(WhenFull whenFull) {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession oldest = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession session = insert(SampleSessions.anonymous(NOW));
      StoredSession login =
          session.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(1)).build();
      StoredSession changed = session.toBuilder().remembered(true).build();
      Race.Outcome<Admission, Boolean> outcome =
          Race.between(
              () -> limit().admit(login, false, 1, whenFull, NOW),
              () -> otherNode().update(changed, NOW));
      boolean stored = outcome.first().outcome() == Outcome.STORED;
      assertThat(outcome.second()).as("update, when admit gave %s", outcome).isEqualTo(!stored);
      if (stored) {
        assertThat(outcome.first().evicted()).containsExactly(oldest);
        assertSessionsOf("alice", successor(login));
      } else {
        assertSessionsOf("alice", oldest);
        assertStored(successor(changed));
      }
      store().delete(oldest.id());
      store().delete(session.id());
    }
  }

  /** If it broke, a login in flight would bring back a session that was ended. */
  @Test
  @Sentence("so that no request in flight can bring back a session that was logged out.")
  void admitAgainstDeleteOfItself_theSessionStaysGone() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession session = insert(SampleSessions.anonymous(NOW));
      StoredSession login =
          session.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(1)).build();
      Race.Outcome<Admission, Optional<StoredSession>> outcome =
          Race.between(
              () -> limit().admit(login, false, 1, EVICT_OLDEST, NOW),
              () -> otherNode().delete(session.id()));
      boolean stored = outcome.first().outcome() == Outcome.STORED;
      assertThat(outcome.second()).contains(stored ? successor(login) : session);
      assertGone(session);
      assertSessionsOf("alice");
    }
  }

  /** If it broke, two principals who take over each other's sessions would block for good. */
  @Test
  @Sentence(of = LoginLimit.class, value = "no reader ever sees more live sessions than the limit")
  void admitAcrossPrincipals_neitherBlocks() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession alices = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession bobs = insert(SampleSessions.authenticated("bob", NOW));
      StoredSession toBob = alices.toBuilder().principal("bob").build();
      StoredSession toAlice = bobs.toBuilder().principal("alice").build();
      Race.Outcome<Admission, Admission> outcome =
          Race.between(
              () -> limit().admit(toBob, false, 1, EVICT_OLDEST, NOW),
              () -> otherLimit().admit(toAlice, false, 1, EVICT_OLDEST, NOW));
      List<StoredSession> left = new ArrayList<>(sessionsOf(index(), "alice"));
      left.addAll(sessionsOf(index(), "bob"));
      assertThat(left).as("the sessions that are left after %s", outcome).hasSize(1);
      store().delete(left.get(0).id());
    }
  }

  private List<StoredSession> logins(boolean isNew) {
    List<StoredSession> logins = new ArrayList<>();
    for (int i = 0; i < LOGINS; i++) {
      StoredSession anonymous = SampleSessions.anonymous(NOW).build();
      if (!isNew) {
        store().insert(anonymous);
      }
      logins.add(
          anonymous.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(i)).build());
    }
    return logins;
  }

  /** Admits all at once, while a reader counts what it can see. */
  private List<Admission> admitWatched(
      List<StoredSession> logins, boolean isNew, WhenFull whenFull) {
    AtomicInteger running = new AtomicInteger(logins.size());
    List<Callable<Optional<Admission>>> calls = new ArrayList<>();
    for (StoredSession login : logins) {
      boolean here = calls.size() % 2 == 0;
      calls.add(
          () -> {
            try {
              return Optional.of(
                  (here ? limit() : otherLimit()).admit(login, isNew, LIMIT, whenFull, NOW));
            } finally {
              running.decrementAndGet();
            }
          });
    }
    calls.add(
        () -> {
          while (running.get() > 0) {
            assertThat(otherIndex().findByPrincipal("alice", null, MAX_PAGE))
                .as("the live sessions that a reader sees, of at most %s", LIMIT)
                .hasSizeLessThanOrEqualTo(LIMIT);
          }
          return Optional.empty();
        });
    return Race.among(calls).stream().flatMap(Optional::stream).toList();
  }
}
