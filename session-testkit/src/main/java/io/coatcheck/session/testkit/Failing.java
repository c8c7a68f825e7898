package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** How a store fails when its backend fails. */
abstract class Failing extends ContractPart {

  Failing(Supplier<Nodes> nodes) {
    super(nodes);
  }

  /** If it broke, an outage would be answered with 500 and an error page, and not with 503. */
  @Test
  @Sentence("as every other failure of the backend is; no exception of a driver is passed on.")
  void backendFails_everyOperation_throwsSessionStoreException() throws Exception {
    StoredSession session = insert(SampleSessions.authenticated("alice", NOW));
    Operations operations = new Operations(store(), session, NOW);
    Operations ofOther = new Operations(otherNode(), session, NOW);
    author().breakBackend();
    operations.assertAllFail("when the backend fails");
    ofOther.assertAllFail("when the backend fails, on the other node");
  }

  @Test
  @Sentence("Releases what the store opened itself")
  void backendFails_close_doesNotThrow() throws Exception {
    insert(SampleSessions.authenticated("alice", NOW));
    SessionStore store = store();
    author().breakBackend();
    assertThatCode(store::close).as("close, when the backend fails").doesNotThrowAnyException();
  }
}
