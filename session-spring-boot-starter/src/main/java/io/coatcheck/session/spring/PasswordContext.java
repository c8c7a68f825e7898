package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

/**
 * What the security context of a login with a password, or by Spring Security's remember-me,
 * consists of, if it consists of the usual classes only. Immutable, as all parts are; the context
 * itself and what it holds are not. Contexts with equal parts have the same content.
 *
 * @param rememberedBy the hash of the key of a login by remember-me; null for one with a password
 */
record PasswordContext(
    @Nullable Integer rememberedBy,
    Principal principal,
    @Nullable String credentials,
    List<GrantedAuthority> authorities,
    @Nullable WebAuthenticationDetails details)
    implements ContextTemplate {

  /** The fields that {@link #of} reads. A class with others could not be built from the parts. */
  private static final boolean HAS_KNOWN_CLASSES =
      ContextTemplate.haveExactly(
          Map.of(
              SecurityContextImpl.class,
              Set.of("authentication"),
              UsernamePasswordAuthenticationToken.class,
              Set.of("principal", "credentials"),
              RememberMeAuthenticationToken.class,
              Set.of("principal", "keyHash"),
              AbstractAuthenticationToken.class,
              Set.of("authorities", "details", "authenticated"),
              WebAuthenticationDetails.class,
              Set.of("remoteAddress", "sessionId"),
              User.class,
              Set.of(
                  "username",
                  "password",
                  "authorities",
                  "accountNonExpired",
                  "accountNonLocked",
                  "credentialsNonExpired",
                  "enabled")));

  /**
   * Returns the parts of a context; null if it contains anything else, or if its user is not logged
   * in.
   *
   * @param codec says which principals are immutable
   */
  static @Nullable PasswordContext of(SecurityContext context, AttributeCodec codec) {
    AbstractAuthenticationToken login = loginOf(context.getAuthentication());
    if (!HAS_KNOWN_CLASSES || context.getClass() != SecurityContextImpl.class || login == null) {
      return null;
    }
    Object details = login.getDetails();
    boolean isRemembered = login instanceof RememberMeAuthenticationToken;
    Object credentials = isRemembered ? null : login.getCredentials();
    Principal principal = principalOf(login.getPrincipal(), codec);
    if (principal == null
        || (credentials != null && credentials.getClass() != String.class)
        || (details != null && details.getClass() != WebAuthenticationDetails.class)
        || !ContextTemplate.areImmutable(login.getAuthorities())) {
      return null;
    }
    return new PasswordContext(
        isRemembered ? ((RememberMeAuthenticationToken) login).getKeyHash() : null,
        principal,
        (String) credentials,
        List.copyOf(login.getAuthorities()),
        (WebAuthenticationDetails) details);
  }

  /** Returns a login of a usual class; null for any other, and if the user is not logged in. */
  private static @Nullable AbstractAuthenticationToken loginOf(@Nullable Authentication login) {
    if (login == null || !login.isAuthenticated()) {
      return null;
    }
    boolean isUsual =
        login.getClass() == UsernamePasswordAuthenticationToken.class
            || (login.getClass() == RememberMeAuthenticationToken.class
                && RememberedToken.CAN_BE_BUILT);
    return isUsual ? (AbstractAuthenticationToken) login : null;
  }

  private static @Nullable Principal principalOf(@Nullable Object principal, AttributeCodec codec) {
    if (principal == null) {
      return null;
    }
    if (principal.getClass() == User.class) {
      return UserParts.of((User) principal);
    }
    // A declared class may extend this one, whose password is erased in place.
    boolean hasPassword = principal instanceof User user && user.getPassword() != null;
    return codec.isImmutable(principal) && !hasPassword ? new Shared(principal) : null;
  }

  @Override
  public SecurityContext newContext() {
    Object user = principal.newObject();
    AbstractAuthenticationToken login =
        rememberedBy == null
            ? UsernamePasswordAuthenticationToken.authenticated(user, credentials, authorities)
            : RememberedToken.of(rememberedBy, user, authorities);
    login.setDetails(details);
    return new SecurityContextImpl(login);
  }

  @Override
  public boolean hasContentOf(SecurityContext other, AttributeCodec codec) {
    return equals(of(other, codec));
  }

  /** Whose context it is. */
  private sealed interface Principal {

    Object newObject();
  }

  /**
   * An immutable principal, which contexts share. Its own {@code equals} may compare less than all
   * that it contains, so only the same object is equal, or the same text.
   */
  private record Shared(Object object) implements Principal {

    @Override
    public Object newObject() {
      return object;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Shared that
          && (object == that.object || (object instanceof String && object.equals(that.object)));
    }

    @Override
    public int hashCode() {
      return object instanceof String ? object.hashCode() : System.identityHashCode(object);
    }
  }

  /** What a user of Spring Security's own class consists of. */
  private record UserParts(
      String username,
      @Nullable String password,
      boolean enabled,
      boolean accountNonExpired,
      boolean credentialsNonExpired,
      boolean accountNonLocked,
      List<GrantedAuthority> authorities)
      implements Principal {

    static @Nullable UserParts of(User user) {
      boolean isComplete = user.getUsername() != null && !user.getUsername().isEmpty();
      return isComplete && ContextTemplate.areImmutable(user.getAuthorities())
          ? new UserParts(
              user.getUsername(),
              user.getPassword(),
              user.isEnabled(),
              user.isAccountNonExpired(),
              user.isCredentialsNonExpired(),
              user.isAccountNonLocked(),
              List.copyOf(user.getAuthorities()))
          : null;
    }

    @Override
    public Object newObject() {
      User user =
          new User(
              username,
              Objects.requireNonNullElse(password, ""),
              enabled,
              accountNonExpired,
              credentialsNonExpired,
              accountNonLocked,
              authorities);
      if (password == null) {
        user.eraseCredentials();
      }
      return user;
    }
  }
}
