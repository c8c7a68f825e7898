package io.coatcheck.session.event;

/**
 * The outcome for a credential of another system.
 *
 * @since 0.1.0
 */
public enum CredentialOutcome {
  /** It has moved its user to a session, or ended the user's sessions if it is a logout token. */
  ACCEPTED,
  /** It had been used before. */
  SPENT,
  /** A valid logout token that ended no session: there was none, or none was recorded for it. */
  UNMATCHED,
  /** It is not valid, or a limit of sessions refused it. */
  REFUSED,
  /** The store, the other system or the code of the application failed; it can be used later. */
  FAILED
}
