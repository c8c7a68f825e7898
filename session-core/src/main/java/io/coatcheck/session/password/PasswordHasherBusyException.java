package io.coatcheck.session.password;

/**
 * A password was neither hashed nor checked, because the processors are busy with others. Worth
 * another try after a moment: over HTTP, a 503 with {@code Retry-After}.
 *
 * @since 0.1.0
 */
public final class PasswordHasherBusyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Makes an exception with a message that says what was waited for, and how long. */
  public PasswordHasherBusyException(String message) {
    super(message);
  }
}
