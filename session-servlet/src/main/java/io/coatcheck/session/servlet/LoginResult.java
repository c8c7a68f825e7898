package io.coatcheck.session.servlet;

/**
 * What became of a login. Unless it is {@link #LOGGED_IN}, nobody was logged in by it: who forgets
 * to look lets nobody in.
 *
 * @since 0.1.0
 */
public enum LoginResult {
  /** The principal is logged in, and the response carries the new cookie. */
  LOGGED_IN,
  /** The principal has as many live sessions as allowed, and newcomers are refused. */
  LIMIT_REACHED,
  /**
   * The condition of the login did not hold any more after the login was stored, or a listener has
   * ended the session or logged another principal in.
   */
  NO_LONGER_VALID
}
