package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamField;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.context.SecurityContext;

/** A security context that was decoded, from which each request gets its own. Thread-safe. */
interface ContextTemplate {

  /** Authorities whose objects never change. The second one exists since Spring Security 7. */
  Set<String> IMMUTABLE_AUTHORITIES =
      Set.of(
          "org.springframework.security.core.authority.SimpleGrantedAuthority",
          "org.springframework.security.core.authority.FactorGrantedAuthority");

  /** With more, comparing them takes longer than is worth while. */
  int MAX_AUTHORITIES = 1_000;

  /** Returns a context of this content, which the caller may change. */
  SecurityContext newContext();

  /**
   * Returns whether a context has this content.
   *
   * @param codec says which principals are immutable
   */
  boolean hasContentOf(SecurityContext other, AttributeCodec codec);

  /** Returns whether each class has exactly these serializable fields of its own. */
  static boolean haveExactly(Map<Class<?>, Set<String>> fields) {
    return fields.entrySet().stream()
        .allMatch(known -> fieldsOf(known.getKey()).equals(known.getValue()));
  }

  private static Set<String> fieldsOf(Class<?> type) {
    return Arrays.stream(ObjectStreamClass.lookupAny(type).getFields())
        .map(ObjectStreamField::getName)
        .collect(Collectors.toSet());
  }

  /** Returns whether an authority is of a class whose objects never change. */
  static boolean isImmutable(@Nullable GrantedAuthority authority) {
    return authority != null && IMMUTABLE_AUTHORITIES.contains(authority.getClass().getName());
  }

  /** A stream of an attacker may lack the authorities, or one of them, or have millions. */
  static boolean areImmutable(@Nullable Collection<GrantedAuthority> authorities) {
    if (authorities == null || authorities.size() > MAX_AUTHORITIES) {
      return false;
    }
    for (GrantedAuthority authority : authorities) {
      if (!isImmutable(authority)) {
        return false;
      }
    }
    return true;
  }
}
