package io.coatcheck.examples.frameworks.spring;

import static org.springframework.security.config.Customizer.withDefaults;

import jakarta.servlet.Filter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.User.UserBuilder;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.factory.PasswordEncoderFactories;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.AuthenticationFailureHandler;
import org.springframework.security.web.authentication.ott.OneTimeTokenGenerationSuccessHandler;
import org.springframework.security.web.authentication.session.SessionAuthenticationStrategy;
import org.springframework.security.web.authentication.switchuser.SwitchUserFilter;
import org.springframework.security.web.session.HttpSessionEventPublisher;
import org.springframework.security.web.webauthn.authentication.WebAuthnAuthenticationFilter;

/** Who may see what, and the ways to log in. */
@Configuration
class Security {

  /** Every way to log in, on the pages that Spring Security makes. */
  @Bean
  SecurityFilterChain chain(
      HttpSecurity http,
      OneTimeTokenGenerationSuccessHandler mail,
      UserDetailsService users,
      ObjectProvider<ClientRegistrationRepository> partners,
      @Value("${shop.keep-refusals:false}") boolean keepRefusals)
      throws Exception {
    if (partners.getIfAvailable() != null) {
      http.oauth2Login(withDefaults()).oauth2Client(withDefaults());
    }
    if (!keepRefusals) {
      AuthenticationFailureHandler refused = new RefusedLogin();
      http.formLogin(login -> login.failureHandler(refused));
      if (partners.getIfAvailable() != null) {
        http.oauth2Login(login -> login.failureHandler(refused));
      }
    }
    SecurityFilterChain chain =
        http.authorizeHttpRequests(
                requests ->
                    requests
                        .requestMatchers(
                            "/", "/cart", "/notice", "/draft", "/token", "/refusal", "/partner")
                        .permitAll()
                        .requestMatchers("/login/impersonate")
                        .hasRole("ADMIN")
                        .requestMatchers("/full")
                        .fullyAuthenticated()
                        .anyRequest()
                        .authenticated())
            .formLogin(withDefaults())
            .rememberMe(remember -> remember.key("a key of this shop"))
            .oneTimeTokenLogin(token -> token.tokenGenerationSuccessHandler(mail))
            .webAuthn(
                passkeys ->
                    passkeys
                        .rpName("Shop")
                        .rpId("localhost")
                        .allowedOrigins("http://localhost:8080"))
            // In place of changeSessionId(), which leaves the session anonymous.
            .sessionManagement(
                sessions ->
                    sessions
                        .sessionAuthenticationStrategy(new SessionLogin())
                        .invalidSessionUrl("/?invalid")
                        .maximumSessions(2)
                        .expiredUrl("/?expired"))
            .addFilterAfter(switchUser(users), AuthorizationFilter.class)
            .build();
    // Passkeys ask no strategy by themselves: the session would keep its secret.
    for (Filter filter : chain.getFilters()) {
      if (filter instanceof WebAuthnAuthenticationFilter passkeys) {
        passkeys.setSessionAuthenticationStrategy(
            http.getSharedObject(SessionAuthenticationStrategy.class));
      }
    }
    return chain;
  }

  /** Lets an administrator act as another user; no bean, or it would be registered twice. */
  private static SwitchUserFilter switchUser(UserDetailsService users) {
    SwitchUserFilter filter = new SwitchUserFilter();
    filter.setUserDetailsService(users);
    filter.setTargetUrl("/account");
    filter.afterPropertiesSet();
    return filter;
  }

  /** Notifies the registry of {@code maximumSessions} when a session has ended. */
  @Bean
  HttpSessionEventPublisher sessionEvents() {
    return new HttpSessionEventPublisher();
  }

  @Bean
  UserDetailsService users() {
    String password = PasswordEncoderFactories.createDelegatingPasswordEncoder().encode("ticket");
    UserBuilder user = User.withUsername("ann").password(password).roles("USER");
    return new InMemoryUserDetailsManager(
        user.build(),
        user.username("bob").build(),
        user.username("cat").build(),
        user.username("dan").build(),
        user.username("eve").roles("ADMIN").build(),
        user.username("locked").roles("USER").accountLocked(true).build(),
        user.username("disabled").accountLocked(false).disabled(true).build(),
        user.username("gone").disabled(false).accountExpired(true).build(),
        user.username("stale").accountExpired(false).credentialsExpired(true).build());
  }
}
