package io.coatcheck.session.store;

/**
 * A store could not do what it was asked, or does not know whether it did.
 *
 * <p>The message names the operation and the session's id where there is one. It never contains a
 * secret, a hash or the value of an attribute. Each operation of {@link SessionStore} documents
 * what was done when it throws; a caller that does not know treats the request as failed.
 *
 * @since 0.1.0
 */
public class SessionStoreException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Creates an exception with a message that names the operation. */
  public SessionStoreException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a message that names the operation, and the failure that caused it.
   */
  public SessionStoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
