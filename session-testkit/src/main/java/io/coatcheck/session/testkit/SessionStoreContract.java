package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestClassOrder;

/**
 * The contract of a {@link SessionStore} and of all its capabilities: a test for every sentence of
 * their documentation that can be tested. Extend it, and define how to create a store and another
 * node:
 *
 * <pre>{@code
 * class MySessionStoreTest extends SessionStoreContract {
 *   @Override
 *   protected SessionStore createStore() {
 *     return new MySessionStore(emptyDatabase());
 *   }
 *
 *   @Override
 *   protected SessionStore createOtherNode(SessionStore store) {
 *     return new MySessionStore(sameDatabase());
 *   }
 * }
 * }</pre>
 *
 * <p>The contract asks the store which capabilities it has. The tests of a missing capability are
 * reported as skipped, with the reason; so are those of failures, of left-over data and of
 * unreadable sessions, unless {@link #breakBackend()}, {@link #assertEmpty()} and {@link
 * #overwrite} are overridden. A store that evicts must override {@link #createSmallStore}.
 *
 * <p>The parts run in order, the simplest first and races last, so fix the first failure first. A
 * failure begins with the broken sentence, and names the part of the session that differs. The
 * times in the tests are fixed; no test waits for a clock.
 *
 * <p>Not testable here: whether a client resends a write, whether waits are bounded, what survives
 * a crash or a failover, and whether a limit holds only within one process.
 *
 * @since 0.1.0
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
public abstract class SessionStoreContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected SessionStoreContract() {}

  /** What insert stores, find returns. */
  @Nested
  @Order(1)
  class WhenInserting extends Inserting {
    WhenInserting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** An update replaces what it was made from, or nothing. */
  @Nested
  @Order(2)
  class WhenUpdating extends Updating {
    WhenUpdating() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A touch moves the last-seen moment forward. */
  @Nested
  @Order(3)
  class WhenTouching extends Touching {
    WhenTouching() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A delete ends any session, once. */
  @Nested
  @Order(4)
  class WhenDeleting extends Deleting {
    WhenDeleting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A clean-up ends what is expired, and nothing else. */
  @Nested
  @Order(5)
  class WhenExpiring extends Expiring {
    WhenExpiring() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Moments and versions have bounds. */
  @Nested
  @Order(6)
  class AtTheBounds extends MeetingBounds {
    AtTheBounds() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** The store as a whole: what it owns, what it offers, and its end. */
  @Nested
  @Order(7)
  class AsAWhole extends Owning {
    AsAWhole() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** An interrupt is a failure like any other, or no failure. */
  @Nested
  @Order(7)
  class WhenInterrupted extends BeingInterrupted {
    WhenInterrupted() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Sessions do not depend on the node. */
  @Nested
  @Order(7)
  class WhereverItRuns extends StayingTheSame {
    WhereverItRuns() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** The index agrees with what the store holds. */
  @Nested
  @Order(8)
  class WhenListing extends Listing {
    WhenListing() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Sessions of a principal end together. */
  @Nested
  @Order(9)
  class WhenDeletingByPrincipal extends DeletingByPrincipal {
    WhenDeletingByPrincipal() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** The surplus of a principal ends. */
  @Nested
  @Order(10)
  class WhenDeletingOldest extends DeletingOldest {
    WhenDeletingOldest() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A login is stored within a limit. */
  @Nested
  @Order(11)
  class WhenAdmitting extends Admitting {
    WhenAdmitting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A login that cannot be stored ends no session. */
  @Nested
  @Order(12)
  class WhenNotAdmitting extends NotAdmitting {
    WhenNotAdmitting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** What one node began, every other ends. */
  @Nested
  @Order(12)
  class WhenBegunElsewhere extends EndingOnOtherNodes {
    WhenBegunElsewhere() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Stamps of many sessions agree with what the store holds. */
  @Nested
  @Order(13)
  class WhenLookingAtMany extends LookingAtMany {
    WhenLookingAtMany() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Each touch of a batch has the effect of a single one. */
  @Nested
  @Order(14)
  class WhenTouchingMany extends TouchingMany {
    WhenTouchingMany() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A full store evicts, and reports what it evicted. */
  @Nested
  @Order(15)
  class WhenEvicting extends Evicting {
    WhenEvicting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** What changes is reported to every node. */
  @Nested
  @Order(16)
  class WhenReportingChanges extends ReportingChanges {
    WhenReportingChanges() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** No listener disturbs another. */
  @Nested
  @Order(16)
  class WhenNotifyingListeners extends NotifyingListeners {
    WhenNotifyingListeners() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** What is loaded after a report shows the change. */
  @Nested
  @Order(16)
  class WhenReportingNotTooEarly extends ReportingNotTooEarly {
    WhenReportingNotTooEarly() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Requests of one process share a session. */
  @Nested
  @Order(17)
  class WhenSharingLive extends SharingLive {
    WhenSharingLive() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Each failure of the backend is a SessionStoreException. */
  @Nested
  @Order(18)
  class WhenItFails extends Failing {
    WhenItFails() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A session that cannot be read stops nothing. */
  @Nested
  @Order(18)
  class WhenNotReading extends NotReading {
    WhenNotReading() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** What has ended leaves nothing. */
  @Nested
  @Order(19)
  class WhenAllHasEnded extends LeavingNothing {
    WhenAllHasEnded() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Operations that meet behave as if one had come before the other. */
  @Nested
  @Order(20)
  class WhenRacing extends Racing {
    WhenRacing() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** The index agrees with the store at every moment. */
  @Nested
  @Order(21)
  class WhenListingInARace extends ListingInARace {
    WhenListingInARace() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A batch of touches undoes nothing. */
  @Nested
  @Order(22)
  class WhenTouchingManyInARace extends TouchingManyInARace {
    WhenTouchingManyInARace() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** The limit holds whatever else happens. */
  @Nested
  @Order(23)
  class WhenAdmittingAtOnce extends AdmittingAtOnce {
    WhenAdmittingAtOnce() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** No change is left out, however many threads change sessions at once. */
  @Nested
  @Order(24)
  class WhenReportingChangesInARace extends ReportingChangesInARace {
    WhenReportingChangesInARace() {
      super(SessionStoreContract.this::nodes);
    }
  }
}
