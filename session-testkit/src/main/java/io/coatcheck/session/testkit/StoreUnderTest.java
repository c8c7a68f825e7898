package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;

/** What the author of a store gives to a contract, and what is opened and closed for each test. */
abstract class StoreUnderTest {

  private @Nullable SessionStore store;
  private @Nullable SessionStore other;

  StoreUnderTest() {}

  /**
   * Makes a store without any session, on a backend that works. Called before each test, which
   * closes the store.
   */
  protected abstract SessionStore createStore() throws Exception;

  /**
   * Makes another store on the sessions of the store, as another process of the same application
   * would have it: with a client of its own, and without anything that the two share in memory. A
   * store that no other process can reach returns the store itself; what is said of other nodes is
   * then not tested. Called after {@link #createStore()} in each test, which closes it.
   */
  protected abstract SessionStore createOtherNode(SessionStore store) throws Exception;

  /**
   * Makes the backend of both nodes fail from now on, as an outage would: stops the server, closes
   * the pool or cuts the network. The next {@link #createStore()} finds it in order again. Default:
   * the tests of failures are skipped, and say so.
   */
  protected void breakBackend() throws Exception {
    Assumptions.abort("Not tested: breakBackend() is not overridden");
  }

  /**
   * Fails if the backend holds anything that belongs to a session: rows, keys, entries of an index.
   * Called when all sessions have ended, while the store is open. Default: the tests of what is
   * left over are skipped, and say so.
   */
  protected void assertEmpty() throws Exception {
    Assumptions.abort("Not tested: assertEmpty() is not overridden");
  }

  /** Opens what the test is about. */
  @BeforeEach
  final void openStore() throws Exception {
    store = createStore();
    other = createOtherNode(store);
  }

  /** Closes what the test was about. */
  @AfterEach
  final void closeStore() {
    try {
      if (other != null) {
        other.close();
      }
    } finally {
      if (store != null) {
        store.close();
      }
    }
  }

  final ContractPart.Nodes nodes() {
    if (store == null || other == null) {
      throw new IllegalStateException("the store is open during a test only");
    }
    return new ContractPart.Nodes(store, other, this);
  }
}
