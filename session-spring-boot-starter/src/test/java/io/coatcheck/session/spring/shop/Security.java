package io.coatcheck.session.spring.shop;

import static org.springframework.security.config.Customizer.withDefaults;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.session.HttpSessionEventPublisher;

/** Who may see what. */
@Configuration
class Security {

  /** For programs: each request has a password, and there are no sessions. */
  @Bean
  @Order(1)
  SecurityFilterChain apiSecurity(HttpSecurity http) throws Exception {
    return http.securityMatcher("/api/**")
        .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .csrf(csrf -> csrf.disable())
        .formLogin(login -> login.loginProcessingUrl("/api/login"))
        .httpBasic(withDefaults())
        .build();
  }

  @Bean
  @Order(2)
  SecurityFilterChain pageSecurity(HttpSecurity http) throws Exception {
    return http.authorizeHttpRequests(
            requests ->
                requests
                    .requestMatchers(
                        "/",
                        "/cart",
                        "/notice",
                        "/draft",
                        "/token",
                        "/visits",
                        "/rest-login",
                        "/failing",
                        "/refusal",
                        "/error")
                    .permitAll()
                    .requestMatchers("/admin/**")
                    .hasRole("ADMIN")
                    .anyRequest()
                    .authenticated())
        .formLogin(withDefaults())
        .httpBasic(withDefaults())
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
        user("bob", "ADMIN"),
        user("dora", "USER"),
        user("emil", "USER"),
        user("fay", "USER"),
        user("x".repeat(300), "USER"));
  }

  private static UserDetails user(String name, String role) {
    return User.withUsername(name).password("{noop}ticket").roles(role).build();
  }
}
