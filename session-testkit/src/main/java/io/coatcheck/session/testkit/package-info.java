/**
 * The contract of a session store, and tools for tests of stores and applications.
 *
 * <ul>
 *   <li><b>The contract</b>: the author of a store extends {@link SessionStoreContract}, which
 *       tests each capability that the store has, and the author of a decorator {@link
 *       DecoratorContract}. {@link PrincipalIndexContract}, {@link LoginLimitContract}, {@link
 *       BatchLookupContract}, {@link BatchTouchContract}, {@link ChangeFeedContract}, {@link
 *       EvictionsContract} and {@link LiveSessionsContract} test one capability alone.
 *   <li><b>Tools</b>: {@link MutableClock}, {@link SampleSessions}, {@link FaultyStore}, {@link
 *       InProcessChangeFeed}, and {@link AllowListRecorder} for the tests of an application.
 *   <li><b>The parts of the contract</b> share {@code StoreUnderTest}, {@code ContractPart}, {@code
 *       IndexPart}, {@code LimitPart} and {@code FeedPart}. The store itself: {@code Inserting},
 *       {@code Updating}, {@code Touching}, {@code Deleting}, {@code Expiring}, {@code Owning},
 *       {@code MeetingBounds}, {@code Failing}, {@code Racing}, {@code StayingTheSame}, {@code
 *       NotReading}, {@code BeingInterrupted} and {@code LeavingNothing}. By principal: {@code
 *       Listing}, {@code ListingInARace}, {@code DeletingByPrincipal}, {@code DeletingOldest},
 *       {@code Admitting}, {@code AdmittingAtOnce}, {@code NotAdmitting} and {@code
 *       EndingOnOtherNodes}. The other capabilities: {@code LookingAtMany}, {@code TouchingMany},
 *       {@code TouchingManyInARace}, {@code ReportingChanges}, {@code ReportingNotTooEarly}, {@code
 *       NotifyingListeners}, {@code ReportingChangesInARace}, {@code Evicting} and {@code
 *       SharingLive}.
 *   <li><b>Helpers of the parts</b>: {@code Sentence} is the sentence of the specification that a
 *       test covers, and {@code FailureReport} names it in a failure. {@code SessionDifferences}
 *       shows how sessions differ, {@code Specimen} is every kind of session, {@code Activity}
 *       every way to see one again, {@code Operations} every operation, {@code Race} begins calls
 *       together, {@code JustInTime} makes calls shortly before a deadline, {@code ChangeJournal}
 *       and {@code RecordingProxy} record calls, {@code MadeChanges} records changes, and a {@code
 *       ThrowingConsumer} fails for each session.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.testkit;

import org.jspecify.annotations.NullMarked;
