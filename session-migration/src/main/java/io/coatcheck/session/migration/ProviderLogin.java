package io.coatcheck.session.migration;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A login at an identity provider, as its verified ID token describes it.
 *
 * @param issuer the provider ({@code iss}), as in its logout tokens
 * @param sid the provider's session ({@code sid}); empty or blank if the token has none
 * @param issuedAt when the ID token was issued ({@code iat})
 * @since 0.1.0
 */
public record ProviderLogin(String issuer, Optional<String> sid, Instant issuedAt) {

  /** Checks that no part is null. A blank {@code sid} becomes none. */
  public ProviderLogin {
    Objects.requireNonNull(issuer, "issuer must not be null");
    Objects.requireNonNull(sid, "sid must not be null");
    Objects.requireNonNull(issuedAt, "issuedAt must not be null");
    sid = sid.filter(text -> !text.isBlank());
  }
}
