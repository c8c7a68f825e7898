package io.coatcheck.session.spring;

import java.lang.reflect.Field;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.OidcUserInfo;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUserAuthority;
import org.springframework.security.oauth2.core.user.DefaultOAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2UserAuthority;
import org.springframework.util.ReflectionUtils;

/**
 * Compares what logins with a provider contain. Their own {@code equals} ignores some of it, such
 * as the token itself, and which claim is the name.
 */
final class ProviderContent {

  private static final @Nullable Field NAME_KEY = nameKeyField();

  private ProviderContent() {}

  private static @Nullable Field nameKeyField() {
    Field field = ReflectionUtils.findField(DefaultOAuth2User.class, "nameAttributeKey");
    if (field != null) {
      ReflectionUtils.makeAccessible(field);
    }
    return field;
  }

  /** Returns which attribute is the name of a user. */
  static @Nullable String nameKeyOf(DefaultOAuth2User user) {
    return NAME_KEY == null ? null : (String) ReflectionUtils.getField(NAME_KEY, user);
  }

  /** Returns whether a user is known, and another one has the same content. */
  static boolean isSameUser(OAuth2User user, @Nullable OAuth2User other) {
    if (other == null || user.getClass() != other.getClass()) {
      return false;
    }
    boolean isSame =
        Objects.equals(nameKeyOf((DefaultOAuth2User) user), nameKeyOf((DefaultOAuth2User) other))
            && isSameClaim(user.getAttributes(), other.getAttributes())
            && areSameAuthorities(user.getAuthorities(), other.getAuthorities());
    return isSame
        && (!(user instanceof DefaultOidcUser oidc)
            || (isSameToken(oidc.getIdToken(), ((DefaultOidcUser) other).getIdToken())
                && isSameInfo(oidc.getUserInfo(), ((DefaultOidcUser) other).getUserInfo())));
  }

  /** Returns whether authorities have the same content, in the same order. */
  static boolean areSameAuthorities(
      Collection<? extends GrantedAuthority> authorities,
      @Nullable Collection<? extends GrantedAuthority> others) {
    if (others == null || authorities.size() != others.size()) {
      return false;
    }
    Iterator<? extends GrantedAuthority> other = others.iterator();
    for (GrantedAuthority authority : authorities) {
      if (!other.hasNext() || !isSameAuthority(authority, other.next())) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSameAuthority(
      GrantedAuthority authority, @Nullable GrantedAuthority other) {
    if (other == null || authority.getClass() != other.getClass()) {
      return false;
    }
    if (!(authority instanceof OAuth2UserAuthority user)) {
      return authority.equals(other);
    }
    OAuth2UserAuthority that = (OAuth2UserAuthority) other;
    boolean isSame =
        Objects.equals(user.getAuthority(), that.getAuthority())
            && Objects.equals(user.getUserNameAttributeName(), that.getUserNameAttributeName())
            && isSameClaim(user.getAttributes(), that.getAttributes());
    return isSame
        && (!(user instanceof OidcUserAuthority oidc)
            || (isSameToken(oidc.getIdToken(), ((OidcUserAuthority) that).getIdToken())
                && isSameInfo(oidc.getUserInfo(), ((OidcUserAuthority) that).getUserInfo())));
  }

  private static boolean isSameToken(OidcIdToken token, @Nullable OidcIdToken other) {
    return other != null
        && token.getClass() == other.getClass()
        && Objects.equals(token.getTokenValue(), other.getTokenValue())
        && Objects.equals(token.getIssuedAt(), other.getIssuedAt())
        && Objects.equals(token.getExpiresAt(), other.getExpiresAt())
        && isSameClaim(token.getClaims(), other.getClaims());
  }

  private static boolean isSameInfo(@Nullable OidcUserInfo info, @Nullable OidcUserInfo other) {
    return info == null
        ? other == null
        : other != null
            && info.getClass() == other.getClass()
            && isSameClaim(info.getClaims(), other.getClaims());
  }

  /**
   * Returns whether claims have the same content, in the same order. An {@code equals} of the
   * application may compare less than everything, so apart from texts only the same object is the
   * same: the copies share all that never changes.
   */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSameClaim(@Nullable Object claim, @Nullable Object other) {
    if (claim == other) {
      return true;
    }
    if (claim == null || other == null || claim.getClass() != other.getClass()) {
      return false;
    }
    if (claim instanceof Map<?, ?> map) {
      return areSameClaims(map.keySet(), ((Map<?, ?>) other).keySet())
          && areSameClaims(map.values(), ((Map<?, ?>) other).values());
    }
    return claim instanceof List<?> list
        ? areSameClaims(list, (List<?>) other)
        : claim instanceof String && claim.equals(other);
  }

  private static boolean areSameClaims(Collection<?> claims, Collection<?> others) {
    Iterator<?> other = others.iterator();
    for (Object claim : claims) {
      if (!other.hasNext() || !isSameClaim(claim, other.next())) {
        return false;
      }
    }
    return !other.hasNext();
  }
}
