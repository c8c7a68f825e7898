package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchLookup.Stamp;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code BatchLookup}. */
abstract class LookingAtMany extends ContractPart {

  LookingAtMany(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsBatchLookup() {
    assumeHas(store().batchLookup(), BatchLookup.class);
  }

  private BatchLookup lookup() {
    return store().batchLookup().orElseThrow();
  }

  private BatchLookup otherBatchLookup() {
    return otherNode().batchLookup().orElseThrow();
  }

  @Test
  @Sentence("Returns the look-up of many sessions at once, the same each time")
  void batchLookup_isTheSameEachTime() {
    assertThat(store().batchLookup().orElseThrow()).isSameAs(lookup());
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "an empty set is allowed, and asks the backend nothing")
  void stamps_ofNothing_isEmpty() {
    assertThat(lookup().stamps(Set.of())).isEmpty();
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "an empty set is allowed, and asks the backend nothing")
  void backendFails_stampsOfNothing_isEmpty() throws Exception {
    BatchLookup lookup = lookup();
    author().breakBackend();
    assertThat(lookup.stamps(Set.of())).as("the stamps of no session").isEmpty();
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stamps_tellVersionAndLastSeenOfThoseThatExist() {
    StoredSession anonymous = insert(SampleSessions.anonymous(NOW));
    StoredSession complete = insert(SampleSessions.complete(NOW));
    StoredSession absent = SampleSessions.anonymous(NOW).build();
    insert(SampleSessions.anonymous(NOW));

    Map<SessionId, Stamp> stamps =
        lookup().stamps(Set.of(anonymous.id(), complete.id(), absent.id()));

    assertThat(stamps)
        .isEqualTo(
            Map.of(
                anonymous.id(), new Stamp(0, NOW),
                complete.id(), new Stamp(complete.version(), complete.lastSeenAt())));
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stamps_ofAnExpiredSession_areReturned() {
    StoredSession expired = insert(SampleSessions.anonymous(Instant.EPOCH));

    assertThat(lookup().stamps(Set.of(expired.id()))).containsOnlyKeys(expired.id());
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stamps_followUpdateTouchAndDelete() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    Set<SessionId> ids = Set.of(session.id());
    store().touch(session.id(), NOW.plusSeconds(60), NOW);
    assertThat(lookup().stamps(ids)).containsEntry(session.id(), new Stamp(0, NOW.plusSeconds(60)));

    store().update(session, NOW);
    assertThat(lookup().stamps(ids)).containsEntry(session.id(), new Stamp(1, NOW.plusSeconds(60)));

    store().delete(session.id());
    assertThat(lookup().stamps(ids)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Activity.class)
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stamps_seenAgain_areAsTheyAreNow(Activity activity) {
    StoredSession session = insert(SampleSessions.complete(NOW));
    StoredSession seen = activity.at(NOW.plusSeconds(60), otherNode(), session);
    assertThat(lookup().stamps(Set.of(session.id())))
        .containsEntry(session.id(), new Stamp(seen.version(), seen.lastSeenAt()));
  }

  @Test
  @Sentence(
      of = BatchLookup.class,
      value = "a map that the caller owns; a session that is not in it does not exist")
  void stamps_areTheCallersToChange() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    lookup().stamps(Set.of(session.id())).clear();

    assertThat(lookup().stamps(Set.of(session.id()))).hasSize(1);
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "never a partial answer")
  void stamps_asManyAsAllowed_areAllReturned() {
    Map<SessionId, Stamp> expected = new HashMap<>();
    Set<SessionId> asked = new HashSet<>();
    for (int i = 0; i < BatchLookup.MAX_IDS; i++) {
      StoredSession session = SampleSessions.anonymous(NOW.plusMillis(i)).build();
      asked.add(session.id());
      store().insert(session);
      expected.put(session.id(), new Stamp(0, NOW.plusMillis(i)));
    }

    assertThat(lookup().stamps(asked)).isEqualTo(expected);
  }

  /** If it broke, a node of the older release would take a live session for one that has ended. */
  @Test
  @Sentence(of = BatchLookup.class, value = "a session that is not in it does not exist")
  void stamps_ofANewerFormat_areReturnedOrRefused() throws Exception {
    StoredSession session = insert(SampleSessions.complete(NOW));
    author().overwrite(session.id(), NotReading.Unreadable.OF_A_NEWER_FORMAT.bytesOf(session));

    Set<SessionId> asked = Set.of(session.id());
    Set<SessionId> answered;
    try {
      answered = lookup().stamps(asked).keySet();
    } catch (SessionStoreException refused) {
      answered = asked;
    }
    assertThat(answered).as("stamps, or an exception").isEqualTo(asked);
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "if there are too many ids")
  void stamps_moreThanAllowed_areRefused() {
    Set<SessionId> ids = new HashSet<>();
    for (int i = 0; i <= BatchLookup.MAX_IDS; i++) {
      ids.add(SessionId.of(1, i));
    }

    assertThatThrownBy(() -> lookup().stamps(ids)).isInstanceOf(IllegalArgumentException.class);
  }

  /** If it broke, a near cache would confirm sessions that have ended, without any bound. */
  @Test
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stamps_afterAChangeOnAnotherNode_areAsTheyAreNow() {
    assumeOtherNode();
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    Set<SessionId> ids = Set.of(session.id());
    assertThat(lookup().stamps(ids)).containsEntry(session.id(), new Stamp(0, NOW));
    assertThat(otherNode().touch(session.id(), NOW.plusSeconds(60), NOW)).isTrue();
    assertThat(lookup().stamps(ids)).containsEntry(session.id(), new Stamp(0, NOW.plusSeconds(60)));
    assertThat(otherNode().update(session, NOW)).isTrue();
    assertThat(lookup().stamps(ids)).containsEntry(session.id(), new Stamp(1, NOW.plusSeconds(60)));
    assertThat(otherNode().delete(session.id())).isPresent();
    assertThat(lookup().stamps(ids)).isEmpty();
    otherNode().insert(session);
    assertThat(lookup().stamps(ids)).containsEntry(session.id(), new Stamp(0, NOW));
    assertThat(store().delete(session.id())).isPresent();
    assertThat(otherBatchLookup().stamps(ids)).as("stamps on the other node").isEmpty();
  }

  @Test
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stamps_ofEveryKind_tellVersionAndLastSeen() {
    Map<SessionId, Stamp> expected = new HashMap<>();
    for (Specimen specimen : Specimen.values()) {
      StoredSession session = insert(specimen.at(NOW));
      expected.put(session.id(), new Stamp(session.version(), session.lastSeenAt()));
    }
    assertThat(lookup().stamps(expected.keySet())).isEqualTo(expected);
  }

  /** If it broke, a copy would be confirmed or dropped by half of a change. */
  @Test
  @Order(Integer.MAX_VALUE)
  @Sentence(of = BatchLookup.class, value = "each as it is at some moment during the call.")
  void stampsDuringUpdates_growAndAgreeWithTheirParts() {
    StoredSession session = insert(SampleSessions.anonymous(NOW));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Boolean> writer =
        () -> {
          try {
            StoredSession next = session;
            for (Race race = Race.inRounds(); race.goesOn(); next = successor(next)) {
              next = next.toBuilder().lastSeenAt(NOW.plusMillis(next.version() + 1)).build();
              assertThat(otherNode().update(next, NOW)).isTrue();
            }
            return true;
          } finally {
            done.set(true);
          }
        };
    Callable<Boolean> reader =
        () -> {
          long last = 0;
          while (!done.get()) {
            Map<SessionId, Stamp> stamps = lookup().stamps(Set.of(session.id()));
            assertThat(stamps).as("the stamp of a session that is there").hasSize(1);
            Stamp stamp = stamps.values().iterator().next();
            assertThat(stamp.version()).as("the version").isGreaterThanOrEqualTo(last);
            assertThat(stamp.lastSeenAt()).isEqualTo(NOW.plusMillis(stamp.version()));
            last = stamp.version();
          }
          return true;
        };
    assertThat(Race.among(List.of(writer, reader))).containsOnly(true);
  }
}
