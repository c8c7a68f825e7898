package io.coatcheck.session;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes the next value of an attribute of the present one, for {@link SessionManager#update}.
 *
 * <p>It is called without a lock, and called again whenever another request has changed the
 * attribute meanwhile; only the last call counts. So it is quick and has no side effects. It
 * returns a new object, and leaves the one that it is given as it is: in memory, that one is shared
 * with other requests.
 *
 * @param <T> the type of the attribute
 * @since 0.1.0
 */
@FunctionalInterface
public interface AttributeFunction<T> {

  /**
   * Returns the next value.
   *
   * @param value what the attribute is; empty if there is none, or its bytes do not decode any more
   * @return null to remove the attribute; what was given, to leave it as it is: then nothing is
   *     written. Null for an empty value leaves bytes that do not decode any more as they are
   */
  @Nullable T apply(Optional<T> value);
}
