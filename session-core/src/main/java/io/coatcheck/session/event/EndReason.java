package io.coatcheck.session.event;

/**
 * Why a session ended.
 *
 * @since 0.1.0
 */
public enum EndReason {
  /** Its own user logged out, or the application invalidated it. */
  LOGOUT,
  /**
   * It was revoked by id, or with all sessions of its principal, or because a login no longer held.
   */
  REVOKED,
  /** Nobody used it for the idle timeout. */
  IDLE,
  /** It reached its absolute deadline. */
  ABSOLUTE,
  /** A later login of the same principal needed its place within the limit. */
  LIMIT,
  /** Another principal logged in on it. */
  REPLACED,
  /**
   * A secret that a renewal had replaced was presented again later, which only a thief or a copied
   * cookie does.
   */
  REUSE,
  /** The store was full and gave it up; only anonymous sessions end so. */
  CAPACITY
}
