package io.coatcheck.session.codec;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

  private final @Nullable String refusedClass;

  /** Makes an exception with a message that names the class and the rule. */
  public AttributeCodecException(String message) {
    this(message, null, null);
  }

  /**
   * Makes an exception with a message and the failure that caused it. If that is an {@code
   * AttributeCodecException}, its {@link #refusedClass} is kept.
   */
  public AttributeCodecException(String message, Throwable cause) {
    this(
        message,
        cause,
        cause instanceof AttributeCodecException refusal ? refusal.refusedClass : null);
  }

  AttributeCodecException(
      String message, @Nullable Throwable cause, @Nullable String refusedClass) {
    super(message, cause);
    this.refusedClass = refusedClass;
  }

  /**
   * Returns the name of the class that kept a value from being encoded and that {@link
   * JavaSerializationCodec.Builder#allow(String)} takes. Empty for every other failure, and always
   * for a failure to decode: what to allow must not be learned from stored bytes.
   */
  public Optional<String> refusedClass() {
    return Optional.ofNullable(refusedClass);
  }
}
