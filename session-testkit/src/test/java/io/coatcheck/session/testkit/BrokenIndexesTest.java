package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.Admission.Outcome;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.text.Normalizer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Indexes, limits and evictions that are wrong in one way each, and the tests that say so. */
class BrokenIndexesTest {

  @Test
  void soundStore_passes() {
    assertThat(
            ContractRun.failures(
                ContractRun.OfStore.class,
                BrokenStore::new,
                Set.of("findByPrincipal_comparesCodePoints")))
        .isEmpty();
    assertThat(
            ContractRun.failures(
                ContractRun.OfStore.class,
                BrokenStore::new,
                Set.of("admit_newAtTheLimit_isRefused")))
        .isEmpty();
  }

  @Test
  void principals_withoutCase() {
    assertFails(
        () -> folding(name -> name.toLowerCase(Locale.ROOT)), "findByPrincipal_comparesCodePoints");
  }

  @Test
  void principals_withoutTrailingSpace() {
    assertFails(() -> folding(String::stripTrailing), "findByPrincipal_comparesCodePoints");
  }

  @Test
  void principals_normalised() {
    assertFails(
        () -> folding(name -> Normalizer.normalize(name, Normalizer.Form.NFC)),
        "findByPrincipal_comparesCodePoints");
  }

  @Test
  void findByPrincipal_thatHidesTheExpired() {
    class Hiding extends BrokenStore {
      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        List<StoredSession> found = wholeSessionsOf(principal);
        found.removeIf(session -> session.isExpiredAt(ContractPart.NOW));
        return page(found, after, limit);
      }
    }
    assertFails(Hiding::new, "findByPrincipal_expired_isIncluded");
  }

  @Test
  void findByPrincipal_thatRemembersOnlyInserts() {
    class Remembering extends BrokenStore {
      private final List<StoredSession> inserted = new ArrayList<>();

      @Override
      public synchronized void insert(StoredSession session) {
        super.insert(session);
        inserted.add(session);
      }

      @Override
      public synchronized List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        List<StoredSession> found = new ArrayList<>(inserted);
        found.removeIf(session -> !session.principal().equals(Optional.of(principal)));
        return page(found, after, limit);
      }
    }
    assertFails(
        Remembering::new,
        "update_isSeen",
        "update_ofThePrincipal_movesTheSession",
        "touch_isSeen",
        "delete_removesFromTheIndex",
        "deleteExpired_removesFromTheIndex");
  }

  @Test
  void findByPrincipal_thatShowsAttributes() {
    class Showing extends BrokenStore {
      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        return new ArrayList<>(
            super.findByPrincipal(principal, after, limit).stream()
                .map(session -> sound.find(session.id()).orElse(session))
                .toList());
      }
    }
    assertFails(Showing::new, "findByPrincipal_comesWithoutAttributes");
  }

  @Test
  void findByPrincipal_thatKnowsOnePage() {
    class KnowingOnePage extends BrokenStore {
      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        return after == null ? super.findByPrincipal(principal, null, limit) : new ArrayList<>();
      }
    }
    assertFails(
        KnowingOnePage::new,
        "findByPrincipal_moreThanAPage_goesOnAfterItsLastId",
        "findByPrincipal_many_returnsAll");
  }

  @Test
  void findByPrincipal_thatTakesIdsForSigned() {
    class Signed extends BrokenStore {
      private final Comparator<StoredSession> order =
          Comparator.comparingLong((StoredSession session) -> session.id().mostSignificantBits())
              .thenComparingLong(session -> session.id().leastSignificantBits());

      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        List<StoredSession> all =
            wholeSessionsOf(principal).stream().map(IndexPart::listed).sorted(order).toList();
        List<SessionId> ordered = all.stream().map(StoredSession::id).toList();
        int first = after == null ? 0 : ordered.indexOf(after) + 1;
        return new ArrayList<>(all.subList(first, Math.min(all.size(), first + limit)));
      }
    }
    assertFails(Signed::new, "findByPrincipal_ids_ascend");
  }

  @Test
  void deleteByPrincipal_thatEndsOneStep() {
    class EndingOneStep extends BrokenStore {
      private final int step;

      EndingOneStep(int step) {
        this.step = step;
      }

      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        List<StoredSession> gone =
            wholeSessionsOf(principal).stream()
                .filter(session -> !except.contains(session.id()))
                .limit(step)
                .flatMap(session -> sound.delete(session.id()).stream())
                .toList();
        gone.forEach(deleted);
        return gone.size();
      }
    }
    for (int step : new int[] {100, 1_000}) {
      assertFails(() -> new EndingOneStep(step), "deleteByPrincipal_moreThanAStep_endsAll");
    }
  }

  @Test
  void deleteByPrincipal_thatSparesAThousand() {
    class SparingAThousand extends BrokenStore {
      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        Set<SessionId> some = Set.copyOf(except.stream().sorted().limit(1_000).toList());
        return super.deleteByPrincipal(principal, some, deleted);
      }
    }
    assertFails(SparingAThousand::new, "deleteByPrincipal_moreExceptedThanAStep_areSpared");
  }

  @Test
  void deleteByPrincipal_thatHandsOverOnAnotherThread() {
    class HandingOverElsewhere extends BrokenStore {
      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        return super.deleteByPrincipal(principal, except, gone -> elsewhere(deleted, gone));
      }

      @Override
      public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
        return super.deleteOldest(principal, keep, now, gone -> elsewhere(deleted, gone));
      }
    }
    assertFails(
        HandingOverElsewhere::new,
        "deleteByPrincipal_consumer_isCalledHereAndMayUseTheStore",
        "deleteOldest_handsOverHereWhatIsGoneAlready");
  }

  @Test
  void deleteByPrincipal_thatStopsAtAnError() {
    class StoppingAtAnError extends BrokenStore {
      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        List<StoredSession> gone = new ArrayList<>();
        int number = super.deleteByPrincipal(principal, except, gone::add);
        gone.forEach(deleted);
        return number;
      }
    }
    assertFails(
        StoppingAtAnError::new,
        "deleteByPrincipal_consumerThatThrows_isStillHandedTheOthers",
        "deleteByPrincipal_consumerThatThrowsAnError_isStillHandedTheOthersOfAllSteps");
  }

  @Test
  void deleteOldest_thatCountsTheExpired() {
    class CountingTheExpired extends BrokenStore {
      @Override
      public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
        return super.deleteOldest(principal, keep, Instant.EPOCH, deleted);
      }
    }
    assertFails(CountingTheExpired::new, "deleteOldest_expired_areNeitherCountedNorDeleted");
  }

  @Test
  void deleteOldest_thatKeepsOneMore() {
    class KeepingOneMore extends BrokenStore {
      @Override
      public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
        return super.deleteOldest(principal, keep == 1 ? 2 : keep, now, deleted);
      }
    }
    assertFails(
        KeepingOneMore::new,
        "deleteOldest_expired_areNeitherCountedNorDeleted",
        "deleteOldest_moreThanAStep_deletesAllButThese",
        "deleteOldest_handsOverHereWhatIsGoneAlready");
  }

  @Test
  void deleteOldest_thatDecidesOnceForAllSteps() {
    class DecidingOnce extends BrokenStore {
      @Override
      public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
        List<StoredSession> live =
            wholeSessionsOf(principal).stream()
                .filter(session -> !session.isExpiredAt(now))
                .sorted(
                    Comparator.comparing((StoredSession one) -> one.authenticatedAt().orElseThrow())
                        .thenComparing(StoredSession::id))
                .toList();
        int surplus = Math.max(0, live.size() - keep);
        int number = 0;
        for (int from = 0; from < surplus; from += 50) {
          List<StoredSession> step = new ArrayList<>();
          for (StoredSession old : live.subList(from, Math.min(surplus, from + 50))) {
            delete(old.id()).ifPresent(step::add);
          }
          number += step.size();
          step.forEach(deleted);
        }
        return number;
      }
    }
    assertFails(DecidingOnce::new, "deleteOldest_loggedInAgainDuringTheCall_isKept");
  }

  @Test
  void deleteOldest_ofTheFirstPageOnly() {
    class OfTheFirstPage extends BrokenStore {
      @Override
      public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
        List<StoredSession> live = super.findByPrincipal(principal, null, MAX_PAGE);
        live.removeIf(session -> session.isExpiredAt(now));
        live.sort(
            Comparator.comparing((StoredSession one) -> one.authenticatedAt().orElseThrow())
                .thenComparing(StoredSession::id));
        List<StoredSession> gone =
            live.subList(0, Math.max(0, live.size() - keep)).stream()
                .flatMap(session -> sound.delete(session.id()).stream())
                .toList();
        gone.forEach(deleted);
        return gone.size();
      }
    }
    assertFails(OfTheFirstPage::new, "deleteOldest_moreThanAStep_deletesAllButThese");
  }

  @Test
  void admit_thatEvictsAnyNumber() {
    assertLimitFails(
        () -> new CountingFirst(true),
        "admit_moreToEvictThanOneStepMay_changesNothingUntilTheSurplusIsGone");
  }

  @Test
  void deleteByPrincipal_thatSparesNone() {
    class SparingNone extends BrokenStore {
      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        return super.deleteByPrincipal(principal, Set.of(), deleted);
      }
    }
    assertFails(
        SparingNone::new,
        "deleteByPrincipal_excepted_isSpared",
        "deleteByPrincipal_manyExcepted_areSpared");
  }

  @Test
  void deleteByPrincipal_thatLooksFirst() {
    class LookingFirst extends BrokenStore {
      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        List<StoredSession> found = wholeSessionsOf(principal);
        window();
        found.forEach(session -> sound.delete(session.id()));
        found.forEach(deleted);
        return found.size();
      }
    }
    assertFails(
        LookingFirst::new,
        "deleteByPrincipal_byMany_handsEachSessionToOne",
        "deleteByPrincipalAgainstLogin_theIndexAgreesWithTheStore");
  }

  @Test
  void admit_thatCountsFirst() {
    assertLimitFails(
        () -> new CountingFirst(true),
        "admit_manyLoginsAtTheLimit_allAreStoredAndTheLimitHolds",
        "admit_manyLoginsAtTheLimit_asManyAsTheLimitAreStored");
  }

  @Test
  void admit_thatEvictsBeforeItKnows() {
    assertLimitFails(
        () -> new CountingFirst(true),
        "admit_staleVersion_conflictsAndEvictsNone",
        "admit_absent_conflictsAndEvictsNone",
        "admit_newWithAKnownId_throwsAndEvictsNone",
        "admitAgainstUpdate_oneOfThemWinsAndAConflictEvictsNone");
  }

  @Test
  void admit_thatEvictsAfterwards() {
    class EvictingAfterwards extends CountingFirst {
      EvictingAfterwards() {
        super(false);
      }

      @Override
      public synchronized Admission admit(
          StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
        return super.admit(session, isNew, limit, whenFull, now);
      }
    }
    assertLimitFails(
        EvictingAfterwards::new, "admit_manyLoginsAtTheLimit_allAreStoredAndTheLimitHolds");
  }

  @Test
  void admit_thatCountsTheExpired() {
    class CountingTheExpired extends BrokenStore {
      @Override
      public Admission admit(
          StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
        return super.admit(session, isNew, limit, whenFull, Instant.EPOCH);
      }
    }
    assertLimitFails(
        CountingTheExpired::new,
        "admit_expired_isNotCountedAndStays",
        "admit_expiredItself_conflictsAndEvictsNone");
  }

  @Test
  void admit_thatCountsItself() {
    class CountingItself extends BrokenStore {
      @Override
      public Admission admit(
          StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
        int others = isNew || limit == 1 ? limit : limit - 1;
        boolean known = find(session.id()).flatMap(StoredSession::principal).isPresent();
        if (known && wholeSessionsOf(session.principal().orElseThrow()).size() >= limit) {
          return new Admission(Outcome.REFUSED, List.of());
        }
        return super.admit(session, isNew, others, whenFull, now);
      }
    }
    assertLimitFails(CountingItself::new, "admit_ownSession_isNotCounted");
  }

  @Test
  void evictions_passedBeforeOrTwiceOrNotAtAll() {
    class Notifying extends BrokenStore {
      private final Evictions evictions;

      Notifying(UnaryOperator<Consumer<StoredSession>> notifying) {
        super(InMemorySessionStore.builder().maximumSessions(100).build());
        evictions =
            listener -> sound.evictions().orElseThrow().onEvicted(notifying.apply(listener));
      }

      @Override
      public Optional<Evictions> evictions() {
        return Optional.of(evictions);
      }
    }
    assertThat(
            evictionFailures(
                () -> new Notifying(listener -> listener.andThen(listener)),
                "onEvicted_eachEvictedSession_isPassedOnceAfterItIsGone",
                "insertsAtOnce_eachSessionIsStoredOrPassed"))
        .hasSize(2);
    assertThat(
            evictionFailures(
                () -> new Notifying(listener -> session -> {}),
                "onEvicted_eachEvictedSession_isPassedOnceAfterItIsGone"))
        .hasSize(1);
    assertThat(
            evictionFailures(
                () ->
                    new Notifying(
                        listener ->
                            session -> Race.among(List.of(() -> accept(listener, session)))),
                "onEvicted_onTheThreadThatMadeRoom"))
        .hasSize(1);
  }

  private static boolean accept(Consumer<StoredSession> listener, StoredSession session) {
    listener.accept(session);
    return true;
  }

  private static Set<String> evictionFailures(
      Supplier<? extends SessionStore> store, String... tests) {
    return ContractRun.failuresOfWrong(ContractRun.OfEvictions.class, store, Set.of(tests));
  }

  private static void assertFails(Supplier<? extends SessionStore> store, String... tests) {
    assertThat(ContractRun.failuresOfWrong(ContractRun.OfStore.class, store, Set.of(tests)))
        .as("the tests that fail")
        .containsExactlyInAnyOrder(tests);
  }

  private static void assertLimitFails(Supplier<? extends SessionStore> store, String... tests) {
    assertThat(ContractRun.failuresOfWrong(ContractRun.OfStore.class, store, Set.of(tests)))
        .as("the tests that fail")
        .containsExactlyInAnyOrder(tests);
  }

  /** A store that takes some principals for equal. */
  private static SessionStore folding(UnaryOperator<String> fold) {
    return new BrokenStore() {
      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        List<StoredSession> found = new ArrayList<>();
        for (SessionId id : ids) {
          find(id)
              .filter(
                  session ->
                      session.principal().map(fold).equals(Optional.of(fold.apply(principal))))
              .ifPresent(found::add);
        }
        return page(found, after, limit);
      }
    };
  }

  /** Counts, decides and then acts, in steps between which other calls can come. */
  private static class CountingFirst extends BrokenStore {

    private final boolean evictsFirst;

    CountingFirst(boolean evictsFirst) {
      this.evictsFirst = evictsFirst;
    }

    @Override
    public Admission admit(
        StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
      List<StoredSession> others = wholeSessionsOf(session.principal().orElseThrow());
      others.removeIf(other -> other.id().equals(session.id()) || other.isExpiredAt(now));
      others.sort(
          Comparator.comparing((StoredSession other) -> other.authenticatedAt().orElseThrow())
              .thenComparing(StoredSession::id));
      int excess = Math.max(0, others.size() - limit + 1);
      if (excess > 0 && whenFull == WhenFull.REFUSE_NEWCOMER) {
        return new Admission(Outcome.REFUSED, List.of());
      }
      window();
      List<StoredSession> evicted = new ArrayList<>();
      if (evictsFirst) {
        others.subList(0, excess).forEach(other -> delete(other.id()).ifPresent(evicted::add));
      }
      if (isNew) {
        insert(session);
      } else if (!update(session, now)) {
        return new Admission(Outcome.CONFLICT, List.of());
      }
      window();
      if (!evictsFirst) {
        others.subList(0, excess).forEach(other -> delete(other.id()).ifPresent(evicted::add));
      }
      return new Admission(Outcome.STORED, evicted);
    }
  }
}
