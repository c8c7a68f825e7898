package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;

/**
 * The methods that the author of a store provides to a contract, and the stores that are opened and
 * closed for each test.
 */
abstract class StoreUnderTest {

  /** Far longer than any store or feed takes unless it is blocked, even on a busy machine. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private @Nullable SessionStore store;
  private @Nullable SessionStore other;

  StoreUnderTest() {}

  /** Returns how long a test waits before it fails; less for a store that must fail. */
  Duration patience() {
    return PATIENCE;
  }

  /**
   * Creates a store without any session, on a working backend. Called before each test, which
   * closes the store.
   */
  protected abstract SessionStore createStore() throws Exception;

  /**
   * Creates another store on the same sessions, as another process of the same application would
   * have it: with its own client, and without sharing anything in memory. For a store that no other
   * process can reach, return the store itself; the sentences about other nodes are then not
   * tested. Called after {@link #createStore()} in each test, which closes it. One test calls it
   * again, for a node that starts later.
   */
  protected abstract SessionStore createOtherNode(SessionStore store) throws Exception;

  /**
   * Makes the backend of both nodes fail from now on, as an outage would: stops the server, closes
   * the pool or cuts the network. It must work again for the next {@link #createStore()}. Default:
   * the tests of failures are reported as skipped.
   */
  protected void breakBackend() throws Exception {
    Assumptions.abort("Not tested: breakBackend() is not overridden");
  }

  /**
   * Makes the backend work again after {@link #breakBackend()}, for the same two stores, whose
   * connections were cut. It may have lost its data. Default: the test of a feed after an outage is
   * reported as skipped.
   */
  protected void restoreBackend() throws Exception {
    Assumptions.abort("Not tested: restoreBackend() is not overridden");
  }

  /**
   * Fails if the backend holds anything that belongs to a session: rows, keys, entries of an index.
   * Called when all sessions have ended, while the store is open. Default: the tests of left-over
   * data are reported as skipped.
   */
  protected void assertEmpty() throws Exception {
    Assumptions.abort("Not tested: assertEmpty() is not overridden");
  }

  /**
   * Makes the backend forget all changes that were made so far, as it does some time after each, so
   * that a feed which has not read them cannot report them. Called while the feed of one node is
   * paused. Default: the test of missed changes is reported as skipped.
   */
  protected void forgetChanges() throws Exception {
    Assumptions.abort("Not tested: forgetChanges() is not overridden");
  }

  /**
   * Replaces the bytes of a stored session directly in the backend. For a store that keeps the
   * bytes of {@link io.coatcheck.session.store.StoredSessionCodec}: the tests pass damaged bytes,
   * and bytes in the format of a newer release. Called after an insert. Default: the tests of
   * sessions that cannot be read are reported as skipped.
   */
  protected void overwrite(SessionId id, byte[] bytes) throws Exception {
    Assumptions.abort("Not tested: overwrite(SessionId, byte[]) is not overridden");
  }

  /**
   * Creates a store without any session that holds about {@code capacity} sessions, and never ten
   * times as many. Called for a store that has {@link SessionStore#evictions()}; the test closes
   * it. Default: the tests of evictions fail, since they cannot fill a store of unknown size.
   */
  protected SessionStore createSmallStore(int capacity) throws Exception {
    throw new AssertionError("The store has Evictions: override createSmallStore(int) to test it");
  }

  /** Opens the stores under test. */
  @BeforeEach
  final void openStore() throws Exception {
    store = createStore();
    other = createOtherNode(store);
  }

  /** Closes the stores under test. */
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
