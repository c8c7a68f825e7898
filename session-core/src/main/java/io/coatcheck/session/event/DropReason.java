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
   * The attributes did not fit within the session's limits together with what other requests have
   * stored since, or a change in place made a value exceed them. The other changes were saved.
   */
  LIMIT,
  /**
   * A value was only changed in place, but another request has since stored a different value under
   * that name, which stays. The other changes were saved.
   */
  OVERTAKEN
}
