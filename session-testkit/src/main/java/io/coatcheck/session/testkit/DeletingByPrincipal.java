package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** {@code deleteByPrincipal}. */
abstract class DeletingByPrincipal extends IndexPart {

  DeletingByPrincipal(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  void deleteByPrincipal_endsEveryKindOfSession() {
    List<StoredSession> sessions = new ArrayList<>();
    for (Specimen specimen : Specimen.values()) {
      sessions.add(insert(specimen.at(NOW).principal("alice").authenticatedAt(NOW)));
    }
    StoredSession foreign = insert(SampleSessions.authenticated("bob", NOW));
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    assertThat(delete("alice", Set.of())).containsExactlyInAnyOrderElementsOf(sessions);
    sessions.forEach(this::assertGone);
    assertSessionsOf("alice");
    assertStored(foreign);
    assertStored(anonymous);
  }

  @Test
  void deleteByPrincipal_none_isZero() {
    insert(SampleSessions.authenticated("bob", NOW));
    insert(SampleSessions.anonymous(NOW));
    assertThat(delete("alice", Set.of())).isEmpty();
  }

  @Test
  void deleteByPrincipal_twice_isZeroTheSecondTime() {
    insert(SampleSessions.authenticated("alice", NOW));
    assertThat(delete("alice", Set.of())).hasSize(1);
    assertThat(delete("alice", Set.of())).isEmpty();
  }

  @Test
  void deleteByPrincipal_excepted_isSpared() {
    StoredSession spared = insert(SampleSessions.authenticated("alice", NOW));
    StoredSession alsoSpared = insert(SampleSessions.complete(NOW));
    StoredSession ended = insert(SampleSessions.complete(NOW));
    StoredSession foreign = insert(SampleSessions.authenticated("bob", NOW));
    SessionId absent = SampleSessions.anonymous(NOW).build().id();
    assertThat(delete("alice", Set.of(spared.id(), alsoSpared.id(), foreign.id(), absent)))
        .containsExactly(ended);
    assertSessionsOf("alice", spared, alsoSpared);
    assertStored(foreign);
  }

  @Test
  void deleteByPrincipal_manyExcepted_areSpared() {
    List<StoredSession> spared = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      spared.add(insert(SampleSessions.authenticated("alice", NOW)));
    }
    StoredSession ended = insert(SampleSessions.authenticated("alice", NOW));
    Set<SessionId> except = Set.copyOf(spared.stream().map(StoredSession::id).toList());
    assertThat(delete("alice", except)).containsExactly(ended);
    assertSessionsOf("alice", spared);
  }

  @Test
  void deleteByPrincipal_moreThanAStep_endsAll() {
    List<StoredSession> sessions =
        insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    StoredSession foreign = insert(SampleSessions.authenticated("bob", NOW));
    assertThat(delete("alice", Set.of())).containsExactlyInAnyOrderElementsOf(sessions);
    assertSessionsOf("alice");
    assertStored(foreign);
  }

  @Test
  void deleteByPrincipal_manyLargeSessions_endsAll() {
    List<StoredSession> sessions =
        insertMany(
            20, () -> Specimen.MEGABYTE_ATTRIBUTE.at(NOW).principal("alice").authenticatedAt(NOW));
    assertThat(delete("alice", Set.of())).containsExactlyInAnyOrderElementsOf(sessions);
    assertSessionsOf("alice");
  }

