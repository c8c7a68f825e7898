package io.coatcheck.session.spring.club;

import static org.springframework.security.config.Customizer.withDefaults;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.ott.OneTimeTokenGenerationSuccessHandler;
import org.springframework.security.web.authentication.switchuser.SwitchUserFilter;
import org.springframework.security.web.session.HttpSessionEventPublisher;

/** Every way to log in, on the pages that Spring Security makes. */
@Configuration
class ClubSecurity {

  @Bean
  SecurityFilterChain clubChain(
      HttpSecurity http, OneTimeTokenGenerationSuccessHandler mail, UserDetailsService users)
      throws Exception {
    SwitchUserFilter switchUser = new SwitchUserFilter();
    switchUser.setUserDetailsService(users);
    switchUser.setTargetUrl("/account");
    switchUser.afterPropertiesSet();
    return http.authorizeHttpRequests(
            requests ->
                requests
                    .requestMatchers("/", "/token", "/refusal", "/partner")
                    .permitAll()
                    .requestMatchers("/login/impersonate")
                    .hasRole("ADMIN")
                    .anyRequest()
                    .authenticated())
        .formLogin(withDefaults())
        .oauth2Login(withDefaults())
        .oauth2Client(withDefaults())
        .rememberMe(remember -> remember.key("a key of this club"))
        .oneTimeTokenLogin(token -> token.tokenGenerationSuccessHandler(mail))
        .webAuthn(
            passkeys ->
                passkeys.rpName("Club").rpId("localhost").allowedOrigins("http://localhost:8080"))
        .sessionManagement(
            sessions ->
                sessions.invalidSessionUrl("/?invalid").maximumSessions(2).expiredUrl("/?expired"))
        .addFilterAfter(switchUser, AuthorizationFilter.class)
        .build();
  }

  @Bean
  HttpSessionEventPublisher sessionEvents() {
    return new HttpSessionEventPublisher();
  }

  @Bean
  UserDetailsService users() {
    return new InMemoryUserDetailsManager(
        user("ann", "USER"),
        user("bob", "USER"),
        user("cat", "USER"),
        user("dan", "USER"),
        user("eve", "ADMIN"));
  }

  private static UserDetails user(String name, String role) {
    return User.withUsername(name).password("{noop}ticket").roles(role).build();
  }
}
