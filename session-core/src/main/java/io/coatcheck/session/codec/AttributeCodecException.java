package io.coatcheck.session.codec;

/**
 * A value that cannot be encoded, or bytes that cannot be decoded. The message names the class and
 * the rule, and never contains the value.
 *
 * <p>It is an {@code IllegalArgumentException} because that is what a servlet container throws when
 * an attribute cannot be kept (Jakarta Servlet 6.1, section 7.7.2).
 *
 * @since 0.1.0
 */
public final class AttributeCodecException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  /** Makes an exception with a message that names the class and the rule. */
  public AttributeCodecException(String message) {
    super(message);
  }

  /** Makes an exception with a message and the failure behind it. */
  public AttributeCodecException(String message, Throwable cause) {
    super(message, cause);
  }
}
