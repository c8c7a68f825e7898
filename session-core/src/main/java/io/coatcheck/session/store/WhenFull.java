package io.coatcheck.session.store;

/**
 * What a login does when its principal has as many live sessions as the limit allows.
 *
 * @since 0.1.0
 */
public enum WhenFull {
  /** Ends the sessions that were authenticated longest ago, as many as needed. */
  EVICT_OLDEST,
  /** Refuses the login; the sessions that exist live on. */
  REFUSE_NEWCOMER
}
