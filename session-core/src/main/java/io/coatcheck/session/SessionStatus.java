package io.coatcheck.session;

/** The state of a working copy's session. */
enum SessionStatus {
  /** Begun by this request; stored by the next save if the application relies on it. */
  NEW,
  /** Begun by this request; never stored or sent. */
  EPHEMERAL,
  /** In the store, as far as this request knows. */
  STORED,
  /** Ended, by this request or found to have ended. */
  ENDED
}
