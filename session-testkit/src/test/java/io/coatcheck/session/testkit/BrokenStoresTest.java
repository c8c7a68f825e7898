package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Stores that are wrong in one way each, and the tests of the contract that say so. */
class BrokenStoresTest {

  @Test
  void soundStore_passes() {
    assertThat(
            ContractRun.failures(
                ContractRun.OfStore.class,
                BrokenStore::new,
                Set.of("insert_anySession_isFoundWithAllItsParts", "close_twice_isFine")))
        .isEmpty();
  }

  @Test
  void insert_thatOverwrites() {
    class Upserting extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        overwrite(session);
      }
    }
    assertFails(
        Upserting::new,
        "insert_knownId_throwsAndChangesNothing",
        "insert_sameIdByMany_oneSucceedsAndItsSessionIsStored");
  }

  @Test
  void insert_thatLooksFirst() {
    class LookingFirst extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        if (find(session.id()).isPresent()) {
          throw new SessionStoreException("exists");
        }
        window();
        overwrite(session);
      }
    }
    assertFails(LookingFirst::new, "insert_sameIdByMany_oneSucceedsAndItsSessionIsStored");
  }

  @Test
  void insert_thatKeepsSeconds() {
    class KeepingSeconds extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        Instant created = session.createdAt().truncatedTo(ChronoUnit.SECONDS);
        super.insert(session.toBuilder().createdAt(created).build());
      }
    }
    assertFails(KeepingSeconds::new, "insert_anySession_isFoundWithAllItsParts");
  }

  @Test
  void insert_thatStartsAtVersionZero() {
    class StartingAtZero extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        super.insert(session.toBuilder().version(0).build());
      }
    }
    assertFails(StartingAtZero::new, "insert_anySession_isFoundWithAllItsParts");
  }

  @Test
  void insert_thatKeepsLiveObjectsUnasked() {
    class Sharing extends BrokenStore {
      Sharing() {
        super(InMemorySessionStore.builder().build());
      }

      @Override
      public boolean keepsLiveValues() {
        return false;
      }
    }
    assertFails(
        Sharing::new,
        "insert_liveValue_isEncodedUnlessTheStoreKeepsLiveValues",
        "update_liveValue_isEncodedUnlessTheStoreKeepsLiveValues",
        "find_returnsLiveValuesOnlyIfTheStoreKeepsThem");
  }

  @Test
  void find_thatHidesTheExpired() {
    class Hiding extends BrokenStore {
      @Override
      public Optional<StoredSession> find(SessionId id) {
        return super.find(id).filter(found -> !found.isExpiredAt(ContractPart.NOW));
      }
    }
    assertFails(Hiding::new, "insert_anySession_isFoundWithAllItsParts");
  }

  @Test
  void update_thatIgnoresTheVersion() {
    class Ignoring extends BrokenStore {
      @Override
      public boolean update(StoredSession session, Instant now) {
        window();
        return find(session.id())
            .map(found -> session.toBuilder().version(found.version()).build())
            .filter(wanted -> super.update(wanted, now))
            .isPresent();
      }
    }
    assertFails(
        Ignoring::new,
        "update_sameVersionTwice_isRefusedTheSecondTime",
        "update_versionThatIsNotStored_isRefused",
        "updatesOfOneVersion_oneOfThemWins",
        "updatesInALoop_noneIsLost");
  }

  @Test
  void update_thatCreates() {
    class Creating extends BrokenStore {
      @Override
      public boolean update(StoredSession session, Instant now) {
        if (find(session.id()).isEmpty()) {
          insert(session);
          return true;
        }
        return super.update(session, now);
      }
    }
    assertFails(
        Creating::new,
        "update_absent_neverCreates",
        "update_deleted_neverCreates",
        "updateAgainstDelete_theSessionStaysGone");
  }

  @Test
  void update_thatLooksFirst() {
    class LookingFirst extends BrokenStore {
      @Override
      public boolean update(StoredSession session, Instant now) {
        Optional<StoredSession> found = find(session.id());
        if (found.isEmpty() || found.get().version() != session.version()) {
          return false;
        }
        window();
        sound.delete(session.id());
        insert(session.toBuilder().version(session.version() + 1).build());
        return true;
      }
    }
    assertFails(LookingFirst::new, "updateAgainstDelete_theSessionStaysGone");
  }

  @Test
  void update_thatForgetsTheStoredLastSeen() {
    class Forgetting extends BrokenStore {
      @Override
      public boolean update(StoredSession session, Instant now) {
        boolean updated = super.update(session, now);
        if (updated) {
          StoredSession found = find(session.id()).orElseThrow();
          overwrite(found.toBuilder().lastSeenAt(session.lastSeenAt()).build());
        }
        return updated;
      }
    }
    assertFails(
        Forgetting::new,
        "update_olderLastSeen_keepsTheStoredOne",
        "update_olderLastSeen_expiresByTheStoredOne",
        "touchAgainstUpdate_theLaterMomentIsKept");
  }

  @Test
  void update_thatAcceptsTheExactMomentOfExpiry() {
    class OffByOne extends BrokenStore {
      @Override
      public boolean update(StoredSession session, Instant now) {
        return super.update(session, now.minusMillis(1));
      }
    }
    assertFails(OffByOne::new, "update_ofAnySessionAtItsExpiry_isRefused");
  }

  @Test
  void update_inTwoSteps() {
    class InTwoSteps extends BrokenStore {
      @Override
      public boolean update(StoredSession session, Instant now) {
        boolean updated = super.update(session.toBuilder().attributes(Map.of()).build(), now);
        if (updated) {
          window();
          overwrite(session.toBuilder().version(session.version() + 1).build());
        }
        return updated;
      }
    }
    assertFails(InTwoSteps::new, "readsDuringUpdates_neverSeeHalfASession");
  }

  @Test
  void touch_thatGoesBack() {
    class GoingBack extends BrokenStore {
      @Override
      public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
        boolean touched = super.touch(id, lastSeenAt, now);
        if (touched) {
          find(id).ifPresent(s -> overwrite(s.toBuilder().lastSeenAt(lastSeenAt).build()));
        }
        return touched;
      }
    }
    assertFails(
        GoingBack::new,
        "touch_earlierOrSameMoment_succeedsAndChangesNothing",
        "touchAgainstTouch_theLatestMomentIsKept");
  }

  @Test
  void touch_thatRevivesTheExpired() {
    class Reviving extends BrokenStore {
      @Override
      public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
        return super.touch(id, lastSeenAt, Instant.EPOCH);
      }
    }
    assertFails(Reviving::new, "touch_anySessionAtItsExpiry_isRefused");
  }

  @Test
  void touch_thatCountsAsAnUpdate() {
    class Updating extends BrokenStore {
      @Override
      public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
        return find(id)
            .filter(found -> update(found.toBuilder().lastSeenAt(lastSeenAt).build(), now))
            .isPresent();
      }
    }
    assertFails(
        Updating::new,
        "touch_anySession_changesTheLastSeenMomentAlone",
        "touch_doesNotCostAnUpdateItsRace");
  }

  @Test
  void touch_thatWritesTheWholeSession() {
    class Rewriting extends BrokenStore {
      @Override
      public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
        Optional<StoredSession> found = find(id).filter(session -> !session.isExpiredAt(now));
        found.ifPresent(
            session -> {
              window();
              overwrite(session.toBuilder().lastSeenAt(lastSeenAt).build());
            });
        return found.isPresent();
      }
    }
    assertFails(
        Rewriting::new,
        "touchAgainstDelete_theSessionStaysGone",
        "touchAgainstDeleteExpired_oneOfThemWins",
        "touchAgainstUpdate_theLaterMomentIsKept");
  }

  @Test
  void delete_thatSparesWhatNeverExpiresByIdleness() {
    class Sparing extends BrokenStore {
      @Override
      public Optional<StoredSession> delete(SessionId id) {
        return find(id)
            .filter(found -> found.idleTimeout().isPresent())
            .flatMap(found -> super.delete(id));
      }
    }
    assertFails(Sparing::new, "delete_anySession_returnsItOnceAndItIsGone");
  }

  @Test
  void delete_thatHandsOverWhatItFoundBefore() {
    class LookingFirst extends BrokenStore {
      @Override
      public Optional<StoredSession> delete(SessionId id) {
        Optional<StoredSession> found = find(id);
        window();
        super.delete(id);
        return found;
      }
    }
    assertFails(
        LookingFirst::new,
        "delete_byMany_handsTheSessionToOne",
        "updateAgainstDelete_theSessionStaysGone");
  }

  @Test
  void deleteExpired_thatTakesOneMillisecondTooMuch() {
    class TooEarly extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        return super.deleteExpired(cutoff.plusMillis(1), limit, deleted);
      }
    }
    assertFails(TooEarly::new, "deleteExpired_anySession_takesItAtItsExpiryAndNotBefore");
  }

  @Test
  void deleteExpired_thatMissesTheExactMoment() {
    class TooLate extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        return super.deleteExpired(cutoff.minusMillis(1), limit, deleted);
      }
    }
    assertFails(TooLate::new, "deleteExpired_anySession_takesItAtItsExpiryAndNotBefore");
  }

  @Test
  void deleteExpired_withoutLimit() {
    class Unlimited extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        return super.deleteExpired(cutoff, Integer.MAX_VALUE, deleted);
      }
    }
    assertFails(
        Unlimited::new,
        "deleteExpired_moreThanTheLimit_stopsAtTheLimit",
        "deleteExpired_limitBelowOne_throwsAndDeletesNothing");
  }

  @Test
  void deleteExpired_thatHandsOverTooSoonAndStopsWhenThatFails() {
    class HandingOverFirst extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        int count = 0;
        for (SessionId id : ids) {
          Optional<StoredSession> found = find(id).filter(one -> one.isExpiredAt(cutoff));
          if (found.isPresent() && count < limit) {
            window();
            deleted.accept(found.get());
            sound.delete(id);
            count++;
          }
        }
        return new CleanUp(count, count < limit);
      }
    }
    assertFails(
        HandingOverFirst::new,
        "deleteExpired_handsOverWhatIsGoneAlready",
        "deleteExpired_consumerThatThrows_isStillHandedTheOthers",
        "deleteExpired_byMany_handsEachSessionToOne");
  }

  @Test
  void deleteExpired_thatStopsAfterAStepAndCallsItComplete() {
    class Stopping extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        CleanUp step = super.deleteExpired(cutoff, Math.min(limit, 50), deleted);
        return new CleanUp(step.deleted(), step.deleted() < limit);
      }
    }
    assertFails(
        Stopping::new,
        "deleteExpired_untilOneCallIsComplete_takesAll",
        "deleteExpired_consumerThatThrowsAnError_isStillHandedTheOthers");
  }

  @Test
  void deleteExpired_behindSessionsInUse_thatStayWhereTheyAre() {
    // An index by the expiry at first, which touches do not move, and neither does the look.
    class Hiding extends BrokenStore {
      private final boolean saysSo;

      Hiding(boolean saysSo) {
        this.saysSo = saysSo;
      }

      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        int most = Math.min(limit, 50);
        List<StoredSession> first =
            ids.stream().flatMap(id -> find(id).stream()).limit(most).toList();
        List<StoredSession> gone =
            first.stream()
                .filter(session -> session.isExpiredAt(cutoff))
                .flatMap(session -> sound.delete(session.id()).stream())
                .toList();
        gone.forEach(deleted);
        return new CleanUp(gone.size(), !saysSo || first.size() < most);
      }
    }
    assertFails(() -> new Hiding(false), "deleteExpired_behindManySessionsInUse_takesAll");
    assertFails(() -> new Hiding(true), "deleteExpired_behindManySessionsInUse_takesAll");
  }

  @Test
  void deleteExpired_thatHandsOverOnAnotherThread() {
    class HandingOverElsewhere extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        return super.deleteExpired(cutoff, limit, session -> elsewhere(deleted, session));
      }
    }
    assertFails(HandingOverElsewhere::new, "deleteExpired_consumer_isCalledHere");
  }

  @Test
  void deleteExpired_thatStopsAtAnError() {
    class StoppingAtAnError extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        List<StoredSession> gone = new ArrayList<>();
        CleanUp cleanUp = super.deleteExpired(cutoff, limit, gone::add);
        gone.forEach(deleted);
        return cleanUp;
      }
    }
    assertFails(
        StoppingAtAnError::new, "deleteExpired_consumerThatThrowsAnError_isStillHandedTheOthers");
  }

  @Test
  void deleteExpired_thatLooksFirst() {
    class LookingFirst extends BrokenStore {
      @Override
      public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
        List<StoredSession> expired = new ArrayList<>();
        ids.forEach(id -> find(id).filter(s -> s.isExpiredAt(cutoff)).ifPresent(expired::add));
        window();
        List<StoredSession> gone =
            expired.stream().flatMap(session -> sound.delete(session.id()).stream()).toList();
        gone.forEach(deleted);
        return new CleanUp(gone.size(), true);
      }
    }
    assertFails(
        LookingFirst::new,
        "touchAgainstDeleteExpired_oneOfThemWins",
        "updateAgainstDeleteExpired_oneOfThemWins");
  }

  @Test
  void ids_ofWhichHalfIsCompared() {
    class Comparing extends BrokenStore {
      private final Map<Long, SessionId> known = new HashMap<>();

      @Override
      public synchronized void insert(StoredSession session) {
        known.put(session.id().leastSignificantBits(), session.id());
        super.insert(session);
      }

      @Override
      public synchronized Optional<StoredSession> find(SessionId id) {
        return super.find(known.getOrDefault(id.leastSignificantBits(), id));
      }
    }
    assertFails(Comparing::new, "insert_idsThatDifferInOneBit_areDifferentSessions");
  }

  @Test
  void close_thatDoesNothing() {
    class Open extends BrokenStore {
      @Override
      public void close() {}
    }
    assertFails(Open::new, "close_thenAnyOperation_throws");
  }

  private static void assertFails(Supplier<? extends SessionStore> store, String... tests) {
    assertThat(ContractRun.failuresOfWrong(ContractRun.OfStore.class, store, Set.of(tests)))
        .as("the tests that fail")
        .containsExactlyInAnyOrder(tests);
  }
}
