package io.coatcheck.session.event;

/**
 * Why a token that a client presented was not accepted.
 *
 * @since 0.1.0
 */
public enum RefusalReason {
  /** It does not have the form of a token. */
  MALFORMED,
  /**
   * There is no session with its id: it never existed, has ended, or has expired and been deleted.
   */
  UNKNOWN,
  /** Its session is past its idle or absolute deadline. */
  EXPIRED,
  /**
   * Its secret is the one that the last rotation replaced: a late request, an old tab, or a thief.
   */
  SUPERSEDED,
  /** Its session exists, and its secret is neither the current nor the previous one. */
  MISMATCHED,
  /** Several tokens were presented at once: more than one of them is live, or more than four. */
  AMBIGUOUS
}
