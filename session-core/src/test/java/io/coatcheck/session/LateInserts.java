package io.coatcheck.session;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A store whose inserts time out on command, and happen later. */
final class LateInserts extends ForwardingSessionStore {

  private boolean isHolding;
  private @Nullable StoredSession held;

  LateInserts() {
    super(InMemorySessionStore.builder().copyOnRead(true).build());
  }

  @Override
  public void insert(StoredSession session) {
    if (isHolding) {
      isHolding = false;
      held = session;
      throw new SessionStoreException("insert timed out");
    }
    super.insert(session);
  }

  void holdNext() {
    isHolding = true;
  }

  void land() {
    super.insert(Objects.requireNonNull(held));
  }
}
