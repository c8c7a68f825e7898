package io.coatcheck.session.event;

/**
 * Why a session ended.
 *
 * @since 0.1.0
 */
public enum EndReason {
  /** Its user logged out, or the application invalidated it. */
  LOGOUT,
  /**
   * It was revoked by id, or with all sessions of its principal, or because a login no longer held.
   */
  REVOKED,
  /** It was not used for its idle timeout. */
  IDLE,
  /** It reached its absolute deadline. */
  ABSOLUTE,
  /** A later login of the same principal took its place within the limit. */
  LIMIT,
  /** Another principal logged in on it. */
  REPLACED,
  /**
   * A secret that a renewal had replaced was presented again later, which only happens with a
   * stolen or copied cookie.
   */
  REUSE,
  /** The store was full and evicted it; only anonymous sessions end this way. */
  CAPACITY
}
