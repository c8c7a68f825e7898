package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.core.AbstractOAuth2Token;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.OidcUserInfo;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUserAuthority;
import org.springframework.security.oauth2.core.user.DefaultOAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2UserAuthority;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

/**
 * The security context of a login with OAuth 2.0 or OpenID Connect, if it consists of the usual
 * classes only. The claims of a provider contain lists and maps that a request may change, so each
 * request gets a copy.
 */
final class ProviderContext implements ContextTemplate {

  /** The name of the class without which this one cannot be loaded. */
  static final String LOGIN =
      "org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken";

  /** The fields that are copied. A class with others could not be copied. */
  private static final boolean HAS_KNOWN_CLASSES =
      ContextTemplate.haveExactly(
              Map.of(
                  SecurityContextImpl.class,
                  Set.of("authentication"),
                  OAuth2AuthenticationToken.class,
                  Set.of("principal", "authorizedClientRegistrationId"),
                  AbstractAuthenticationToken.class,
                  Set.of("authorities", "details", "authenticated"),
                  WebAuthenticationDetails.class,
                  Set.of("remoteAddress", "sessionId"),
                  DefaultOAuth2User.class,
                  Set.of("authorities", "attributes", "nameAttributeKey"),
                  DefaultOidcUser.class,
                  Set.of("idToken", "userInfo"),
                  AbstractOAuth2Token.class,
                  Set.of("tokenValue", "issuedAt", "expiresAt"),
                  OidcIdToken.class,
                  Set.of("claims"),
                  OidcUserInfo.class,
                  Set.of("claims")))
          && ContextTemplate.haveExactly(
              Map.of(
                  OAuth2UserAuthority.class,
                  Set.of("authority", "attributes", "userNameAttributeName"),
                  OidcUserAuthority.class,
                  Set.of("idToken", "userInfo")));

  /** Never given to a request. */
  private final OAuth2AuthenticationToken login;

  private ProviderContext(OAuth2AuthenticationToken login) {
    this.login = login;
  }

  /**
   * Returns a template of a context; null if it contains anything else, or if its user is not
   * logged in.
   *
   * @param context not retained
   * @param codec says which claims are immutable
   * @throws RuntimeException if it was planted, and contains what no constructor takes
   */
  static @Nullable ProviderContext of(SecurityContext context, AttributeCodec codec) {
    OAuth2AuthenticationToken login = loginOf(context);
    if (!HAS_KNOWN_CLASSES || login == null || !new ClaimCheck(codec).isKnown(login)) {
      return null;
    }
    return new ProviderContext(new ProviderCopy().of(login));
  }

  private static @Nullable OAuth2AuthenticationToken loginOf(SecurityContext context) {
    return context.getClass() == SecurityContextImpl.class
            && context.getAuthentication() instanceof OAuth2AuthenticationToken login
            && login.getClass() == OAuth2AuthenticationToken.class
            && login.isAuthenticated()
        ? login
        : null;
  }

  @Override
  public SecurityContext newContext() {
    return new SecurityContextImpl(new ProviderCopy().of(login));
  }

  @Override
  public boolean hasContentOf(SecurityContext other, AttributeCodec codec) {
    OAuth2AuthenticationToken that = loginOf(other);
    return that != null
        && Objects.equals(
            login.getAuthorizedClientRegistrationId(), that.getAuthorizedClientRegistrationId())
        && isSameDetails(login.getDetails(), that.getDetails())
        && ProviderContent.isSameUser(login.getPrincipal(), that.getPrincipal())
        && ProviderContent.areSameAuthorities(login.getAuthorities(), that.getAuthorities());
  }

  private static boolean isSameDetails(@Nullable Object details, @Nullable Object other) {
    return details == null
        ? other == null
        : other != null && details.getClass() == other.getClass() && details.equals(other);
  }
}