  @Test
  void deleteByPrincipal_moreExceptedThanAStep_areSpared() {
    List<StoredSession> spared = new ArrayList<>();
    List<StoredSession> ended = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
      (i % 300 == 299 ? ended : spared).add(session);
    }
    Set<SessionId> except = new HashSet<>();
    spared.forEach(session -> except.add(session.id()));
    for (int i = 0; i < 20_000; i++) {
      except.add(SessionId.of(i, -i));
    }
    assertThat(delete("alice", except)).containsExactlyInAnyOrderElementsOf(ended);
    assertSessionsOf("alice", spared);
  }

  @Test
  void deleteByPrincipal_withoutAttributes_handsOverAllOtherParts() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    List<StoredSession> gone = new ArrayList<>();
    index().deleteByPrincipal("alice", Set.of(), DeletedSessions.withoutAttributes(gone::add));
    assertThat(gone).extracting(IndexPart::listed).containsExactly(listed(session));
    assertGone(session);
  }

  @Test
  void deleteByPrincipal_consumer_isCalledHereAndMayUseTheStore() {
    List<StoredSession> sessions = insertMany(3, () -> SampleSessions.authenticated("alice", NOW));
    Thread caller = Thread.currentThread();
    List<StoredSession> begun = new ArrayList<>();
    int number =
        index()
            .deleteByPrincipal(
                "alice",
                Set.of(),
                gone -> {
                  assertThat(Thread.currentThread()).as("the thread").isSameAs(caller);
                  StoredSession other = insert(SampleSessions.authenticated("bob", NOW));
                  begun.add(other);
                  assertThat(store().delete(gone.id())).isEmpty();
                  assertThat(store().touch(other.id(), NOW.plusSeconds(1), NOW)).isTrue();
                });
    assertThat(number).isEqualTo(sessions.size());
    assertThat(begun).hasSize(sessions.size());
    assertThat(delete("bob", Set.of())).hasSize(sessions.size());
  }

  @Test
  void deleteByPrincipal_consumerThatThrowsAnError_isStillHandedTheOthersOfAllSteps() {
    insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    List<StoredSession> handedOver = new ArrayList<>();
    StackOverflowError error = new StackOverflowError("of the consumer");
    assertThatThrownBy(
            () ->
                index()
                    .deleteByPrincipal(
                        "alice",
                        Set.of(),
                        gone -> {
                          handedOver.add(gone);
                          throw error;
                        }))
        .isSameAs(error);
    assertThat(handedOver).hasSize(MANY).doesNotHaveDuplicates();
    assertSessionsOf("alice");
  }

  /** If it broke, a session that begins again and again would keep a thread busy for good. */
  @Test
  void deleteByPrincipal_whileSessionsKeepBeginning_ends() {
    List<StoredSession> before = insertMany(MANY, () -> SampleSessions.authenticated("alice", NOW));
    AtomicBoolean ended = new AtomicBoolean();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
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

  @Test
  void deleteByPrincipal_comparesCodePoints() {
    List<StoredSession> left = new ArrayList<>();
    for (String principal : Listing.PRINCIPALS) {
      left.add(insert(SampleSessions.authenticated(principal, NOW)));
    }
    for (String principal : Listing.PRINCIPALS) {
      assertThat(delete(principal, Set.of())).as(principal).containsExactly(left.remove(0));
      left.forEach(this::assertStored);
    }
  }

  @Test
  void deleteByPrincipal_loggedInByUpdate_isEnded() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    store().update(session.toBuilder().principal("alice").authenticatedAt(NOW).build(), NOW);
    assertThat(delete("alice", Set.of())).extracting(StoredSession::id).containsOnly(session.id());
    assertGone(session);
  }

  @Test
  void deleteByPrincipal_handsOverWhatIsGoneAlready() {
    insert(SampleSessions.authenticated("alice", NOW));
    insert(SampleSessions.complete(NOW));
    List<Optional<StoredSession>> seen = new ArrayList<>();
    index()
        .deleteByPrincipal(
            "alice",
            Set.of(),
            gone -> {
              seen.add(store().find(gone.id()));
              seen.add(otherNode().find(gone.id()));
              assertSessionsOf("alice");
            });
    assertThat(seen).hasSize(4).containsOnly(Optional.empty());
  }

  @Test
  void deleteByPrincipal_consumerThatThrows_isStillHandedTheOthers() {
    for (int i = 0; i < 4; i++) {
      insert(SampleSessions.authenticated("alice", NOW));
    }
    List<StoredSession> handedOver = new ArrayList<>();
    List<Throwable> thrown = new ArrayList<>();
    assertThatThrownBy(
            () ->
                index()
                    .deleteByPrincipal(
                        "alice",
                        Set.of(),
                        gone -> {
                          handedOver.add(gone);
                          IllegalStateException failure =
                              new IllegalStateException("number " + handedOver.size());
                          thrown.add(failure);
                          throw failure;
                        }))
        .isSameAs(thrown.get(0))
        .satisfies(
            first ->
                assertThat(first.getSuppressed())
                    .containsExactlyElementsOf(thrown.subList(1, thrown.size())));
    assertThat(handedOver).hasSize(4).doesNotHaveDuplicates().allSatisfy(this::assertGone);
    assertSessionsOf("alice");
  }

  @Test
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

  /** If it broke, a session would be left that belongs to nobody's list. */
  @Test
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

  /** Deletes and returns what was handed over. */
  private List<StoredSession> delete(String principal, Set<SessionId> except) {
    List<StoredSession> gone = new ArrayList<>();
    int deleted = index().deleteByPrincipal(principal, except, gone::add);
    assertThat(gone).as("handed over as counted").hasSize(deleted);
    return gone;
  }
}
