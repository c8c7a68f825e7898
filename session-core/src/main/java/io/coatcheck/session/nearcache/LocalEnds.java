package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What this node has ended or changed, as far as it takes to know whether something that was read
 * may be from before it. Both tables are shared by keys that hash alike: at worst, the store is
 * asked once more than necessary.
 */
final class LocalEnds {

  private static final int STRIPES = 1 << 12;
  private static final int NO_PRINCIPAL = -1;

  /** Counts what ended or changed single sessions, by hash of the id. */
  private final AtomicLongArray endings = new AtomicLongArray(STRIPES);

  /** Counts revocations by principal, whose ids are not known. */
  private final AtomicLong revocations = new AtomicLong();

  /** Which of the revocations was the last one of a principal, by hash of the principal. */
  private final AtomicLongArray lastRevocations = new AtomicLongArray(STRIPES);

  /** When something began, and what had ended by then. */
  record Start(SessionId id, long moment, long endings, long revocations) {}

  Start start(SessionId id, long moment) {
    return new Start(id, moment, endings.get(stripe(id.hashCode())), revocations.get());
  }

  /** Records that a session ended or changed, or may have. */
  void ended(SessionId id) {
    endings.incrementAndGet(stripe(id.hashCode()));
  }

  /** Records that any session of a principal may have ended. Costs the same, however many. */
  void revoked(String principal) {
    long number = revocations.incrementAndGet();
    lastRevocations.accumulateAndGet(stripe(principal.hashCode()), number, Math::max);
  }

  /** Returns whether nothing that began at the start can be from before an end of the session. */
  boolean isCurrent(Start start, StoredSession session) {
    return start.endings() == endings.get(stripe(start.id().hashCode()))
        && !isRevoked(stripeOf(session), start.revocations());
  }

  /** Returns whether the principal of a copy may have been revoked since the copy was read. */
  boolean isRevoked(Copy copy) {
    return isRevoked(copy.principalStripe(), copy.revocations());
  }

  private boolean isRevoked(int principalStripe, long seen) {
    return principalStripe != NO_PRINCIPAL && lastRevocations.get(principalStripe) > seen;
  }

  /** Returns where the revocations of a session's principal are recorded. */
  static int stripeOf(StoredSession session) {
    return session.principal().map(name -> stripe(name.hashCode())).orElse(NO_PRINCIPAL);
  }

  private static int stripe(int hash) {
    return (hash ^ hash >>> 16) & (STRIPES - 1);
  }
}
