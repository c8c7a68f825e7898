package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

/**
 * The contract of a {@link SessionStore}: a test for every sentence of its documentation. Extend it
 * and override {@link #createStore()}:
 *
 * <pre>{@code
 * class MySessionStoreTest extends SessionStoreContract {
 *   @Override
 *   protected SessionStore createStore() {
 *     return new MySessionStore(emptyDatabase());
 *   }
 * }
 * }</pre>
 *
 * <p>A store with an index extends {@link PrincipalIndexContract} too, one that evicts {@link
 * EvictionsContract}. The times in the tests are made up; nothing here waits for a clock.
 *
 * @since 0.1.0
 */
public abstract class SessionStoreContract {

  private SessionStore store;
  private SessionStore other;

  /** Makes the contract; a test class has nothing to hand over. */
  protected SessionStoreContract() {}

  /** Makes a store without any session. Called before each test, which closes the store. */
  protected abstract SessionStore createStore();

  /**
   * Makes another handle on the sessions of a store, as another process of the same application
   * would have it. Called after {@link #createStore()} in each test, which closes it. Default: the
   * store itself, for a store that no other process can reach.
   */
  protected SessionStore createOtherNode(SessionStore store) {
    return store;
  }

  /** Opens what the test is about. */
  @BeforeEach
  final void openStore() {
    store = createStore();
    other = createOtherNode(store);
  }

  /** Closes what the test was about. */
  @AfterEach
  final void closeStore() {
    other.close();
    store.close();
  }

  private ContractPart.Nodes nodes() {
    return new ContractPart.Nodes(store, other);
  }

  /** What insert stores, find returns. */
  @Nested
  class WhenInserting extends Inserting {
    WhenInserting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** An update replaces what it was made from, or nothing. */
  @Nested
  class WhenUpdating extends Updating {
    WhenUpdating() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A touch moves the last-seen moment forward. */
  @Nested
  class WhenTouching extends Touching {
    WhenTouching() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A delete ends any session, once. */
  @Nested
  class WhenDeleting extends Deleting {
    WhenDeleting() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** A clean-up ends what is expired, and nothing else. */
  @Nested
  class WhenExpiring extends Expiring {
    WhenExpiring() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Operations that meet behave as if one had come before the other. */
  @Nested
  class WhenRacing extends Racing {
    WhenRacing() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** Moments and versions have bounds. */
  @Nested
  class AtTheBounds extends MeetingBounds {
    AtTheBounds() {
      super(SessionStoreContract.this::nodes);
    }
  }

  /** The store as a whole: what it owns, what it offers, and its end. */
  @Nested
  class AsAWhole extends Owning {
    AsAWhole() {
      super(SessionStoreContract.this::nodes);
    }
  }
}
