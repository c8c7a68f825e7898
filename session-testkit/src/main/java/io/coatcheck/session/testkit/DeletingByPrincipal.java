package io.coatcheck.session.testkit;

import static io.coatcheck.session.testkit.SessionDifferences.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code deleteByPrincipal}. */
abstract class DeletingByPrincipal extends IndexPart {

  DeletingByPrincipal(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "Every session that was stored with this principal before the call began, and is not excepted, is gone when it returns")
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

  /** If it broke, a renewed session would stay live when its user signs out everywhere. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "Every session that was stored with this principal before the call began, and is not excepted, is gone when it returns")
  void deleteByPrincipal_sessionWithANewSecret_isEnded() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    assertThat(store().update(renewed(session), NOW)).isTrue();
    assertThat(delete("alice", Set.of())).containsExactly(successor(renewed(session)));
    assertGone(session);
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "how many were deleted")
  void deleteByPrincipal_none_isZero() {
    insert(SampleSessions.authenticated("bob", NOW));
    insert(SampleSessions.anonymous(NOW));
    assertThat(delete("alice", Set.of())).isEmpty();
  }

  @Test
  @Sentence(of = PrincipalIndex.class, value = "how many were deleted")
  void deleteByPrincipal_twice_isZeroTheSecondTime() {
    insert(SampleSessions.authenticated("alice", NOW));
    assertThat(delete("alice", Set.of())).hasSize(1);
    assertThat(delete("alice", Set.of())).isEmpty();
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "the sessions to spare, of any number: only Set.contains is asked;")
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
  @Sentence(
      of = PrincipalIndex.class,
      value = "the sessions to spare, of any number: only Set.contains is asked;")
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
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "Every session that was stored with this principal before the call began, and is not excepted, is gone when it returns")
  void deleteByPrincipal_moreThanAStep_endsAll() {
    List<StoredSession> sessions = insertMany(MANY, () -> SampleSessions.complete(NOW));
    StoredSession foreign = insert(SampleSessions.authenticated("bob", NOW));
    assertThat(delete("alice", Set.of())).containsExactlyInAnyOrderElementsOf(sessions);
    assertSessionsOf("alice");
    assertStored(foreign);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "Every session that was stored with this principal before the call began, and is not excepted, is gone when it returns")
  void deleteByPrincipal_manyLargeSessions_endsAll() {
    List<StoredSession> sessions =
        insertMany(
            20, () -> Specimen.MEGABYTE_ATTRIBUTE.at(NOW).principal("alice").authenticatedAt(NOW));
    assertThat(delete("alice", Set.of())).containsExactlyInAnyOrderElementsOf(sessions);
    assertSessionsOf("alice");
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "the sessions to spare, of any number: only Set.contains is asked;")
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
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "called once for each session that this call deleted, after it is gone for every reader")
  void deleteByPrincipal_withoutAttributes_handsOverAllOtherParts() {
    StoredSession session = insert(SampleSessions.complete(NOW));
    List<StoredSession> gone = new ArrayList<>();
    index().deleteByPrincipal("alice", Set.of(), DeletedSessions.withoutAttributes(gone::add));
    assertThat(gone).extracting(IndexPart::listed).containsExactly(listed(session));
    assertGone(session);
  }

  @Test
  @Sentence(
      "Consumers are called on the calling thread, while the store holds no lock, transaction or connection for it: they may call the store.")
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
  @Sentence(
      "Consumers are called on the calling thread, while the store holds no lock, transaction or connection for it: they may call the store.")
  void deleteByPrincipal_consumer_isCalledUnderNoLock() {
    insertMany(2, () -> SampleSessions.authenticated("alice", NOW));
    int deleted = index().deleteByPrincipal("alice", Set.of(), gone -> useOnOtherThreads());
    assertThat(deleted).isEqualTo(2);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "called once for each session that this call deleted, after it is gone for every reader")
  void deleteByPrincipal_everyCombinationOfOptionalParts_handsOverAllParts() {
    List<StoredSession> ofAlice = new ArrayList<>();
    List<StoredSession> others = new ArrayList<>();
    SampleSessions.everyKind(NOW)
        .map(kind -> insert(kind.getPayload()))
        .forEach(session -> (session.principal().isPresent() ? ofAlice : others).add(session));
    assertSame("what was deleted", delete("alice", Set.of()), ofAlice);
    others.forEach(this::assertStored);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "the call continues, the other sessions are still handed over, and the first exception is thrown at the end")
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

  @Test
  @Sentence(of = PrincipalIndex.class, value = "Principals are equal if their code points are")
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
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "Every session that was stored with this principal before the call began, and is not excepted, is gone when it returns")
  void deleteByPrincipal_loggedInByUpdate_isEnded() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    store().update(session.toBuilder().principal("alice").authenticatedAt(NOW).build(), NOW);
    assertThat(delete("alice", Set.of())).extracting(StoredSession::id).containsOnly(session.id());
    assertGone(session);
  }

  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "called once for each session that this call deleted, after it is gone for every reader")
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
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "the call continues, the other sessions are still handed over, and the first exception is thrown at the end")
  void deleteByPrincipal_consumerThatThrows_isStillHandedTheOthers() {
    for (int i = 0; i < 4; i++) {
      insert(SampleSessions.authenticated("alice", NOW));
    }
    ThrowingConsumer consumer = new ThrowingConsumer();
    consumer.assertFails(() -> index().deleteByPrincipal("alice", Set.of(), consumer::accept));
    assertThat(consumer.handedOver())
        .hasSize(4)
        .doesNotHaveDuplicates()
        .allSatisfy(this::assertGone);
    assertSessionsOf("alice");
  }

  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence(
      of = PrincipalIndex.class,
      value =
          "called once for each session that this call deleted, after it is gone for every reader")
  void deleteByPrincipal_seenAgain_handsItOverAsItWasThen(Activity activity) {
    StoredSession stored = insert(SampleSessions.complete(NOW));
    StoredSession expected = activity.at(NOW.plusSeconds(60), otherNode(), stored);
    assertSame("what was deleted", delete("alice", Set.of()), List.of(expected));
  }

  /** If it broke, the sessions to spare would be limited to those that someone has counted. */
  @Test
  @Sentence(
      of = PrincipalIndex.class,
      value = "the sessions to spare, of any number: only Set.contains is asked;")
  void deleteByPrincipal_exceptedByARule_areSpared() {
    StoredSession spared = insert(SampleSessions.complete(NOW));
    StoredSession ended = insert(SampleSessions.complete(NOW));
    Set<SessionId> rule =
        new AbstractSet<>() {
          @Override
          public boolean contains(Object id) {
            return id.equals(spared.id());
          }

          @Override
          public Iterator<SessionId> iterator() {
            throw new AssertionError("except was asked for its elements");
          }

          @Override
          public int size() {
            throw new AssertionError("except was asked for its size");
          }
        };
    assertThat(delete("alice", rule)).containsExactly(ended);
    assertSessionsOf("alice", spared);
  }
}
