package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;

/**
 * A bridge could not decide on a credential, because another system, or the code of the application
 * that asks it, failed: for example, the keys of an issuer cannot be fetched. The credential is
 * neither accepted nor refused, and can be used later.
 *
 * <p>An adapter answers it as a failure of the store, over HTTP with 503 and {@code Retry-After},
 * but does not log it: the bridge that throws it has logged the cause, at a limited rate, since
 * clients can repeat it. An application that catches {@link SessionStoreException} itself handles
 * this the same way, and should not conclude from it that the store of the sessions is down.
 *
 * @since 0.1.0
 */
public final class UndecidedException extends SessionStoreException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message names what failed, and contains no credential
   */
  public UndecidedException(String message, Throwable cause) {
    super(message, cause);
  }
}
