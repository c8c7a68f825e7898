package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Spring Security 6.5 and 7 put into sessions.
 *
 * <p>All of these are values: their fields are strings, numbers, instants and collections of such
 * values, and Java fills them without calling code of the class. Some {@code webauthn} enumerations
 * have a {@code readResolve}, which looks up the constant by its name. The comparator of
 * authorities compares their names. An exception has a cause, which must be allowed itself.
 */
final class SpringSecurityClasses {

  private static final String SECURITY = "org.springframework.security";

  private static final String AUTHENTICATION = SECURITY + ".authentication";
  private static final String OAUTH2 = SECURITY + ".oauth2";
  private static final String WEBAUTHN_API = SECURITY + ".web.webauthn.api";

  /** The classes that every kind of login leaves in the session. */
  private static final Set<String> CONTEXT =
      union(
          in(SECURITY + ".core.context", "SecurityContextImpl"),
          in(AUTHENTICATION, "AbstractAuthenticationToken"),
          in(SECURITY + ".core.authority", "SimpleGrantedAuthority"));

  /** The address of the client. */
  private static final Set<String> DETAILS =
      in(SECURITY + ".web.authentication", "WebAuthenticationDetails");

  /** How and when the user authenticated, since version 7. */
  private static final Set<String> FACTOR =
      in(SECURITY + ".core.authority", "FactorGrantedAuthority");

  private static final Set<String> USER =
      in(SECURITY + ".core.userdetails", "User User$AuthorityComparator");

  private static final Set<String> REFUSAL = in(SECURITY + ".core", "AuthenticationException");

  static final Set<String> FORM_LOGIN =
      union(
          CONTEXT,
          DETAILS,
          FACTOR,
          USER,
          REFUSAL,
          in(SECURITY + ".core.userdetails", "UsernameNotFoundException"),
          in(
              AUTHENTICATION,
              "AccountExpiredException AccountStatusException BadCredentialsException"
                  + " CredentialsExpiredException DisabledException LockedException"
                  + " UsernamePasswordAuthenticationToken"));

  /** The authority to return holds the administrator's own login. */
  static final Set<String> SWITCH_USER =
      union(
          CONTEXT,
          DETAILS,
          USER,
          in(AUTHENTICATION, "UsernamePasswordAuthenticationToken"),
          in(SECURITY + ".web.authentication.switchuser", "SwitchUserGrantedAuthority"));

  static final Set<String> CSRF = in(SECURITY + ".web.csrf", "DefaultCsrfToken");

  static final Set<String> SAVED_REQUEST =
      in(SECURITY + ".web.savedrequest", "DefaultSavedRequest SavedCookie");

  static final Set<String> REMEMBER_ME =
      union(CONTEXT, DETAILS, USER, in(AUTHENTICATION, "RememberMeAuthenticationToken"));

  static final Set<String> ONE_TIME_TOKEN =
      union(
          CONTEXT,
          FACTOR,
          USER,
          REFUSAL,
          in(
              AUTHENTICATION + ".ott",
              "InvalidOneTimeTokenException OneTimeTokenAuthentication"
                  + " OneTimeTokenAuthenticationToken"));

  static final Set<String> WEBAUTHN =
      union(
          CONTEXT,
          FACTOR,
          in(
              WEBAUTHN_API,
              "AttestationConveyancePreference AuthenticationExtensionsClientInput"
                  + " AuthenticatorSelectionCriteria AuthenticatorTransport Bytes"
                  + " COSEAlgorithmIdentifier ImmutableAuthenticationExtensionsClientInput"
                  + " ImmutableAuthenticationExtensionsClientInputs"
                  + " ImmutablePublicKeyCredentialUserEntity PublicKeyCredentialCreationOptions"
                  + " PublicKeyCredentialDescriptor PublicKeyCredentialParameters"
                  + " PublicKeyCredentialRequestOptions PublicKeyCredentialRpEntity"
                  + " PublicKeyCredentialType ResidentKeyRequirement"
                  + " UserVerificationRequirement"),
          in(SECURITY + ".web.webauthn.authentication", "WebAuthnAuthentication"));

  /** A client of an authorization server, with its secret. */
  private static final Set<String> CLIENT =
      union(
          in(
              OAUTH2 + ".client.registration",
              "ClientRegistration ClientRegistration$ClientSettings"
                  + " ClientRegistration$ProviderDetails"
                  + " ClientRegistration$ProviderDetails$UserInfoEndpoint"),
          in(OAUTH2 + ".core", "AuthenticationMethod ClientAuthenticationMethod"));

  /** A pending request to an authorization server. */
  private static final Set<String> AUTHORIZATION_REQUEST =
      union(
          in(
              OAUTH2 + ".core.endpoint",
              "OAuth2AuthorizationRequest OAuth2AuthorizationResponseType"),
          in(OAUTH2 + ".core", "AuthorizationGrantType"));

  static final Set<String> OAUTH2_CLIENT =
      union(
          AUTHORIZATION_REQUEST,
          CLIENT,
          in(OAUTH2 + ".client", "OAuth2AuthorizedClient"),
          in(
              OAUTH2 + ".core",
              "AbstractOAuth2Token OAuth2AccessToken OAuth2AccessToken$TokenType"
                  + " OAuth2RefreshToken"));

  /** A login that a provider refused. */
  private static final Set<String> REFUSED_LOGIN =
      union(
          REFUSAL,
          CLIENT,
          in(OAUTH2 + ".core", "OAuth2AuthenticationException OAuth2Error"),
          in(OAUTH2 + ".core.endpoint", "OAuth2AuthorizationExchange OAuth2AuthorizationResponse"),
          in(OAUTH2 + ".client.authentication", "OAuth2LoginAuthenticationToken"));

  static final Set<String> OAUTH2_LOGIN =
      union(
          CONTEXT,
          DETAILS,
          FACTOR,
          AUTHORIZATION_REQUEST,
          REFUSED_LOGIN,
          in(OAUTH2 + ".core", "OAuth2AuthorizationException"),
          in(OAUTH2 + ".core.user", "DefaultOAuth2User OAuth2UserAuthority"),
          in(OAUTH2 + ".client.authentication", "OAuth2AuthenticationToken"));

  static final Set<String> OIDC_LOGIN =
      union(
          CONTEXT,
          DETAILS,
          AUTHORIZATION_REQUEST,
          REFUSED_LOGIN,
          in(OAUTH2 + ".core", "AbstractOAuth2Token"),
          in(OAUTH2 + ".core.oidc", "OidcIdToken OidcUserInfo"),
          in(OAUTH2 + ".core.oidc.user", "DefaultOidcUser OidcUserAuthority"),
          in(OAUTH2 + ".core.user", "DefaultOAuth2User OAuth2UserAuthority"),
          in(OAUTH2 + ".client.authentication", "OAuth2AuthenticationToken"));

  private SpringSecurityClasses() {}
}
