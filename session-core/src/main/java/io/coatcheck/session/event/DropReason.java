package io.coatcheck.session.event;

/**
 * Why the changes of a request were not saved although the store works.
 *
 * @since 0.1.0
 */
public enum DropReason {
  /** The session ended while the request was running. */
  ENDED,
  /** The session's deadline passed while the request was running. */
  EXPIRED,
  /** Another principal logged in, or the secret was renewed, while the request was running. */
  REKEYED
}
