package io.coatcheck.session.spring;

import java.lang.reflect.Constructor;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanUtils;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.util.ReflectionUtils;

/**
 * Builds the authentication of a login by remember-me. The public constructor takes the key, of
 * which an authentication only has the hash.
 */
final class RememberedToken {

  private static final @Nullable Constructor<RememberMeAuthenticationToken> BY_HASH = byHash();

  /** Whether Spring Security still has the constructor that takes the hash. */
  static final boolean CAN_BE_BUILT = BY_HASH != null;

  private RememberedToken() {}

  private static @Nullable Constructor<RememberMeAuthenticationToken> byHash() {
    try {
      return ReflectionUtils.accessibleConstructor(
          RememberMeAuthenticationToken.class, Integer.class, Object.class, Collection.class);
    } catch (NoSuchMethodException absent) {
      return null;
    }
  }

  /**
   * Returns an authentication.
   *
   * @throws IllegalStateException unless {@link #CAN_BE_BUILT}
   */
  static RememberMeAuthenticationToken of(
      Integer keyHash, Object principal, Collection<? extends GrantedAuthority> authorities) {
    if (BY_HASH == null) {
      throw new IllegalStateException("there is no constructor that takes the hash of the key");
    }
    return BeanUtils.instantiateClass(BY_HASH, keyHash, principal, authorities);
  }
}
