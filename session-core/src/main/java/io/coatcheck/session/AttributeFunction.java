package io.coatcheck.session;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Computes the next value of an attribute from the present one, for {@link SessionManager#update}.
 *
 * <p>It is called without a lock, and again whenever another request has changed the attribute in
 * between; only the last call counts. So it must be quick and free of side effects. It must return
 * a new object and leave its argument unchanged: in memory, the argument is shared with other
 * requests.
 *
 * @param <T> the type of the attribute
 * @since 0.1.0
 */
@FunctionalInterface
public interface AttributeFunction<T> {

  /**
   * Returns the next value.
   *
   * @param value the present value; empty if there is none or its bytes no longer decode
   * @return the next value; null to remove the attribute; the argument itself to leave it
   *     unchanged, in which case nothing is written. Null for an empty value leaves bytes that no
   *     longer decode unchanged
   */
  @Nullable T apply(Optional<T> value);
}
