package io.coatcheck.session.migration;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * The claims of a verified logout token. Contains nothing that can be presented.
 *
 * @param issuer the provider ({@code iss})
 * @param principal the name under which the application logs in the user that {@code sub} names;
 *     empty if the token has no {@code sub}
 * @param sid the provider's session ({@code sid}); empty or blank if the token has none
 * @param id the id of the token ({@code jti}), by which it is accepted once; a token whose id is
 *     blank is refused
 * @param issuedAt when it was issued ({@code iat})
 * @param expiresAt when it expires ({@code exp}). Some providers issue tokens without an expiry:
 *     then two minutes after {@code iat}
 * @since 0.1.0
 */
public record VerifiedLogout(
    String issuer,
    Optional<String> principal,
    Optional<String> sid,
    String id,
    Instant issuedAt,
    Instant expiresAt) {

  /**
   * Checks the parts. A blank {@code sid}, which any number of sessions may have, becomes none.
   *
   * @throws NullPointerException if one is null: such a token must be refused
   * @throws IllegalArgumentException if there is neither a principal nor a {@code sid}
   */
  public VerifiedLogout {
    Objects.requireNonNull(issuer, "issuer must not be null");
    Objects.requireNonNull(principal, "principal must not be null");
    Objects.requireNonNull(sid, "sid must not be null");
    Objects.requireNonNull(id, "id must not be null");
    Objects.requireNonNull(issuedAt, "issuedAt must not be null");
    Objects.requireNonNull(expiresAt, "expiresAt must not be null");
    sid = sid.filter(text -> !text.isBlank());
    if (principal.isEmpty() && sid.isEmpty()) {
      throw new IllegalArgumentException("principal or sid must be present: neither is");
    }
  }
}
