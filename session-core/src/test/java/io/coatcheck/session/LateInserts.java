package io.coatcheck.session;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.util.ArrayDeque;
import java.util.Deque;

/** A store whose inserts time out on command, and happen later. */
final class LateInserts extends ForwardingSessionStore {

  private boolean isHolding;
  private final Deque<StoredSession> held = new ArrayDeque<>();

  LateInserts() {
    super(InMemorySessionStore.builder().copyOnRead(true).build());
  }

  @Override
  public void insert(StoredSession session) {
    if (isHolding) {
      isHolding = false;
      held.add(session);
      throw new SessionStoreException("insert timed out");
    }
    super.insert(session);
  }

  void holdNext() {
    isHolding = true;
  }

  /** Makes the insert happen that was held first. */
  void land() {
    super.insert(held.remove());
  }
}
