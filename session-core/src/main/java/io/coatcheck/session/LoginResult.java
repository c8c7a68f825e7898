package io.coatcheck.session;

/**
 * The result of a login. Unless it is {@link #LOGGED_IN}, the login did not take place; ignoring
 * the result admits no user.
 *
 * @since 0.1.0
 */
public enum LoginResult {
  /** The principal is logged in; in a request, the response carries the new cookie. */
  LOGGED_IN,
  /** The principal has as many live sessions as allowed, and new ones are refused. */
  LIMIT_REACHED,
  /**
   * The condition of the login no longer held after the login was stored, or a listener has ended
   * the session or logged in another principal.
   */
  NO_LONGER_VALID
}
