package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code deleteOldest}. */
abstract class DeletingOldest extends IndexPart {

  DeletingOldest(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "of the sessions that are unexpired at now all but keep, those that were authenticated longest ago")
  void deleteOldest_keepsThoseAuthenticatedLast() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      // Neither the creation nor the last use says which is older, and nor does the id.
      sessions.add(
          insert(at(i).createdAt(NOW.minusSeconds(i)).lastSeenAt(NOW.plusSeconds(20 - i))));
    }
    StoredSession foreign = insert(SampleSessions.authenticated("bob", NOW.minusSeconds(99)));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW.minusSeconds(99)));
    assertThat(deleteOldest(3)).containsExactlyInAnyOrderElementsOf(sessions.subList(0, 7));
    assertSessionsOf("alice", sessions.subList(7, 10));
    assertStored(foreign);
    assertStored(anonymous);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "of two with the same moment, the one with the smaller id")
  void deleteOldest_sameMoment_deletesTheSmallerIds() {
    List<SessionId> ids = new ArrayList<>(LimitPart.AWKWARD_IDS);
    List<SessionId> ascending = ids.stream().sorted().toList();
    Collections.reverse(ids);
    for (SessionId id : ids) {
      insert(SampleSessions.anonymous(id, NOW).principal("alice").authenticatedAt(NOW));
    }
    for (int keep = ids.size() - 1; keep > 0; keep--) {
      assertThat(deleteOldest(keep))
          .extracting(StoredSession::id)
          .containsExactly(ascending.get(ids.size() - 1 - keep));
    }
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "of the sessions that are unexpired at now all but keep, those that were authenticated longest ago")
  void deleteOldest_notMoreThanAreKept_deletesNone() {
    assertThat(deleteOldest(1)).isEmpty();
    StoredSession first = insert(at(1));
    StoredSession second = insert(at(2));
    assertThat(deleteOldest(2)).isEmpty();
    assertThat(deleteOldest(Integer.MAX_VALUE)).isEmpty();
    assertSessionsOf("alice", first, second);
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "Expired sessions are neither counted nor deleted.")
  void deleteOldest_expired_areNeitherCountedNorDeleted() {
    StoredSession expired = insert(at(1).absoluteDeadline(NOW));
    StoredSession youngestExpired =
        insert(at(9).lastSeenAt(NOW.minus(SampleSessions.IDLE_TIMEOUT)));
    StoredSession older = insert(at(2).absoluteDeadline(NOW.plus(MILLISECOND)));
    StoredSession younger = insert(at(3));
    assertThat(deleteOldest(2)).isEmpty();
    assertThat(JustInTime.answer(() -> deleteOldest(1), gone -> !gone.isEmpty()))
        .containsExactly(older);
    assertSessionsOf("alice", expired, youngestExpired, younger);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 20, 1_100})
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "of the sessions that are unexpired at now all but keep, those that were authenticated longest ago")
  void deleteOldest_moreThanAStep_deletesAllButThese(int keep) {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      sessions.add(insert(at(i).attribute("number", SampleSessions.text("number " + i))));
    }
    assertThat(deleteOldest(keep))
        .containsExactlyInAnyOrderElementsOf(sessions.subList(0, MANY - keep));
    assertSessionsOf("alice", sessions.subList(MANY - keep, MANY));
  }

  /** If it broke, the session of a user who has just logged in again would end as the oldest. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "of the sessions that are unexpired at now all but keep, those that were authenticated longest ago")
  void deleteOldest_loggedInAgain_isKept() {
    StoredSession again = insert(at(1));
    StoredSession oldest = insert(at(2));
    StoredSession login = again.toBuilder().authenticatedAt(NOW.plusSeconds(3)).build();
    assertThat(otherNode().update(login, NOW)).isTrue();
    assertThat(deleteOldest(1)).containsExactly(oldest);
    assertSessionsOf("alice", successor(login));
  }

  /** If it broke, a user who logs in while old sessions are ended could lose the new login. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = "those that were authenticated later are spared")
  void deleteOldest_loggedInAgainDuringTheCall_isKept() {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      sessions.add(insert(at(i)));
    }
    // Whether the store goes by logins or by ids, and from whichever end, one of these is left when
    // it hands over the first of a step.
    List<StoredSession> byId =
        sessions.subList(0, MANY - 1).stream()
            .sorted(Comparator.comparing(StoredSession::id))
            .toList();
    Set<StoredSession> candidates = new LinkedHashSet<>();
    for (List<StoredSession> order : List.of(sessions.subList(0, MANY - 1), byId)) {
      candidates.add(order.get(0));
      candidates.add(order.get(MANY - 2));
    }
    List<StoredSession> loggedIn = new ArrayList<>();
    AtomicBoolean isFirst = new AtomicBoolean(true);
    int deleted =
        index()
            .deleteOldest(
                "alice",
                1,
                NOW,
                gone -> {
                  if (isFirst.getAndSet(false)) {
                    candidates.stream().filter(this::logsInAgain).forEach(loggedIn::add);
                  }
                });
    assertThat(deleted).isEqualTo(MANY - 1 - loggedIn.size());
    loggedIn.forEach(again -> assertStored(successor(loginOf(again))));
  }

  private boolean logsInAgain(StoredSession session) {
    return otherNode().update(loginOf(session), NOW);
  }

  private static StoredSession loginOf(StoredSession session) {
    return session.toBuilder().authenticatedAt(NOW.plusSeconds(MANY)).build();
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "Principals are equal if their code points are")
  void deleteOldest_comparesCodePoints() {
    List<StoredSession> sessions =
        Listing.PRINCIPALS.stream()
            .map(principal -> insert(SampleSessions.authenticated(principal, NOW)))
            .toList();
    for (String principal : Listing.PRINCIPALS) {
      assertThat(index().deleteOldest(principal, 1, NOW, gone -> {})).as(principal).isZero();
    }
    sessions.forEach(this::assertStored);
  }

  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence(of = PrincipalIndex.class, value = "Expired sessions are neither counted nor deleted.")
  void deleteOldest_keptAliveByActivity_isCounted(Activity activity) {
    Instant seen = NOW.plusSeconds(1_200);
    StoredSession older = activity.at(seen, otherNode(), insert(at(1)));
    StoredSession younger = activity.at(seen, otherNode(), insert(at(2)));
    List<StoredSession> gone = new ArrayList<>();
    Instant now = NOW.plus(SampleSessions.IDLE_TIMEOUT);
    assertThat(index().deleteOldest("alice", 1, now, gone::add)).isOne();
    assertSame("what was deleted", gone, List.of(older));
    assertSessionsOf("alice", younger);
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "Expired sessions are neither counted nor deleted.")
  void deleteOldest_endedEarlierByAnUpdate_isNeitherCountedNorDeleted() {
    StoredSession stored = insert(at(1));
    StoredSession shorter = stored.toBuilder().idleTimeout(Duration.ofMinutes(1)).build();
    assertThat(otherNode().update(shorter, NOW)).isTrue();
    StoredSession live = insert(at(2));
    Instant now = NOW.plusSeconds(60);
    assertThat(index().deleteOldest("alice", 1, now, gone -> {})).isZero();
    assertSessionsOf("alice", successor(shorter), live);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "called once for each session that this call deleted")
  void deleteOldest_everyCombinationOfOptionalParts_handsOverAllParts() {
    List<StoredSession> ofAlice =
        SampleSessions.everyKind(NOW)
            .map(kind -> insert(kind.getPayload()))
            .filter(session -> session.principal().isPresent())
            .toList();
    insert(at(9));
    assertSame("what was deleted", deleteOldest(1), ofAlice);
  }

  @Test
  @Sentence(
      "Consumers are called on the calling thread, while the store holds no lock, transaction or connection for it: they may call the store.")
  void deleteOldest_handsOverHereWhatIsGoneAlready() {
    insert(at(1));
    insert(SampleSessions.complete(NOW));
    StoredSession youngest = insert(at(9));
    Set<Thread> threads = new HashSet<>();
    List<StoredSession> gone = new ArrayList<>();
    index()
        .deleteOldest(
            "alice",
            1,
            NOW,
            session -> {
              threads.add(Thread.currentThread());
              assertGone(session);
              gone.add(session);
            });
    assertThat(threads).containsExactly(Thread.currentThread());
    assertThat(gone).hasSize(2);
    assertSessionsOf("alice", youngest);
  }

  @Test
  @Sentence(
      "Consumers are called on the calling thread, while the store holds no lock, transaction or connection for it: they may call the store.")
  void deleteOldest_consumer_isCalledUnderNoLock() {
    insert(at(1));
    insert(at(2));
    assertThat(index().deleteOldest("alice", 1, NOW, gone -> useOnOtherThreads())).isOne();
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "called once for each session that this call deleted")
  void deleteOldest_withoutAttributes_handsOverAllOtherParts() {
    StoredSession oldest = insert(SampleSessions.complete(NOW));
    insert(at(9));
    List<StoredSession> gone = new ArrayList<>();
    index().deleteOldest("alice", 1, NOW, DeletedSessions.withoutAttributes(gone::add));
    assertThat(gone).extracting(IndexPart::listed).containsExactly(listed(oldest));
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "the call continues, the other sessions are still handed over, and the first exception is thrown at the end")
  void deleteOldest_consumerThatThrows_isStillHandedTheOthers() {
    for (int i = 0; i < MANY; i++) {
      insert(at(i));
    }
    List<StoredSession> handedOver = new ArrayList<>();
    IllegalStateException failure = new IllegalStateException("of the consumer");
    assertThatThrownBy(
            () ->
                index()
                    .deleteOldest(
                        "alice",
                        1,
                        NOW,
                        gone -> {
                          handedOver.add(gone);
                          throw failure;
                        }))
        .isSameAs(failure);
    assertThat(handedOver).hasSize(MANY - 1).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  @Sentence(of = PrincipalIndex.class, value = "if keep is less than 1")
  void deleteOldest_keepBelowOne_throwsAndDeletesNothing(int keep) {
    StoredSession session = insert(at(1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> index().deleteOldest("alice", keep, NOW, gone -> {}));
    assertSessionsOf("alice", session);
  }

  @ParameterizedTest
  @MethodSource("io.coatcheck.session.testkit.MeetingBounds#momentsOutOfRange")
  @Sentence(
      "an operation that is given another one throws IllegalArgumentException and does nothing.")
  void deleteOldest_momentOutOfRange_throwsAndDeletesNothing(Instant moment) {
    List<StoredSession> sessions = List.of(insert(at(1)), insert(at(2)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> index().deleteOldest("alice", 1, moment, gone -> {}));
    assertSessionsOf("alice", sessions);
  }

  /** Deletes and returns what was handed over. */
  private List<StoredSession> deleteOldest(int keep) {
    List<StoredSession> gone = new ArrayList<>();
    int deleted = index().deleteOldest("alice", keep, NOW, gone::add);
    assertThat(gone).as("handed over as counted").hasSize(deleted);
    return gone;
  }
}
