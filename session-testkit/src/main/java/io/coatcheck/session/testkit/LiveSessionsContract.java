package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * The part of {@link SessionStoreContract} for a store's {@link LiveSessions}, which can be run
 * alone. A store whose {@link SessionStore#liveSessions()} is empty fails.
 *
 * @since 0.1.0
 */
public abstract class LiveSessionsContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected LiveSessionsContract() {}

  /** Returns the store itself: no other process can reach it. */
  @Override
  protected final SessionStore createOtherNode(SessionStore store) {
    return store;
  }

  @Test
  void liveSessions_arePresent() {
    assertThat(nodes().store().liveSessions()).as("the store's LiveSessions").isPresent();
  }

  /** Requests of one process share a session. */
  @Nested
  class WhenSharingLive extends SharingLive {
    WhenSharingLive() {
      super(LiveSessionsContract.this::nodes);
    }
  }
}
