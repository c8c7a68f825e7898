package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;

/**
 * The part of {@link SessionStoreContract} for a store's {@link ChangeFeed}, which can be run
 * alone. A store whose {@link SessionStore#changeFeed()} is empty fails.
 *
 * @since 0.1.0
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
public abstract class ChangeFeedContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected ChangeFeedContract() {}

  @Test
  void changeFeed_isPresent() {
    assertThat(nodes().store().changeFeed()).as("the store's ChangeFeed").isPresent();
  }

  /** What changes is reported to every node. */
  @Nested
  @Order(1)
  class WhenReportingChanges extends ReportingChanges {
    WhenReportingChanges() {
      super(ChangeFeedContract.this::nodes);
    }
  }

  /** No listener disturbs another. */
  @Nested
  @Order(1)
  class WhenNotifyingListeners extends NotifyingListeners {
    WhenNotifyingListeners() {
      super(ChangeFeedContract.this::nodes);
    }
  }

  /** What is loaded after a report shows the change. */
  @Nested
  @Order(1)
  class WhenReportingNotTooEarly extends ReportingNotTooEarly {
    WhenReportingNotTooEarly() {
      super(ChangeFeedContract.this::nodes);
    }
  }

  /** No change is left out, however many threads change sessions at once. */
  @Nested
  @Order(2)
  class WhenReportingChangesInARace extends ReportingChangesInARace {
    WhenReportingChangesInARace() {
      super(ChangeFeedContract.this::nodes);
    }
  }
}
