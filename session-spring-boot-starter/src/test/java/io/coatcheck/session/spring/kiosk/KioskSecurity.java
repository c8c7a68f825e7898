package io.coatcheck.session.spring.kiosk;

import static org.springframework.security.config.Customizer.withDefaults;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/** All pages are for members, and one is for the owner. */
@Configuration
public class KioskSecurity {

  @Bean
  SecurityFilterChain kioskChain(HttpSecurity http) throws Exception {
    return http.authorizeHttpRequests(
            requests ->
                requests.requestMatchers("/takings").hasRole("OWNER").anyRequest().authenticated())
        .formLogin(withDefaults())
        .build();
  }

  @Bean
  UserDetailsService members() {
    return new InMemoryUserDetailsManager(
        User.withUsername("ann").password("{noop}ticket").roles("MEMBER").build(),
        User.withUsername("olga").password("{noop}ticket").roles("MEMBER", "OWNER").build());
  }
}
