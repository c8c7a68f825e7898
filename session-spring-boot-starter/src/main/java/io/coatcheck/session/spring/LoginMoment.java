package io.coatcheck.session.spring;

import io.coatcheck.session.LoginOptions;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.util.ClassUtils;

/**
 * When the user of a login of Spring Security proved who they are: for a remember-me cookie, at a
 * moment that is not known; for a login by OpenID Connect, when the provider says; for any other,
 * at the login.
 */
final class LoginMoment {

  private static final boolean HAS_OPENID_CONNECT =
      ClassUtils.isPresent(
          "org.springframework.security.oauth2.core.oidc.user.OidcUser",
          LoginMoment.class.getClassLoader());

  private LoginMoment() {}

  /** Returns options that also say when the user proved who they are. */
  static LoginOptions in(LoginOptions options, Authentication login) {
    return of(login)
        .map(moment -> options.toBuilder().authenticatedAt(moment).build())
        .orElse(options);
  }

  /** Returns the moment; empty if it is that of the login. */
  private static Optional<Instant> of(Authentication login) {
    if (SecurityLogin.isRemembered(login)) {
      return Optional.of(Instant.EPOCH);
    }
    return HAS_OPENID_CONNECT
        ? Optional.ofNullable(OfProvider.momentOf(login.getPrincipal()))
        : Optional.empty();
  }

  /** Loaded only where the classes of OpenID Connect are. */
  private static final class OfProvider {

    private OfProvider() {}

    /** Returns the {@code auth_time} of the ID token; null if there is none. */
    static @Nullable Instant momentOf(@Nullable Object principal) {
      return principal instanceof OidcUser user && user.getIdToken() != null
          ? user.getIdToken().getAuthenticatedAt()
          : null;
    }
  }
}
