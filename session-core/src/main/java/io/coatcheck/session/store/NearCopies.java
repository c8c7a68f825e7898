package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * An optional capability: the store keeps copies of sessions on this node, which may lag behind
 * what {@link SessionStore#find} returns by a bound that the store states.
 *
 * <p>A copy may admit a request; it must never reject one. A caller that does not find in a copy
 * what makes a token valid calls {@code find}, unless the answer {@linkplain Lookup#isConfirmed is
 * confirmed}.
 *
 * @since 0.1.0
 */
public interface NearCopies {

  /**
   * Returns the session as a copy has it, or loads it. Concurrent loads of one session are combined
   * into one.
   *
   * @param minimumGeneration a copy of an earlier generation is not used
   * @param minimumVersion a copy of an earlier version is not used; zero uses any. May be what the
   *     client says it has seen: a false number can only cause a look-up in the store
   * @throws SessionStoreException if there is no such copy within the bound, and the store failed
   */
  Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion);

  /**
   * Returns the bound: for how long after a change on another node has returned {@link #lookUp} may
   * not show it; zero if no copies are kept.
   */
  Duration longestAge();

  /**
   * Accepts a touch, to be stored together with others within {@link #touchDelay} unless the store
   * fails; until then, this node's copy shows it. If the node dies before that, the touch is lost;
   * a session that has ended by then stays ended, and one that is about to expire may be left as it
   * is, since the touch could come too late. Never blocks on the store.
   *
   * @param now when the request asked for it
   * @return {@code false} if it was not accepted: then {@link SessionStore#touch} is to be called
   */
  boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now);

  /** Returns how long accepted touches may wait; zero if none are accepted. */
  Duration touchDelay();

  /**
   * Shows a touch that cannot be stored on this node's copy alone, if sessions are answered from
   * copies while the store fails, and this one may be. Then a request that only reads need not fail
   * because its activity is not stored; a write fails nevertheless. When the store can be reached
   * again, the next request touches it. Never asks the store. Default: never.
   *
   * @return whether the copy shows it, or a later one; {@code false} if there is no copy that could
   *     be answered from at this moment
   */
  default boolean touchInOutage(SessionId id, Instant lastSeenAt) {
    return false;
  }

  /**
   * Registers the listener that is notified of each session whose copy this node discarded because
   * the store no longer has the session: it was ended, most likely on another node. This is noticed
   * only when a copy is looked at, so the notice may come late or never. Only the listener that was
   * registered last is notified. Default: none is notified.
   *
   * @param gone called with the copy, one at a time, on a thread that does nothing else, and under
   *     no lock. If it is too slow, notices may be dropped
   */
  default void onEndedElsewhere(Consumer<StoredSession> gone) {}

  /**
   * The answer of a look-up among the copies.
   *
   * @param session the session; empty if there is none
   * @param isConfirmed whether the store was asked after the call began, so that asking it again
   *     would return nothing new
   * @param isStale whether the copy is too old, and was used because the store failed during this
   *     call: what can wait, such as storing activity, need not be tried
   */
  record Lookup(Optional<StoredSession> session, boolean isConfirmed, boolean isStale) {

    /** Creates an answer of the store, or of a copy that is young enough. */
    public Lookup(Optional<StoredSession> session, boolean isConfirmed) {
      this(session, isConfirmed, false);
    }
  }
}
