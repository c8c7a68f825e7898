package io.coatcheck.session.codec;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when a value cannot be encoded or bytes cannot be decoded. The message names the class and
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

  /** Creates an exception with a message that names the class and the rule. */
  public AttributeCodecException(String message) {
    this(message, null, null);
  }

  /**
   * Creates an exception with a message and its cause. If the cause is an {@code
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
   * Returns the name of the class that prevented encoding, if {@link
   * JavaSerializationCodec.Builder#allow(String)} accepts it. Empty for every other failure, and
   * always for a failure to decode: stored bytes must not suggest what to allow.
   */
  public Optional<String> refusedClass() {
    return Optional.ofNullable(refusedClass);
  }
}
