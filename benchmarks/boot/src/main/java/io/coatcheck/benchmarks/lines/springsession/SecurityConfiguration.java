package io.coatcheck.benchmarks.lines.springsession;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.security.SpringSessionBackedSessionRegistry;
import org.springframework.session.security.web.authentication.SpringSessionRememberMeServices;

@Configuration
class SecurityConfiguration {

  @Bean
  <S extends Session> SpringSessionBackedSessionRegistry<S> registry(
      FindByIndexNameSessionRepository<S> sessions) {
    return new SpringSessionBackedSessionRegistry<>(sessions);
  }

  @Bean
  SecurityFilterChain security(
      HttpSecurity http, SpringSessionBackedSessionRegistry<?> registry, UserDetailsService users) {
    return http.authorizeHttpRequests(
            requests ->
                requests
                    .requestMatchers("/token")
                    .permitAll()
                    .requestMatchers("/admin")
                    .hasRole("ADMIN")
                    .anyRequest()
                    .authenticated())
        .formLogin(form -> form.successHandler(new DeviceRecorder()))
        .rememberMe(remember -> remember.rememberMeServices(new SpringSessionRememberMeServices()))
        .sessionManagement(
            sessions -> sessions.maximumSessions(3).sessionRegistry(registry).expiredUrl("/login"))
        .addFilterBefore(new CurrentUserFilter(users), AuthorizationFilter.class)
        .build();
  }
}
