package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Duration;

/**
 * An optional capability of a {@link SessionStore}: reporting which sessions changed, on any node,
 * so that a node can keep copies of sessions for as long as they do not change.
 *
 * <p><b>What is reported.</b> Every update, with or without a new secret, and every deletion: by
 * id, by principal, of the oldest, and of what {@link LoginLimit} or {@link Evictions} ended.
 * Changes by the node of the listener are reported as well. Not reported are inserts, touches, and
 * what {@link SessionStore#deleteExpired} deleted: a copy shows its deadlines, and one that has
 * expired must be confirmed by the store. A change may be reported more than once, and a session
 * may be reported that did not change.
 *
 * <p><b>Not too early.</b> A change is reported after it took effect: a {@code find} that begins,
 * on this node, after {@link Listener#changed} was called returns the session as it was after the
 * change, or later. So a listener that discards its copy, and every load in progress, can keep what
 * it loads afterwards.
 *
 * <p><b>Complete.</b> When {@link Listener#completeUpTo} is called with a moment, every change
 * whose operation returned to its caller before that moment, on any node, has been reported; except
 * those whose operation returned before {@code subscribe} was called. The moment is read from this
 * process's own {@link System#nanoTime()} before the store is asked, so that neither the time that
 * the answer takes nor the clock of another machine matters. An operation that threw may have taken
 * effect, or may do so later: then its change is reported too.
 *
 * <p><b>Copies.</b> It follows that a copy shows nothing older than {@code t} if it was loaded or
 * confirmed by a call of the store that began after the subscription, neither {@code changed} for
 * its session nor {@code missed} was called since that call began, and {@code completeUpTo} was
 * called with {@code t}.
 *
 * <p><b>Failures.</b> While the store cannot be reached, or is too slow, {@code completeUpTo} is
 * not called, or with moments that lag. The feed logs the failure and continues by itself when the
 * store answers again. If it cannot find out what changed meanwhile, it calls {@link
 * Listener#missed}.
 *
 * <p>The feed is the same for all nodes only if all of them write it; the store documents how that
 * is ensured. Thread-safe.
 *
 * @since 0.1.0
 */
public interface ChangeFeed {

  /**
   * Begins to report changes to a listener, until the subscription or the store is closed. Does not
   * wait for the store: it succeeds during an outage. Each listener is notified of every change,
   * and does not affect the others. {@link Listener#missed} may be called first, for what changed
   * since the call.
   *
   * @return the subscription, to be closed by the caller
   * @throws SessionStoreException if the store is closed
   */
  Subscription subscribe(Listener listener);

  /**
   * Returns how far apart two calls of {@link Listener#completeUpTo} are while the store answers,
   * not counting the time that an answer takes. A near cache that trusts a copy for less than twice
   * as long is refused: its copies would age between two calls. Default: zero, which any bound is
   * long enough for.
   */
  default Duration interval() {
    return Duration.ZERO;
  }

  /**
   * Receives what changed. The methods are called one at a time, in order, under no lock and with
   * no connection held, on a thread that also serves other listeners. They must not block, and may
   * call the store only briefly. An exception, be it an {@code Error}, is logged and ends nothing;
   * if {@link #changed} threw one, the feed calls {@link #missed} before the next {@link
   * #completeUpTo}.
   */
  interface Listener {

    /** Reports that a session was updated or deleted, by any node. There may be no copy of it. */
    void changed(SessionId id);

    /**
     * Reports that changes were missed: any session may have changed. Every copy must be discarded,
     * and every load in progress. Changes from now on are reported as usual.
     */
    void missed();

    /**
     * Reports that the feed is complete up to a moment. Called again and again while the store
     * answers, even if nothing changes, as often as the store documents.
     *
     * @param nanoTime by {@link System#nanoTime()} of this process; never less than in a call
     *     before
     */
    void completeUpTo(long nanoTime);
  }

  /** A listener's subscription. Thread-safe. */
  interface Subscription extends AutoCloseable {

    /**
     * Ends the subscription. A call of the listener that has begun may still be running; no other
     * begins after this returned. Calling it twice is allowed.
     */
    @Override
    void close();
  }
}
