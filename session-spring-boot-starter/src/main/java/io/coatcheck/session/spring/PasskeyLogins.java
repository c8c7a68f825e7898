package io.coatcheck.session.spring;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.DefaultSecurityFilterChain;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AbstractAuthenticationProcessingFilter;
import org.springframework.security.web.authentication.session.SessionAuthenticationStrategy;

/**
 * Makes a login by passkey work like any other. Spring Security gives its filter no session
 * authentication strategy, and adds it to the chain when {@link SecurityBridge} has been called, so
 * this sets it once the chain has been built.
 */
final class PasskeyLogins implements BeanPostProcessor {

  private static final String FILTER =
      "org.springframework.security.web.webauthn.authentication.WebAuthnAuthenticationFilter";

  /** The builder of a chain, and its strategy. */
  private record Chain(HttpSecurity http, SessionAuthenticationStrategy strategy) {}

  /** The chains that were not built at the last look. */
  private final Queue<Chain> chains = new ConcurrentLinkedQueue<>();

  void add(HttpSecurity http, SessionAuthenticationStrategy strategy) {
    chains.add(new Chain(http, strategy));
  }

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (bean instanceof SecurityFilterChain || bean instanceof FilterChainProxy) {
      chains.removeIf(PasskeyLogins::complete);
    }
    return bean;
  }

  /** Returns whether the chain was built. */
  private static boolean complete(Chain chain) {
    DefaultSecurityFilterChain built = built(chain.http());
    if (built == null) {
      return false;
    }
    for (Object filter : built.getFilters()) {
      if (filter instanceof AbstractAuthenticationProcessingFilter login
          && filter.getClass().getName().equals(FILTER)
          && PrivateField.STRATEGY.hasDefault(login)) {
        login.setSessionAuthenticationStrategy(chain.strategy());
      }
    }
    return true;
  }

  private static @Nullable DefaultSecurityFilterChain built(HttpSecurity http) {
    try {
      return http.getObject();
    } catch (IllegalStateException e) {
      // It has not been built.
      return null;
    }
  }
}
