package io.coatcheck.session.store;

/**
 * A stored session cannot be read, and never will be: its bytes are not what was written. A store
 * treats such a session as absent, as {@link SessionStore} specifies, so that its user can log in
 * again.
 *
 * @since 0.1.0
 */
public final class DamagedSessionException extends SessionStoreException {

  private static final long serialVersionUID = 1L;

  /** Creates an exception with a message that says what is wrong, without any of the content. */
  public DamagedSessionException(String message) {
    super(message);
  }

  /** Creates an exception with a message that says what is wrong, and its cause. */
  public DamagedSessionException(String message, Throwable cause) {
    super(message, cause);
  }
}
