package io.coatcheck.session.migration;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The claims of a verified token. Contains nothing that can be presented.
 *
 * @param principal the name under which the user logs in from now on: 1 to 255 code points without
 *     U+0000 and lone surrogates
 * @param uniqueId the issuer and the id of the token ({@code iss} and {@code jti}, RFC 7519,
 *     sections 4.1.1 and 4.1.7), joined so that no two tokens share it; empty or blank if the
 *     tokens have no id, and then what its signature covers, the text before the last dot, may be
 *     used once
 * @param issuedAt when the user logged in to get it: {@code auth_time} if it has that, or else
 *     {@code iat}. A request for a fresh login is measured from it
 * @param expiresAt when it expires ({@code exp})
 * @since 0.1.0
 */
public record VerifiedToken(
    String principal, Optional<String> uniqueId, Instant issuedAt, Instant expiresAt) {

  /** Checks that no part is null. A blank id, which any number of tokens may have, becomes none. */
  public VerifiedToken {
    Objects.requireNonNull(principal, "principal must not be null");
    Objects.requireNonNull(uniqueId, "uniqueId must not be null");
    Objects.requireNonNull(issuedAt, "issuedAt must not be null");
    Objects.requireNonNull(expiresAt, "expiresAt must not be null");
    uniqueId = uniqueId.filter(id -> !id.isBlank());
  }

  /**
   * Describes a token by its usual claims.
   *
   * @param issuer {@code iss}
   * @param id {@code jti}; null or blank if the tokens have none
   * @throws NullPointerException if another part is null: such a token must be refused
   */
  public static VerifiedToken of(
      String principal, String issuer, @Nullable String id, Instant issuedAt, Instant expiresAt) {
    Objects.requireNonNull(issuer, "issuer must not be null");
    return new VerifiedToken(
        principal,
        Optional.ofNullable(id)
            .filter(text -> !text.isBlank())
            .map(text -> issuer.length() + ":" + issuer + text),
        issuedAt,
        expiresAt);
  }
}
