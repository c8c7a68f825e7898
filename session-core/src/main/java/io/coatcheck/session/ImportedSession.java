package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A session that another library kept, as an {@link ImportSource} read it.
 *
 * @param principal who is logged in: 1 to 255 code points without U+0000 and lone surrogates; a
 *     session of any other is refused; empty for an anonymous session
 * @param authenticatedAt when the principal logged in, as far as is known; not used without a
 *     principal. A request for a fresh login is measured from it
 * @param usableUntil the moment after which the other library's credential must import nothing; a
 *     record of the import is kept until then
 * @param attributes what it holds, by name
 * @param undecodable the attributes that could not be decoded, by name, and why; the listeners are
 *     notified of each
 * @since 0.1.0
 */
public record ImportedSession(
    Optional<String> principal,
    Instant authenticatedAt,
    Instant usableUntil,
    Map<String, Object> attributes,
    Map<String, AttributeCodecException> undecodable) {

  /** Copies the maps. */
  public ImportedSession {
    Objects.requireNonNull(principal, "principal must not be null");
    Objects.requireNonNull(authenticatedAt, "authenticatedAt must not be null");
    Objects.requireNonNull(usableUntil, "usableUntil must not be null");
    attributes = Map.copyOf(attributes);
    undecodable = Map.copyOf(undecodable);
  }

  /** Shows no names and no values. */
  @Override
  public String toString() {
    return "ImportedSession["
        + (principal.isPresent() ? "authenticated, " : "anonymous, ")
        + attributes.size()
        + " attributes]";
  }
}
