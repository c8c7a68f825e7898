package io.coatcheck.session;

/**
 * The state of a working copy's session.
 *
 * <p>The status that each transition of a {@link WorkingCopy} leads to:
 *
 * <pre>
 * from              NEW        EPHEMERAL   STORED     ENDED
 *
 * makeStorable      NEW        NEW         STORED     ENDED
 * redraft           NEW        not made    not made   not made
 * onSaved           STORED     not made    STORED     ENDED, and returns false
 * onRenewed         not made   not made    STORED     ENDED, and returns false
 * onLoggedIn        STORED     STORED      STORED     STORED
 * end, endIfStill   ENDED      ENDED       ENDED      ENDED
 * </pre>
 *
 * <p>No other method changes it. {@code relyOn} makes the next save store a session that is NEW, or
 * that {@code makeStorable} makes NEW. {@code refresh} moves a STORED session to a newer snapshot.
 * A login may give the session another id, and is then the only way out of ENDED.
 */
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
