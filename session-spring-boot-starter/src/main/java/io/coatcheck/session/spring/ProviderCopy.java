package io.coatcheck.session.spring;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
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

/**
 * Copies one login with a provider, of which {@link ClaimCheck} knows everything. What two places
 * of the login share, two places of the copy share too.
 */
final class ProviderCopy {

  private final IdentityHashMap<Object, Object> copies = new IdentityHashMap<>();

  /** Returns a copy. */
  OAuth2AuthenticationToken of(OAuth2AuthenticationToken login) {
    OAuth2User user = copyOf(login.getPrincipal(), this::user);
    List<GrantedAuthority> authorities = authorities(login.getAuthorities());
    OAuth2AuthenticationToken copy =
        new OAuth2AuthenticationToken(user, authorities, login.getAuthorizedClientRegistrationId());
    copy.setDetails(login.getDetails());
    return copy;
  }

  @SuppressWarnings("unchecked")
  private <T> T copyOf(T original, UnaryOperator<T> copy) {
    // Not computeIfAbsent: copying adds to the map.
    T known = (T) copies.get(original);
    if (known == null) {
      known = copy.apply(original);
      copies.put(original, known);
    }
    return known;
  }

  private OAuth2User user(OAuth2User user) {
    List<GrantedAuthority> authorities = authorities(user.getAuthorities());
    String nameKey = ProviderContent.nameKeyOf((DefaultOAuth2User) user);
    if (user instanceof DefaultOidcUser oidc) {
      return new DefaultOidcUser(
          authorities, idToken(oidc.getIdToken()), userInfo(oidc.getUserInfo()), nameKey);
    }
    return new DefaultOAuth2User(authorities, claims(user.getAttributes()), nameKey);
  }

  private List<GrantedAuthority> authorities(Iterable<? extends GrantedAuthority> authorities) {
    List<GrantedAuthority> copy = new ArrayList<>();
    for (GrantedAuthority authority : authorities) {
      copy.add(copyOf(authority, this::authority));
    }
    return copy;
  }

  private GrantedAuthority authority(GrantedAuthority authority) {
    if (authority instanceof OidcUserAuthority oidc) {
      return new OidcUserAuthority(
          oidc.getAuthority(),
          idToken(oidc.getIdToken()),
          userInfo(oidc.getUserInfo()),
          oidc.getUserNameAttributeName());
    }
    if (authority instanceof OAuth2UserAuthority oauth) {
      return new OAuth2UserAuthority(
          oauth.getAuthority(), claims(oauth.getAttributes()), oauth.getUserNameAttributeName());
    }
    return authority;
  }

  private OidcIdToken idToken(OidcIdToken token) {
    return copyOf(
        token,
        each ->
            new OidcIdToken(
                each.getTokenValue(),
                each.getIssuedAt(),
                each.getExpiresAt(),
                claims(each.getClaims())));
  }

  private @Nullable OidcUserInfo userInfo(@Nullable OidcUserInfo info) {
    return info == null ? null : copyOf(info, each -> new OidcUserInfo(claims(each.getClaims())));
  }

  private Map<String, Object> claims(Map<String, Object> claims) {
    Map<String, Object> copy = new LinkedHashMap<>();
    claims.forEach((name, value) -> copy.put(name, claim(value)));
    return copy;
  }

  private Object claim(Object value) {
    if (value instanceof ArrayList<?> list) {
      return copyOf((Object) list, each -> copyInto(new ArrayList<>(list.size()), list));
    }
    if (value instanceof HashMap<?, ?> map) {
      return copyOf((Object) map, each -> copyInto(emptyLike(map), map));
    }
    return value;
  }

  private Object copyInto(List<Object> copy, List<?> list) {
    list.forEach(element -> copy.add(claim(element)));
    return copy;
  }

  private Object copyInto(Map<Object, Object> copy, Map<?, ?> map) {
    map.forEach((key, element) -> copy.put(key, claim(element)));
    return copy;
  }

  private static Map<Object, Object> emptyLike(Map<?, ?> map) {
    return map instanceof LinkedHashMap ? new LinkedHashMap<>() : new HashMap<>();
  }
}
