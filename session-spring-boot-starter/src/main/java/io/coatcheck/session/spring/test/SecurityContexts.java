package io.coatcheck.session.spring.test;

import java.lang.reflect.Method;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/** Builds the contexts of Spring Security that sessions of tests hold. */
final class SecurityContexts {

  /** The attribute in which chains look for the context, unless they choose another one. */
  static final String ATTRIBUTE = HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY;

  /**
   * The attribute in which {@code LoginFactors} of the starter keeps the factors of a login, where
   * the session keeps no context.
   */
  static final String FACTORS_ATTRIBUTE = "io.coatcheck.session.spring.LoginFactors";

  /** The class of factors, which the version that the starter is compiled with lacks. */
  private static final String FACTOR =
      "org.springframework.security.core.authority.FactorGrantedAuthority";

  private SecurityContexts() {}

  /**
   * Builds a context.
   *
   * @param authorities null for those of the {@code UserDetailsService}
   */
  static SecurityContext of(
      String user,
      @Nullable List<String> authorities,
      List<String> factors,
      @Nullable ApplicationContext context) {
    UserDetails details = authorities == null ? known(user, context) : null;
    if (details == null) {
      List<String> names = authorities == null ? List.of("ROLE_USER") : authorities;
      details = new User(user, "", AuthorityUtils.createAuthorityList(names));
    }
    List<GrantedAuthority> all = new ArrayList<>(details.getAuthorities());
    if (!factors.isEmpty()) {
      Method factor = ClassUtils.getMethod(typeOf(factors), "fromAuthority", String.class);
      factors.forEach(
          name ->
              all.add(
                  (GrantedAuthority)
                      Objects.requireNonNull(ReflectionUtils.invokeMethod(factor, null, name))));
    }
    UsernamePasswordAuthenticationToken authentication =
        UsernamePasswordAuthenticationToken.authenticated(details, null, all);
    authentication.eraseCredentials();
    return new SecurityContextImpl(authentication);
  }

  /** Returns factors that are proved now, in the form in which {@code LoginFactors} reads them. */
  static String textOf(List<String> factors) {
    typeOf(factors);
    long second = InstantSource.system().instant().getEpochSecond();
    return factors.stream()
        .map(name -> second + " " + name)
        .sorted()
        .collect(Collectors.joining("\n"));
  }

  private static Class<?> typeOf(List<String> factors) {
    ClassLoader loader = SecurityContexts.class.getClassLoader();
    if (!ClassUtils.isPresent(FACTOR, loader)) {
      throw new IllegalArgumentException(
          "withFactors must not be used before Spring Security 7: " + factors);
    }
    return ClassUtils.resolveClassName(FACTOR, loader);
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
