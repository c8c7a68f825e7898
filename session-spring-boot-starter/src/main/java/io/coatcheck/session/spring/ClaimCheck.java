package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.OidcUserInfo;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUserAuthority;
import org.springframework.security.oauth2.core.user.DefaultOAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2UserAuthority;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

/**
 * Checks that everything in a login with a provider is of a class that {@link ProviderCopy} copies,
 * or that never changes. A stream of an attacker may lack anything, and refer to the same list
 * again and again, so what is visited is counted. For one login.
 */
final class ClaimCheck {

  /** With more, comparing them takes longer than is worth while. */
  private static final int MAX_VISITED = 2_000;

  private static final int MAX_DEPTH = 16;

  private final AttributeCodec codec;
  private int visited;

  /**
   * Creates a check.
   *
   * @param codec says which values are immutable
   */
  ClaimCheck(AttributeCodec codec) {
    this.codec = codec;
  }

  /** Returns whether everything is known. */
  boolean isKnown(OAuth2AuthenticationToken login) {
    Object details = login.getDetails();
    return isKnownUser(login.getPrincipal())
        && areKnown(login.getAuthorities())
        && (details == null || details.getClass() == WebAuthenticationDetails.class);
  }

  private boolean isKnownUser(@Nullable OAuth2User user) {
    if (user == null || !areKnown(user.getAuthorities())) {
      return false;
    }
    if (user.getClass() == DefaultOidcUser.class) {
      DefaultOidcUser oidc = (DefaultOidcUser) user;
      return areKnownClaims(oidc.getAttributes())
          && isKnownToken(oidc.getIdToken())
          && isKnownInfo(oidc.getUserInfo());
    }
    return user.getClass() == DefaultOAuth2User.class && areKnownClaims(user.getAttributes());
  }

  private boolean areKnown(@Nullable Collection<? extends GrantedAuthority> authorities) {
    if (authorities == null || authorities.size() > ContextTemplate.MAX_AUTHORITIES) {
      return false;
    }
    for (GrantedAuthority authority : authorities) {
      boolean isNamed = authority != null && authority.getAuthority() != null;
      if (!isNamed || !(ContextTemplate.isImmutable(authority) || isKnownAuthority(authority))) {
        return false;
      }
    }
    return true;
  }

  private boolean isKnownAuthority(GrantedAuthority authority) {
    if (authority.getClass() == OidcUserAuthority.class) {
      OidcUserAuthority oidc = (OidcUserAuthority) authority;
      return areKnownClaims(oidc.getAttributes())
          && isKnownToken(oidc.getIdToken())
          && isKnownInfo(oidc.getUserInfo());
    }
    return authority.getClass() == OAuth2UserAuthority.class
        && areKnownClaims(((OAuth2UserAuthority) authority).getAttributes());
  }

  private boolean isKnownToken(@Nullable OidcIdToken token) {
    return token != null
        && token.getClass() == OidcIdToken.class
        && areKnownClaims(token.getClaims());
  }

  private boolean isKnownInfo(@Nullable OidcUserInfo info) {
    return info == null
        || (info.getClass() == OidcUserInfo.class && areKnownClaims(info.getClaims()));
  }

  private boolean areKnownClaims(@Nullable Map<String, Object> claims) {
    return claims != null && areKnownValues(claims, 1);
  }

  private boolean areKnownValues(Map<?, ?> map, int depth) {
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!(entry.getKey() instanceof String) || !isKnownValue(entry.getValue(), depth)) {
        return false;
      }
    }
    return true;
  }

  private boolean isKnownValue(@Nullable Object value, int depth) {
    visited++;
    if (visited > MAX_VISITED || depth > MAX_DEPTH) {
      return false;
    }
    if (value == null || value.getClass() == URL.class || codec.isImmutable(value)) {
      return true;
    }
    if (value.getClass() == ArrayList.class) {
      for (Object element : (ArrayList<?>) value) {
        if (!isKnownValue(element, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    return (value.getClass() == LinkedHashMap.class || value.getClass() == HashMap.class)
        && areKnownValues((Map<?, ?>) value, depth + 1);
  }
}
