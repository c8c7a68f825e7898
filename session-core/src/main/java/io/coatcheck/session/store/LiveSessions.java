package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An optional capability: the store keeps the sessions of one process as live objects, so that the
 * requests of a session share it as they do in a servlet container. With it, a request reads the
 * newest value of an attribute, and a change is stored when it is made.
 *
 * <p>Only for a store that keeps live values ({@link SessionStore#keepsLiveValues}) and that no
 * other process writes. Thread-safe; no call waits for I/O, and none calls the application.
 *
 * @since 0.1.0
 */
public interface LiveSessions {

  /**
   * Returns a session, expired or not, without counting as its use: the same object as long as the
   * session lives.
   *
   * @return null if there is none
   */
  @Nullable LiveSession get(SessionId id);

  /**
   * Returns whether a request may use the sessions of a store in place, by {@link #use} and {@link
   * #update}, instead of calling {@link SessionStore#find}, {@link SessionStore#touch} and {@link
   * SessionStore#update}. That is so for the store itself and not for a decorator of it, whose
   * methods must be called. Default: false.
   */
  default boolean areUsableInPlaceOf(SessionStore store) {
    return false;
  }

  /**
   * Returns a session and counts that as its use, as {@link SessionStore#find} does, but without a
   * copy. Called for each request if {@link #areUsableInPlaceOf} returned true.
   *
   * @return null if there is none, or the store is closed: the caller then asks the store
   */
  default @Nullable UsableSession use(SessionId id) {
    throw new UnsupportedOperationException("sessions cannot be used in place");
  }

  /**
   * Stores a session, as {@link SessionStore#update} does, and returns the result. Called instead
   * of it if {@link #areUsableInPlaceOf} returned true.
   *
   * @return the session as it is stored now; null where {@code update} returns {@code false}, or
   *     the store is closed
   */
  default @Nullable StoredSession update(StoredSession session, Instant now) {
    throw new UnsupportedOperationException("sessions cannot be used in place");
  }

  /** One session in this process. Thread-safe. */
  interface LiveSession {

    /**
     * Returns the session, as {@link SessionStore#find} does, if it has changed.
     *
     * @param version that of the snapshot that the caller has
     * @return null if the version is not greater, or the session has ended
     */
    @Nullable StoredSession newerThan(long version);

    /**
     * Returns what is attached to the session in this process; null if nothing is. It stays
     * attached when the secret or the principal changes, and is not part of what is stored.
     */
    @Nullable Object attachment();

    /**
     * Attaches another object in one atomic step.
     *
     * @param expected what must be attached at that moment, compared by identity; null for nothing
     * @param next null to attach nothing
     * @return whether {@code next} is attached; {@code false} if something other than {@code
     *     expected} was
     */
    boolean replaceAttachment(@Nullable Object expected, @Nullable Object next);
  }

  /** One session in this process, as a request uses it in place. Thread-safe. */
  interface UsableSession extends LiveSession {

    /**
     * Returns the session, expired or not. Its last-seen moment may be older than that of {@link
     * SessionStore#find}.
     *
     * @return null if the session has ended
     */
    @Nullable StoredSession snapshot();

    /**
     * Records that the session was seen, as {@link SessionStore#touch} does with the same moment
     * for both parameters.
     *
     * @param moment in milliseconds since the epoch, not after {@link StoredSession#MAX_MOMENT}
     * @return when the session was last seen before that, in milliseconds since the epoch; negative
     *     if it has ended or has expired at that moment
     */
    long touch(long moment);
  }
}
