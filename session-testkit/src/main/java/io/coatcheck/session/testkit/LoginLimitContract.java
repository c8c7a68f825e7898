package io.coatcheck.session.testkit;

import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

/**
 * The contract of a store's {@link LoginLimit}: a test for every sentence of its documentation.
 * Extended like {@link SessionStoreContract}, by a store whose {@link SessionStore#loginLimit()}
 * and {@link SessionStore#principalIndex()} are present.
 *
 * @since 0.1.0
 */
public abstract class LoginLimitContract {

  private SessionStore store;
  private SessionStore other;

  /** Makes the contract; a test class has nothing to hand over. */
  protected LoginLimitContract() {}

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

  /** A login is stored within a limit. */
  @Nested
  class WhenAdmitting extends Admitting {
    WhenAdmitting() {
      super(LoginLimitContract.this::nodes);
    }
  }

  /** The limit holds whatever else happens. */
  @Nested
  class WhenAdmittingAtOnce extends AdmittingAtOnce {
    WhenAdmittingAtOnce() {
      super(LoginLimitContract.this::nodes);
    }
  }
}
