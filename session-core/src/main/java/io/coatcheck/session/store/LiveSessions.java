package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
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
}
