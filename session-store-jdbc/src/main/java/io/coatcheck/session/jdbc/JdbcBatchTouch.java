package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Touches many rows in one short transaction. It skips rows locked by others, as the clean-up does.
 * So it never waits for another transaction, and cannot be part of a deadlock.
 */
final class JdbcBatchTouch implements BatchTouch {

  private final Transactions transactions;
  private final Dialect dialect;

  JdbcBatchTouch(Transactions transactions, Dialect dialect) {
    this.transactions = transactions;
    this.dialect = dialect;
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    if (lastSeenAt.size() > MAX_IDS) {
      throw new IllegalArgumentException(
          "at most " + MAX_IDS + " sessions may be touched at once: " + lastSeenAt.size());
    }
    StoredSession.millisOf(now, "now");
    lastSeenAt.values().forEach(moment -> StoredSession.millisOf(moment, "lastSeenAt"));
    if (lastSeenAt.isEmpty()) {
      return new HashSet<>();
    }
    Operation operation = new Operation("touchAll");
    Transactions.Work<Set<SessionId>> work =
        statements -> dialect.touchAll(statements, lastSeenAt, now);
    return dialect.touchesAllAtOnce()
        ? transactions.one(operation, work)
        : transactions.several(operation, dialect.cleanUp(), work);
  }
}
