package io.coatcheck.session;

/**
 * The outcome of a login.
 *
 * @since 0.1.0
 */
public sealed interface Authentication {

  /**
   * The login is stored.
   *
   * @param session the session that is now authenticated, with a token for the client; the one
   *     passed in, or a new one
   */
  record Granted(Session session) implements Authentication {}

  /** The login was refused and left no session behind. */
  record Refused(Reason reason) implements Authentication {}

  /** Why a login was refused. */
  enum Reason {
    /** The principal has as many live sessions as allowed, and new logins are refused. */
    LIMIT_REACHED,
    /** {@link LoginOptions.Builder#validIf} no longer held after the login was stored. */
    NO_LONGER_VALID
  }
}
