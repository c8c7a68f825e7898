package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Spring Security 6.5 and 7 put into sessions. All of these classes are values: their fields
 * are strings, numbers, moments, and collections of each other.
 */
final class SpringSecurityClasses {

  private static final String SECURITY = "org.springframework.security";

  /** A security context, and what every way to log in has in it. */
  private static final Set<String> CONTEXT =
      union(
          in(SECURITY + ".core.context", "SecurityContextImpl"),
          in(SECURITY + ".authentication", "AbstractAuthenticationToken"),
          in(SECURITY + ".core.authority", "SimpleGrantedAuthority FactorGrantedAuthority"),
          in(SECURITY + ".web.authentication", "WebAuthenticationDetails"));

  private static final Set<String> USER =
      in(SECURITY + ".core.userdetails", "User User$AuthorityComparator");

  /** Why an attempt was refused. */
  private static final Set<String> REFUSALS =
      union(
          in(SECURITY + ".core", "AuthenticationException"),
          in(
              SECURITY + ".authentication",
              "AccountExpiredException AccountStatusException BadCredentialsException"
                  + " CredentialsExpiredException DisabledException LockedException"));

  static final Set<String> FORM_LOGIN =
      union(
          CONTEXT,
          USER,
          REFUSALS,
          in(SECURITY + ".authentication", "UsernamePasswordAuthenticationToken"));

  static final Set<String> CSRF = in(SECURITY + ".web.csrf", "DefaultCsrfToken");

  static final Set<String> SAVED_REQUEST =
      in(SECURITY + ".web.savedrequest", "DefaultSavedRequest SavedCookie");

  private SpringSecurityClasses() {}
}
