package io.coatcheck.session.nearcache;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.util.Map;

/** A copy of a session, and when it was surely current. */
final class Copy {

  private static final int FIXED_WEIGHT = 600;

  private final StoredSession session;

  /** How many revocations by principal there had been when the copy was read. */
  private final long revocations;

  /** See {@link LocalEnds#stripeOf(StoredSession)}. */
  private final int principalStripe;

  /** Grows when the store confirms that the session is still this one. */
  private volatile long asOf;

  /** Whether a request used it since the last revalidation. */
  private volatile boolean used;

  Copy(StoredSession session, LocalEnds.Start start) {
    this(session, start.moment(), start.revocations(), LocalEnds.stripeOf(session));
  }

  private Copy(StoredSession session, long asOf, long revocations, int principalStripe) {
    this.session = session;
    this.asOf = asOf;
    this.revocations = revocations;
    this.principalStripe = principalStripe;
  }

  StoredSession session() {
    return session;
  }

  long asOf() {
    return asOf;
  }

  long revocations() {
    return revocations;
  }

  int principalStripe() {
    return principalStripe;
  }

  /** Returns a copy of the same age and use, whose session was seen at another moment. */
  Copy with(StoredSession seen) {
    Copy changed = new Copy(seen, asOf, revocations, principalStripe);
    changed.used = used;
    return changed;
  }

  /** Records a use. Written only when it changes: other threads have it in their caches. */
  void use() {
    if (!used) {
      used = true;
    }
  }

  boolean takeUsed() {
    boolean was = used;
    if (was) {
      used = false;
    }
    return was;
  }

  /** Returns whether the copy was surely current after a moment. */
  boolean isYoungerThan(long moment) {
    return asOf - moment > 0;
  }

  /**
   * Records that the store had exactly this version at a moment. Only the revalidation calls it, on
   * one thread. That is true of this copy whatever became of it in the cache.
   */
  void confirm(long moment) {
    if (moment - asOf > 0) {
      asOf = moment;
    }
  }

  /**
   * Returns about how many bytes it takes. A value that a request has read may hold what its bytes
   * decode to as well: a text, at two bytes a character where it is not Latin, at most. It is
   * counted from the start, since the cache asks once.
   */
  int weight() {
    long bytes = FIXED_WEIGHT;
    for (Map.Entry<String, AttributeValue> one : session.attributes().entrySet()) {
      bytes += 100L + 2L * one.getKey().length() + 3L * one.getValue().bytes().length;
    }
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }
}
