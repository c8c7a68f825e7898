package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the author of a store reads in the report of a run. */
class ContractReportTest {

  private static final String FOUND = "insert_anySession_isFoundWithAllItsParts";

  @Test
  void failure_namesTheSentenceTheSampleAndThePart() {
    class LosingTheFence extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        super.insert(session.fence() == 5 ? session.toBuilder().fence(0).build() : session);
      }
    }
    assertThat(ContractRun.report(LosingTheFence::new, Set.of(FOUND)).failures.get(FOUND))
        .startsWith(
            "Broken: SessionStore says \"Stores a new session, as given, its version included.\"")
        .containsPattern("With: .*(COMPLETE|EXPIRED|FROM|UNTIL|LONGEST|EMPTY)")
        .contains("fence: expected 5 but was 0");
  }

  @Test
  void failure_ofAnAttribute_namesItAndItsLength() {
    class LosingEmptyValues extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        Map<String, AttributeValue> attributes = new HashMap<>(session.attributes());
        attributes.values().removeIf(value -> value.bytes().length == 0);
        super.insert(session.toBuilder().attributes(attributes).build());
      }
    }
    assertThat(ContractRun.report(LosingEmptyValues::new, Set.of(FOUND)).failures.get(FOUND))
        .contains("attribute 'empty': expected 0 bytes")
        .contains("but was absent");
  }

  /** One of a thousand is missing: the others are not listed, neither once nor twice. */
  @Test
  void failure_ofManySessions_listsFewOfThem() {
    String many = "touchAll_asManyAsAllowed_areAllTouched";
    class LeavingOneOut extends BrokenStore {
      @Override
      public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
        Set<SessionId> touched = super.touchAll(lastSeenAt, now);
        touched.remove(touched.iterator().next());
        return touched;
      }
    }
    ContractRun.Report report = ContractRun.report(LeavingOneOut::new, Set.of(many));
    assertThat(report.failures.get(many))
        .contains("Expected size: 1000 but was: 999 in:")
        .containsPattern("    and 99\\d more")
        .hasLineCount(10);
    assertThat(report.thrown.get(many)).hasNoCause();
  }

  /** A map is one line, however many entries it has. */
  @Test
  void failure_ofALongLine_endsWithItsLength() {
    String many = "touchAll_asManyAsAllowed_areAllTouched";
    class Quoting extends BrokenStore {
      @Override
      public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
        throw new IllegalStateException(lastSeenAt.toString());
      }
    }
    ContractRun.Report report = ContractRun.report(Quoting::new, Set.of(many));
    assertThat(report.failures.get(many)).containsPattern("\\.\\.\\. of \\d{5} characters$");
    assertThat(report.failures.get(many)).hasSizeLessThan(1_000);
    assertThat(report.thrown.get(many)).hasCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void failure_ofManyDifferences_saysHowManyMore() {
    String all = "findByPrincipal_many_returnsAll";
    class EndingAfterAPage extends BrokenStore {
      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int limit) {
        return after == null ? super.findByPrincipal(principal, null, limit) : List.of();
      }
    }
    assertThat(ContractRun.report(EndingAfterAPage::new, Set.of(all)).failures.get(all))
        .containsPattern("  missing: StoredSession\\[.*\\n  and \\d+ more$");
  }

  @Test
  void failure_ofACombination_namesTheParts() {
    String kinds = "insert_everyCombinationOfOptionalParts_isFoundWithAllItsParts";
    class LosingTheClient extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        super.insert(session.toBuilder().userAgent(null).build());
      }
    }
    assertThat(ContractRun.report(LosingTheClient::new, Set.of(kinds)).failures.get(kinds))
        .contains("a session with userAgent")
        .contains("userAgent: expected 'Mozilla/5.0 (X11; Linux x86_64)' but was absent");
  }

  @Test
  void exceptionOfTheStore_namesTheSentenceToo() {
    class Failing extends BrokenStore {
      @Override
      public void insert(StoredSession session) {
        throw new UnsupportedOperationException("not yet");
      }
    }
    assertThat(ContractRun.report(Failing::new, Set.of(FOUND)).failures.get(FOUND))
        .startsWith("Broken: SessionStore says")
        .contains("UnsupportedOperationException: not yet");
  }

  @Test
  void missingCapability_isSkippedWithTheReason_andNeverPassed() {
    class WithSixMethods extends BrokenStore {
      @Override
      public Optional<PrincipalIndex> principalIndex() {
        return Optional.empty();
      }

      @Override
      public Optional<LoginLimit> loginLimit() {
        return Optional.empty();
      }

      @Override
      public Optional<BatchLookup> batchLookup() {
        return Optional.empty();
      }

      @Override
      public Optional<BatchTouch> batchTouch() {
        return Optional.empty();
      }

      @Override
      public Optional<Evictions> evictions() {
        return Optional.empty();
      }
    }
    Set<String> names =
        Set.of(
            "findByPrincipal_none_isEmpty",
            "deleteByPrincipal_leavesNothing",
            "admit_largestLimit_stores",
            "stamps_ofNothing_isEmpty",
            "touchAll_ofNothing_doesNothing",
            "touchAll_againstTheOppositeOrder_neverFails",
            "onEvicted_lastSnapshot_isPassed",
            "get_unknown_isNull",
            "anotherNodesChanges_areSeenAtOnce",
            "find_absent_isEmpty");
    ContractRun.Report report = ContractRun.report(WithSixMethods::new, names);
    assertThat(report.failures).isEmpty();
    assertThat(report.passed).containsExactly("find_absent_isEmpty");
    assertThat(report.skipped).hasSize(names.size() - 1);
    assertThat(report.skipped.get("admit_largestLimit_stores"))
        .contains("Not tested: the store has no PrincipalIndex");
    assertThat(report.skipped.get("stamps_ofNothing_isEmpty"))
        .contains("Not tested: the store has no BatchLookup");
    assertThat(report.skipped.get("onEvicted_lastSnapshot_isPassed"))
        .contains("Not tested: the store has no Evictions");
    assertThat(report.skipped.get("get_unknown_isNull"))
        .contains("Not tested: the store has no LiveSessions");
    assertThat(report.skipped.get("anotherNodesChanges_areSeenAtOnce"))
        .contains("Not tested: createOtherNode()");
  }

  /** Its answers are right: a session that expires while a call waits has expired. */
  @Test
  void storeThatIsAlwaysLate_isSkippedWithTheReason() {
    class Slow extends BrokenStore {
      @Override
      public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(70));
        return super.touch(id, lastSeenAt, now.plusMillis(60));
      }
    }
    ContractRun.Report report =
        ContractRun.report(Slow::new, Set.of("touch_movesTheExpiry", "find_absent_isEmpty"));
    assertThat(report.failures).isEmpty();
    assertThat(report.passed).containsExactly("find_absent_isEmpty");
    assertThat(report.skipped.get("touch_movesTheExpiry"))
        .contains("Not tested: each of 20 calls shortly before a deadline took PT0.05S");
  }

  @Test
  void parts_runFromInsertToRace() {
    Set<String> names =
        Set.of(
            "updatesOfOneVersion_oneOfThemWins",
            "admitAcrossPrincipals_neitherBlocks",
            "admit_largestLimit_stores",
            "delete_absent_isEmpty",
            "update_absent_neverCreates",
            "find_absent_isEmpty");
    ContractRun.Report report = ContractRun.report(BrokenStore::new, names);
    assertThat(report.passed).isEqualTo(names);
    assertThat(report.parts)
        .containsExactly(
            "OfStore",
            "WhenInserting",
            "WhenUpdating",
            "WhenDeleting",
            "WhenAdmitting",
            "WhenRacing",
            "WhenAdmittingAtOnce");
  }
}
