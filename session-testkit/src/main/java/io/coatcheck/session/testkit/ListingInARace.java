package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The index under concurrent changes. */
abstract class ListingInARace extends IndexPart {

  private static final String AGREES =
      "The index always agrees with the sessions that the store holds: a session that find returns is listed here.";

  ListingInARace(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** If it broke, a session just created would be missing from the list of devices. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void findByPrincipal_ofASessionThatWasFound_includesIt() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession session = SampleSessions.authenticated("alice", NOW).build();
      Callable<Boolean> life =
          () -> {
            store().insert(session);
            return true;
          };
      Callable<Boolean> reader =
          () -> {
            while (otherNode().find(session.id()).isEmpty()) {
              Thread.onSpinWait();
            }
            return sessionsOf(otherIndex(), "alice").contains(listed(session));
          };
      assertThat(Race.among(List.of(life, reader))).containsOnly(true);
      assertSessionsOf("alice", session);
      store().delete(session.id());
    }
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "each is passed to only one caller on all nodes.")
  void deleteByPrincipal_byMany_handsEachSessionToOne() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      List<StoredSession> sessions = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        sessions.add(insert(SampleSessions.authenticated("alice", NOW)));
      }
      List<Callable<List<StoredSession>>> deletes = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        deletes.add(() -> delete("alice", Set.of()));
        StoredSession one = sessions.get(i);
        deletes.add(() -> otherNode().delete(one.id()).stream().toList());
      }
      List<StoredSession> handedOver = new ArrayList<>();
      Race.among(deletes).forEach(handedOver::addAll);
      assertThat(handedOver)
          .as("what concurrent deletes were handed")
          .containsExactlyInAnyOrderElementsOf(sessions);
      assertSessionsOf("alice");
    }
  }

  /** If it broke, a request in flight would survive "sign out everywhere". */
  @Test
  @Sentence(of = PrincipalIndex.class, value = "is gone when it returns")
  void deleteByPrincipalAgainstUpdateAndTouch_theSessionsStayGone() {
    Instant later = NOW.plusSeconds(60);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession updated = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession touched = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession changed = updated.toBuilder().remembered(true).build();
      List<Callable<Integer>> calls =
          List.of(
              () -> otherNode().update(changed, NOW) ? 1 : 0,
              () -> otherNode().touch(touched.id(), later, NOW) ? 1 : 0,
              () -> delete("alice", Set.of()).size());
      assertThat(Race.among(calls).get(2)).as("how many were deleted").isEqualTo(2);
      assertGone(updated);
      assertGone(touched);
      assertSessionsOf("alice");
    }
  }

  /** If it broke, a session would be left that is in no user's list. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "Deletes all sessions of a principal except some, in steps.")
  void deleteByPrincipalAgainstLogin_theIndexAgreesWithTheStore() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession relogin = session.toBuilder().principal("bob").build();
      Race.Outcome<Boolean, List<StoredSession>> outcome =
          Race.between(() -> store().update(relogin, NOW), () -> delete("alice", Set.of()));
      assertSessionsOf("alice");
      if (outcome.first()) {
        assertThat(outcome.second()).isEmpty();
        assertSessionsOf("bob", successor(relogin));
        assertStored(successor(relogin));
      } else {
        assertThat(outcome.second()).containsExactly(session);
        assertSessionsOf("bob");
        assertGone(session);
      }
      store().delete(session.id());
    }
  }

  /** If it broke, "sign out everywhere" would never end a session that began beside it. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void deleteByPrincipalAgainstInsertAndLogin_theIndexAgreesWithTheStore() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession before = insert(SampleSessions.authenticated("alice", NOW));
      List<StoredSession> gone = new ArrayList<>();
      insertAndLoginAgainst(
          () -> {
            otherIndex().deleteByPrincipal("alice", Set.of(), gone::add);
            return true;
          });
      assertThat(gone).as("what was handed over").contains(before);
      assertGone(before);
    }
  }

  /** If it broke, the last session of a user to end would take a new one out of the index. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void deleteOfTheOnlySessionAgainstInsertAndLogin_theIndexAgreesWithTheStore() {
    for (Race race = Race.inFewRounds(); race.goesOn(); ) {
      StoredSession only = insert(SampleSessions.authenticated("alice", NOW));
      List<StoredSession> left =
          insertAndLoginAgainst(() -> otherNode().delete(only.id()).isPresent());
      assertThat(left).as("the sessions that no call deleted").hasSize(2);
    }
  }

  /**
   * Lets a session of alice begin, and an anonymous one log in as alice, while a call ends sessions
   * of hers. Then lists and deletes those that are left, and returns them.
   */
  private List<StoredSession> insertAndLoginAgainst(Callable<Boolean> ending) {
    StoredSession begun = SampleSessions.authenticated("alice", NOW).build();
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    StoredSession login =
        anonymous.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(1)).build();
    Callable<Boolean> beginning =
        () -> {
          store().insert(begun);
          return true;
        };
    assertThat(Race.among(List.of(beginning, () -> store().update(login, NOW), ending)))
        .as("whether the session began, the other one logged in, and the call succeeded")
        .containsOnly(true);
    List<StoredSession> left = new ArrayList<>();
    store().find(begun.id()).ifPresent(left::add);
    store().find(login.id()).ifPresent(left::add);
    assertSessionsOf("alice", left);
    assertThat(delete("alice", Set.of()))
        .as("what the next call handed over")
        .containsExactlyInAnyOrderElementsOf(left);
    left.forEach(this::assertGone);
    return left;
  }

  /** If it broke, a session that begins again and again would keep a thread busy forever. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = "the call ends, however many there are.")
  void deleteByPrincipal_whileSessionsKeepBeginning_ends() {
    List<StoredSession> before = insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    AtomicBoolean ended = new AtomicBoolean();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(45);
    Callable<List<StoredSession>> revocation =
        () -> {
          try {
            return delete("alice", Set.of());
          } finally {
            ended.set(true);
          }
        };
    Callable<List<StoredSession>> logins =
        () -> {
          while (!ended.get() && System.nanoTime() - deadline < 0) {
            otherNode().insert(SampleSessions.authenticated("alice", NOW).build());
          }
          assertThat(ended).as("whether the call ended meanwhile").isTrue();
          return List.of();
        };
    assertThat(Race.among(List.of(revocation, logins)).get(0)).containsAll(before);
    before.forEach(this::assertGone);
  }

  /** If it broke, a user would see, and could end, the session of another one. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "Each session is as it was at some moment during the call")
  void findByPrincipalAgainstLogin_neverShowsAnotherPrincipal() {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Boolean> logins =
        () -> {
          try {
            StoredSession next = session;
            for (Race race = Race.inRounds(); race.goesOn(); next = successor(next)) {
              String name = next.version() % 2 == 0 ? "bob" : "alice";
              next = next.toBuilder().principal(name).build();
              assertThat(otherNode().update(next, NOW)).isTrue();
            }
            return true;
          } finally {
            done.set(true);
          }
        };
    Callable<Boolean> reader =
        () -> {
          while (!done.get()) {
            for (String name : List.of("alice", "bob")) {
              assertThat(index().findByPrincipal(name, null, 10))
                  .as("the list of %s", name)
                  .allSatisfy(one -> assertThat(one.principal()).contains(name));
            }
          }
          return true;
        };
    assertThat(Race.among(List.of(logins, reader))).containsOnly(true);
  }

  /** If it broke, a device would be missing from the list because another one was signed out. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "one that is the principal's throughout is not left out")
  void findByPrincipalAgainstOthersThatBeginAndEnd_listsTheOneThatStays() {
    StoredSession staying = insert(SampleSessions.authenticated("alice", NOW));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Boolean> others =
        () -> {
          try {
            for (Race race = Race.inFewRounds(); race.goesOn(); ) {
              StoredSession other = SampleSessions.authenticated("alice", NOW).build();
              otherNode().insert(other);
              assertThat(otherNode().delete(other.id())).isPresent();
            }
            return true;
          } finally {
            done.set(true);
          }
        };
    Callable<Boolean> reader =
        () -> {
          while (!done.get()) {
            assertThat(index().findByPrincipal("alice", null, 10)).contains(listed(staying));
          }
          return true;
        };
    assertThat(Race.among(List.of(others, reader))).containsOnly(true);
  }

  /**
   * If it broke, an entry of the index would be left without a session, or a session without an
   * entry.
   */
  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void deleteExpiredAgainstLogin_theIndexAgreesWithTheStore() {
    Instant expiry = NOW.plus(SampleSessions.IDLE_TIMEOUT);
    Instant before = expiry.minus(MILLISECOND);
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession relogin = session.toBuilder().principal("bob").lastSeenAt(before).build();
      Race.Outcome<Boolean, Integer> outcome =
          againstCleanUp(() -> otherNode().update(relogin, before), store(), expiry);
      assertThat(outcome.second()).as("how many expired").isEqualTo(outcome.first() ? 0 : 1);
      assertSessionsOf("alice");
      if (outcome.first()) {
        assertSessionsOf("bob", successor(relogin));
      } else {
        assertSessionsOf("bob");
      }
      store().delete(session.id());
    }
  }

  /** If it broke, an ended session would be reported twice, or not at all. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = "each is passed to only one caller on all nodes.")
  void deleteOldestAgainstDelete_oneOfThemHandsItOver() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession oldest = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession youngest =
          insert(SampleSessions.authenticated("alice", NOW).authenticatedAt(NOW.plusSeconds(1)));
      List<StoredSession> surplus = new ArrayList<>();
      Race.Outcome<Integer, Optional<StoredSession>> outcome =
          Race.between(
              () -> index().deleteOldest("alice", 1, NOW, surplus::add),
              () -> otherNode().delete(oldest.id()));
      outcome.second().ifPresent(surplus::add);
      assertSame("what both handed over", surplus, List.of(oldest));
      assertSessionsOf("alice", youngest);
      store().delete(youngest.id());
    }
  }

  /** If it broke, the session of another user would end. */
  @Test
  @Sentence(of = PrincipalIndex.class, value = AGREES)
  void deleteOldestAgainstLogin_theIndexAgreesWithTheStore() {
    for (Race race = Race.inRounds(); race.goesOn(); ) {
      StoredSession oldest = insert(SampleSessions.authenticated("alice", NOW));
      StoredSession youngest =
          insert(SampleSessions.authenticated("alice", NOW).authenticatedAt(NOW.plusSeconds(1)));
      StoredSession relogin = oldest.toBuilder().principal("bob").build();
      List<StoredSession> surplus = new ArrayList<>();
      Race.Outcome<Boolean, Integer> outcome =
          Race.between(
              () -> otherNode().update(relogin, NOW),
              () -> index().deleteOldest("alice", 1, NOW, surplus::add));
      if (outcome.first()) {
        assertThat(surplus).as("the surplus, when the oldest logged in as bob").isEmpty();
        assertSessionsOf("bob", successor(relogin));
      } else {
        assertSame("the surplus", surplus, List.of(oldest));
        assertSessionsOf("bob");
      }
      assertSessionsOf("alice", youngest);
      store().delete(oldest.id());
      store().delete(youngest.id());
    }
  }
}
