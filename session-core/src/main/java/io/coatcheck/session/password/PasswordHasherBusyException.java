package io.coatcheck.session.password;

/**
 * Thrown when a password was neither hashed nor checked because the processors are busy with
 * others. The caller may retry after a moment: over HTTP, answer 503 with {@code Retry-After}.
 *
 * @since 0.1.0
 */
public final class PasswordHasherBusyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Creates an exception with a message that says what was waited for, and how long. */
  public PasswordHasherBusyException(String message) {
    super(message);
  }
}
