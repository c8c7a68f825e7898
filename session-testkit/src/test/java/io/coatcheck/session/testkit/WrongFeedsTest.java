package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract finds each wrong feed out, by the tests whose names say what is wrong. */
class WrongFeedsTest {

  private static Set<String> tests(FeedFault fault) {
    return switch (fault) {
      case FORGETS_GAPS ->
          Set.of(
              "changesByManyWriters_areReportedBeforeTheFeedIsComplete",
              "changesInLongTransactions_areReportedBeforeTheFeedIsComplete");
      case BEGINS_AT_THE_END_OF_THE_LOG ->
          Set.of("subscriptionWhileChangesAreUnderWay_discardsCopies");
      case REPORTS_BEFORE_THE_CHANGE, REPORTS_ITS_OWN_CHANGES_TOO_EARLY ->
          Set.of(
              "changed_isNotCalledBeforeTheChangeIsVisible",
              "changed_ofALogin_isNotCalledBeforeItIsVisible");
      case REPORTS_THE_END_OF_A_GENERATION_TOO_EARLY ->
          Set.of("changed_isNotCalledBeforeTheChangeIsVisible");
      case REPORTS_DELETIONS_BY_PRINCIPAL_TOO_EARLY ->
          Set.of("changed_ofARevocation_isNotCalledBeforeItIsVisible");
      case REPORTS_EVICTIONS_BY_A_LIMIT_TOO_EARLY ->
          Set.of("changed_ofALogin_isNotCalledBeforeItIsVisible");
      case TAKES_THE_TIME_AFTER_THE_QUERY ->
          Set.of("changesByManyWriters_areReportedBeforeTheFeedIsComplete");
      case TAKES_THE_TIME_OF_ANOTHER_MACHINE ->
          Set.of(
              "completeUpTo_movesForward_andIsNeverInTheFuture",
              "changesByManyWriters_areReportedBeforeTheFeedIsComplete");
      case IGNORES_EVICTIONS_BY_A_LIMIT -> Set.of("admit_reportsWhatItEvicted");
      case IGNORES_EVICTIONS_FOR_LACK_OF_ROOM -> Set.of("eviction_isReported");
      case IGNORES_DELETIONS_BY_PRINCIPAL ->
          Set.of("deleteByPrincipal_isReported", "deleteOldest_isReported");
      case IGNORES_DELETIONS_WITHOUT_ATTRIBUTES ->
          Set.of("deletionsByPrincipal_withoutAttributes_areReported");
      case IGNORES_DELETIONS_THAT_A_CONSUMER_FAILS_AT ->
          Set.of("deletionsByPrincipal_withAConsumerThatThrows_areReported");
      case IGNORES_DELETIONS_OF_WHAT_IT_CANNOT_READ ->
          Set.of("delete_unreadable_isReported", "deleteByPrincipal_unreadable_isReported");
      case ENDS_WITH_A_LISTENER_THAT_FAILS -> Set.of("listenerThatAlwaysThrows_endsNothing");
      case ENDS_WITHOUT_LISTENERS, BEGINS_AGAIN_AT_THE_END_OF_THE_LOG ->
          Set.of("subscribeAgain_whenNoListenerWasLeft_reportsWhatChangesFromThenOn");
      case WAITS_FOR_A_LISTENER_TO_RETURN ->
          Set.of("close_byTheListenerItself_endsItsCallsAndNoOthers");
      case CLOSES_ALL_SUBSCRIPTIONS_OF_A_LISTENER ->
          Set.of("close_ofOneOfTwoSubscriptionsOfAListener_leavesTheOther");
      case REPORTS_EACH_SESSION_ONCE, IS_COMPLETE_BEFORE_IT_REPORTS ->
          Set.of("changesByManyWriters_areReportedBeforeTheFeedIsComplete");
      case HAS_A_NEGATIVE_INTERVAL -> Set.of("interval_isNotNegative");
      case ENDS_AT_AN_OUTAGE, LOSES_CHANGES_IN_AN_OUTAGE ->
          Set.of("changesAfterAnOutage_areReportedBeforeTheFeedIsComplete");
      case IGNORES_NEW_SECRETS -> Set.of("update_withANewSecret_isReported");
      case IGNORES_UPDATES -> Set.of("update_isReported");
      case IGNORES_ITS_OWN_CHANGES, IGNORES_CHANGES_OF_OTHERS ->
          Set.of("update_isReported", "delete_isReported");
      case NEVER_SAYS_THAT_IT_MISSED_CHANGES ->
          Set.of("changesForgottenWhileTheReaderIsPaused_areMissed");
      case IGNORES_EXCEPTIONS_OF_LISTENERS -> Set.of("listenerThatThrows_hasMissedChanges");
      case CALLS_CLOSED_SUBSCRIPTIONS -> Set.of("close_endsTheCalls");
      case CALLS_LISTENERS_UNDER_ITS_LOCK -> Set.of("changed_isCalledUnderNoLock");
      case CALLS_LISTENERS_ON_THE_WRITERS_THREADS -> Set.of("calls_neverOverlap");
      case IS_COMPLETE_DURING_AN_OUTAGE -> Set.of("backendFails_feedIsNotComplete");
      case STOPS_AT_A_CHANGE_THAT_WAS_UNDONE ->
          Set.of("changesBesideLoginsThatFail_areReportedBeforeTheFeedIsComplete");
      case SKIPS_A_BACKLOG -> Set.of("changesWhileTheReaderIsPaused_areReportedAfterwards");
      case ACCEPTS_SUBSCRIPTIONS_WHEN_CLOSED -> Set.of("subscribe_afterClose_fails");
      case IS_ANOTHER_ONE_EACH_TIME -> Set.of("changeFeed_isTheSameEachTime");
      case IS_ABSENT -> Set.of("changeFeed_isPresent");
      case IS_SILENT_WITHOUT_CHANGES -> Set.of("completeUpTo_withoutChanges_goesOn");
    };
  }

  @ParameterizedTest
  @EnumSource(FeedFault.class)
  void wrongFeed_failsTheTestsOfItsFault(FeedFault fault) {
    assertThat(
            ContractRun.failuresOfWrong(
                ContractRun.OfWrongFeed.class, () -> FeedNode.with(fault), tests(fault)))
        .as("the tests that fail")
        .isEqualTo(tests(fault));
  }

  @Test
  void soundFeed_passesAll() {
    ContractRun.Report report = ContractRun.reportOfFeed(FeedNode::sound);
    assertThat(report.failures).isEmpty();
    assertThat(report.skipped).isEmpty();
    assertThat(report.passed)
        .as("the tests of the contract, each of which a wrong feed fails")
        .isEqualTo(
            Stream.of(FeedFault.values())
                .flatMap(fault -> tests(fault).stream())
                .collect(Collectors.toSet()));
  }
}
