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
  REKEYED,
  /**
   * The attributes did not fit within the limits of a session beside what other requests stored
   * meanwhile, or a value outgrew them by a change in place. The other changes were saved.
   */
  LIMIT,
  /**
   * A value was only changed in place, and another request stored a value of its own under that
   * name meanwhile, which stays. The other changes were saved.
   */
  OVERTAKEN
}
