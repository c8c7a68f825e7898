package io.coatcheck.session.nearcache;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.StoredSession;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A copy of a session, when it was last known to be current, and how that may be extended. */
final class Copy {

  /** How long the change feed is trusted before the store is asked about the session again. */
  static final long MAX_TRUST_NANOS = TimeUnit.MINUTES.toNanos(10);

  private static final int FIXED_WEIGHT = 600;

  // A volatile write would wait until everything that the request wrote before has reached memory.
  private static final VarHandle LAST_USE;

  static {
    try {
      LAST_USE = MethodHandles.lookup().findVarHandle(Copy.class, "lastUse", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** How far a copy is trusted. */
  enum Trust {
    /** For its age, and for as long as the change feed, if there is one, reports no change. */
    UNTIL_CHANGED,
    /**
     * For its age only: it shows activity that the store does not have yet, and the feed does not
     * report that the session has expired in the store.
     */
    FOR_ITS_AGE,
    /** For nothing: the feed reported a change. Kept so that an end can be notified. */
    CHANGED
  }

  private final StoredSession session;

  /** The number of revocations by principal when the copy was read. */
  private final long revocations;

  /** See {@link LocalEnds#stripeOf(StoredSession)}. */
  private final int principalStripe;

  private final Trust trust;

  /** Where it is trusted for its age, up to when the change feed had reported before that. */
  private final long reportedUpTo;

  /** Grows when the store confirms that the session is still this one. */
  private volatile long asOf;

  /** About when a request last used it; before {@link #asOf} if none has since then. */
  private volatile long lastUse;

  Copy(StoredSession session, LocalEnds.Start start) {
    this(
        session,
        start.moment(),
        start.moment() - 1,
        start.revocations(),
        LocalEnds.stripeOf(session),
        Trust.UNTIL_CHANGED,
        start.moment());
  }

  private Copy(
      StoredSession session,
      long asOf,
      long lastUse,
      long revocations,
      int principalStripe,
      Trust trust,
      long reportedUpTo) {
    this.session = session;
    this.asOf = asOf;
    this.lastUse = lastUse;
    this.revocations = revocations;
    this.principalStripe = principalStripe;
    this.trust = trust;
    this.reportedUpTo = reportedUpTo;
  }

  /** Returns the known copy, unless the store is known to have had a later version. */
  static @Nullable Copy unlessOlder(@Nullable Copy known, StoredSession session) {
    return known != null && known.session.version() >= session.version() ? known : null;
  }

  /** Returns whether a session has a value that is not encoded, of which no copy is kept. */
  static boolean hasLiveValue(StoredSession session) {
    return session.attributes().values().stream().anyMatch(AttributeValue::isLive);
  }

  StoredSession session() {
    return session;
  }

  /** Returns whether it is of a generation and a version, or of later ones. */
  boolean isAtLeast(long generation, long version) {
    return session.generation() >= generation && session.version() >= version;
  }

  long revocations() {
    return revocations;
  }

  int principalStripe() {
    return principalStripe;
  }

  boolean isChanged() {
    return trust == Trust.CHANGED;
  }

  /** Returns when the store was last asked about this session. */
  long asOf() {
    return asOf;
  }

  /**
   * Returns the latest moment at which the copy is known to have been current.
   *
   * @param completeUpTo up to when the change feed had reported all changes, read before the copy
   *     was taken from the cache; if there is no feed, a moment before the copy was made
   */
  long asOf(long completeUpTo) {
    long asked = asOf;
    long upTo = trust == Trust.UNTIL_CHANGED ? completeUpTo : reportedUpTo;
    long reported = upTo - asked;
    return reported > 0 && reported < MAX_TRUST_NANOS ? upTo : asked;
  }

  /** Returns a copy of the same age and use that shows activity that is in the store. */
  Copy seenAt(Instant lastSeenAt) {
    boolean isKnown = trust != Trust.FOR_ITS_AGE && !lastSeenAt.isAfter(session.lastSeenAt());
    return isKnown || lastSeenAt.isBefore(session.lastSeenAt())
        ? this
        : new Copy(
            session.seenAt(lastSeenAt),
            asOf,
            lastUse,
            revocations,
            principalStripe,
            isChanged() ? trust : Trust.UNTIL_CHANGED,
            reportedUpTo);
  }

  /**
   * Returns a copy that shows activity that the store does not have yet. This is not a comparison
   * with the store: the time since the last comparison still counts.
   */
  Copy showing(Instant lastSeenAt, long completeUpTo) {
    return lastSeenAt.isAfter(session.lastSeenAt())
        ? new Copy(
            session.seenAt(lastSeenAt),
            asOf,
            lastUse,
            revocations,
            principalStripe,
            isChanged() ? trust : Trust.FOR_ITS_AGE,
            asOf(completeUpTo))
        : this;
  }

  /**
   * Returns whether the store has this version, and the session has not expired there, whatever
   * activity the copy shows that could not be stored.
   *
   * <p>The version also differs if the copy is newer: the store has lost that version in a
   * failover, and the next change of the session elsewhere will have the version of the copy.
   *
   * @param now empty if no activity has been shown
   */
  boolean agreesWith(BatchLookup.Stamp stamp, Optional<Instant> now) {
    if (stamp.version() != session.version()) {
      return false;
    }
    boolean isAhead = session.lastSeenAt().isAfter(stamp.lastSeenAt());
    return !isAhead
        || now.filter(session.toBuilder().lastSeenAt(stamp.lastSeenAt()).build()::isExpiredAt)
            .isEmpty();
  }

  /** Returns a copy of a session that was reported as changed. */
  Copy changed() {
    return isChanged()
        ? this
        : new Copy(
            session, asOf, lastUse, revocations, principalStripe, Trust.CHANGED, reportedUpTo);
  }

  /** Returns a copy that agrees with the store again, as of the start. */
  Copy unchanged(LocalEnds.Start start, Instant storedLastSeenAt) {
    boolean isAhead = session.lastSeenAt().isAfter(storedLastSeenAt);
    return new Copy(
        isAhead ? session : session.seenAt(storedLastSeenAt),
        start.moment(),
        lastUse,
        start.revocations(),
        principalStripe,
        isAhead ? Trust.FOR_ITS_AGE : Trust.UNTIL_CHANGED,
        start.moment());
  }

  /**
   * Records a use. Written at intervals only: other threads have the field in their processor
   * caches.
   *
   * @param interval how long after a use the next one is recorded, unless the store has been asked
   *     in between
   * @return whether it was recorded
   */
  boolean use(long now, long interval) {
    long last = lastUse;
    boolean isRecorded = now - last >= interval || last - asOf < 0;
    if (isRecorded) {
      LAST_USE.setRelease(this, now);
    }
    return isRecorded;
  }

  /** Returns whether a request used it since the store was last asked, and after a moment. */
  boolean isUsedSince(long moment) {
    long last = lastUse;
    return last - asOf >= 0 && last - moment > 0;
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
