package io.coatcheck.session;

/** What periodic renewal requires of this request. */
enum Renewal {
  /** Nothing. */
  NONE,
  /** The secret is old enough to be replaced, if the response can still carry the new one. */
  DUE,
  /**
   * The response with the new secret was lost: the client still has the old one, and gets another.
   */
  LOST,
  /** The client has presented its new secret for the first time: the old one may be retired. */
  CONFIRM;

  boolean replacesSecret() {
    return this == DUE || this == LOST;
  }
}
