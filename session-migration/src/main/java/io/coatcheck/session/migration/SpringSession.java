package io.coatcheck.session.migration;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A session as Spring Session stores it.
 *
 * @param createdAt when it was created
 * @param expiresAt when it expires if no request uses it
 * @param principal the name that Spring Session has indexed; empty if it has none
 * @param attributes the serialized values by name
 * @param tooLarge the names of attributes that are larger than the source reads, alone or with the
 *     others
 */
record SpringSession(
    Instant createdAt,
    Instant expiresAt,
    Optional<String> principal,
    Map<String, byte[]> attributes,
    Set<String> tooLarge) {

  /** Shows no names and no values. */
  @Override
  public String toString() {
    return "SpringSession[" + createdAt + ", " + attributes.size() + " attributes]";
  }
}
