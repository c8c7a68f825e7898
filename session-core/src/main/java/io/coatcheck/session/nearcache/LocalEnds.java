package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Records what has ended or changed, by this node or as the change feed reports, in order to detect
 * that data may have been read before that. Keys that hash alike share an entry in both tables: at
 * worst, the store is read once more than necessary.
 */
final class LocalEnds {

  private static final int STRIPES = 1 << 12;
  private static final int NO_PRINCIPAL = -1;

  /** Counts the ends and changes of single sessions, by hash of the id. */
  private final AtomicLongArray endings = new AtomicLongArray(STRIPES);

  /** Counts revocations by principal, whose ids are not known. */
  private final AtomicLong revocations = new AtomicLong();

  /** The number of the last revocation of a principal, by hash of the principal. */
  private final AtomicLongArray lastRevocations = new AtomicLongArray(STRIPES);

  /** The number of the last revocation of everything. */
  private volatile long lastRevocationOfAll;

  /** When a load or write began, and the counts at that time. */
  record Start(SessionId id, long moment, long endings, long revocations) {}

  Start start(SessionId id, long moment) {
    return new Start(id, moment, endings.get(stripe(id.hashCode())), revocations.get());
  }

  /** Records that a session ended or changed, or may have. */
  void ended(SessionId id) {
    endings.incrementAndGet(stripe(id.hashCode()));
  }

  /**
   * Records that any session of a principal may have ended, at the same cost however many there
   * are.
   */
  void revoked(String principal) {
    long number = revocations.incrementAndGet();
    lastRevocations.accumulateAndGet(stripe(principal.hashCode()), number, Math::max);
  }

  /** Records that any session may have ended or changed. Called by one thread at a time. */
  void revokedAll() {
    lastRevocationOfAll = revocations.incrementAndGet();
  }

  /** Returns whether no end or change of the session was recorded after the start. */
  boolean isCurrent(Start start, StoredSession session) {
    return start.endings() == endings.get(stripe(start.id().hashCode()))
        && !isRevoked(stripeOf(session), start.revocations());
  }

  /** Returns whether the principal of a copy may have been revoked since the copy was read. */
  boolean isRevoked(Copy copy) {
    return isRevoked(copy.principalStripe(), copy.revocations());
  }

  private boolean isRevoked(int principalStripe, long seen) {
    return lastRevocationOfAll > seen
        || (principalStripe != NO_PRINCIPAL && lastRevocations.get(principalStripe) > seen);
  }

  /** Returns the entry in which the revocations of a session's principal are recorded. */
  static int stripeOf(StoredSession session) {
    return session.principal().map(name -> stripe(name.hashCode())).orElse(NO_PRINCIPAL);
  }

  private static int stripe(int hash) {
    return (hash ^ hash >>> 16) & (STRIPES - 1);
  }
}
