package io.coatcheck.session.spring.test;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;

/** Builds the contexts of Spring Security that sessions of tests hold. */
final class SecurityContexts {

  /** The attribute in which chains look for the context, unless they choose another one. */
  static final String ATTRIBUTE = HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY;

  private SecurityContexts() {}

  /**
   * Builds a context.
   *
   * @param authorities null for those of the {@code UserDetailsService}
   */
  static SecurityContext of(
      String user, @Nullable List<String> authorities, @Nullable ApplicationContext context) {
    UserDetails details = authorities == null ? known(user, context) : null;
    if (details == null) {
      List<String> names = authorities == null ? List.of("ROLE_USER") : authorities;
      details = new User(user, "", AuthorityUtils.createAuthorityList(names));
    }
    UsernamePasswordAuthenticationToken authentication =
        UsernamePasswordAuthenticationToken.authenticated(details, null, details.getAuthorities());
    authentication.eraseCredentials();
    return new SecurityContextImpl(authentication);
  }

  /** Checks that later requests will find the user. */
  static void requireKnown(String user, ApplicationContext context) {
    if (known(user, context) == null) {
      throw new IllegalArgumentException(
          "coatcheck.security.context=principal needs a user whom the UserDetailsService knows: "
              + user);
    }
  }

  private static @Nullable UserDetails known(String user, @Nullable ApplicationContext context) {
    UserDetailsService users =
        context == null ? null : context.getBeanProvider(UserDetailsService.class).getIfUnique();
    if (users == null) {
      return null;
    }
    try {
      return users.loadUserByUsername(user);
    } catch (UsernameNotFoundException e) {
      return null;
    }
  }
}
