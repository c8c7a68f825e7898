package io.coatcheck.session.spring;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.migration.BackChannelLogout;
import io.coatcheck.session.migration.ProviderLogin;
import io.coatcheck.session.servlet.WebSession;
import java.time.Instant;
import java.util.Optional;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;

/**
 * Records the provider's session for logins by OpenID Connect, so that a logout there ends the
 * session here.
 */
final class ProviderLogins implements SessionLogins {

  private final BackChannelLogout endpoint;

  ProviderLogins(BackChannelLogout endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public LoginResult logIn(
      WebSession session, Authentication authentication, LoginOptions options) {
    if (!(authentication.getPrincipal() instanceof OidcUser user)) {
      return BY_NAME.logIn(session, authentication, options);
    }
    OidcIdToken token = user.getIdToken();
    String issuer = token.getClaimAsString("iss");
    Instant issuedAt = token.getIssuedAt();
    if (issuer == null || issuedAt == null) {
      throw new IllegalArgumentException("the ID token must have an iss and an iat");
    }
    ProviderLogin login =
        new ProviderLogin(issuer, Optional.ofNullable(token.getClaimAsString("sid")), issuedAt);
    return endpoint.login(
        session, authentication.getName(), login, LoginMoment.in(options, authentication));
  }
}
