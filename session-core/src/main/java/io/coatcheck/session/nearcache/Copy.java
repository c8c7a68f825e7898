package io.coatcheck.session.nearcache;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.util.Map;

/** A copy of a session, and when it was last known to be current. */
final class Copy {

  private static final int FIXED_WEIGHT = 600;

  private final StoredSession session;

  /** The number of revocations by principal when the copy was read. */
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

  /** Returns a copy of the same age and use with another last-seen time. */
  Copy with(StoredSession seen) {
    Copy changed = new Copy(seen, asOf, revocations, principalStripe);
    changed.used = used;
    return changed;
  }

  /**
   * Records a use. Written only on change: other threads have the field in their processor caches.
   */
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

  /** Returns whether the copy was known to be current after a moment. */
  boolean isYoungerThan(long moment) {
    return asOf - moment > 0;
  }

  /**
   * Records that the store had exactly this version at a moment. Called only by the revalidation,
   * on one thread. This holds for this copy even if it has left the cache.
   */
  void confirm(long moment) {
    if (moment - asOf > 0) {
      asOf = moment;
    }
  }

  /**
   * Returns the approximate size in bytes. A value that a request has read may also hold its
   * decoded object: at most a text, at two bytes a character where it is not Latin. That is counted
   * from the start, since the cache asks only once.
   */
  int weight() {
    long bytes = FIXED_WEIGHT;
    for (Map.Entry<String, AttributeValue> one : session.attributes().entrySet()) {
      bytes += 100L + 2L * one.getKey().length() + 3L * one.getValue().bytes().length;
    }
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }
}
