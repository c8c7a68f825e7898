package io.coatcheck.session.spring.desk;

import static org.springframework.security.config.Customizer.withDefaults;

import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationEventPublisher;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.SecurityFilterChain;

/** All pages are open. The objects of the users are kept, so passwords are not erased. */
@Configuration
class DeskSecurity {

  @Bean
  SecurityFilterChain deskChain(
      HttpSecurity http,
      AuthenticationManager passwords,
      @Value("${desk.explicit-save:true}") boolean isExplicit,
      @Value("${desk.sessions:IF_REQUIRED}") SessionCreationPolicy sessions)
      throws Exception {
    return http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
        .csrf(AbstractHttpConfigurer::disable)
        .securityContext(context -> context.requireExplicitSave(isExplicit))
        .sessionManagement(management -> management.sessionCreationPolicy(sessions))
        .authenticationManager(passwords)
        .formLogin(withDefaults())
        .build();
  }

  @Bean
  UserDetailsService users() {
    Map<String, UserDetails> people =
        Map.of(
            "ann", new Person("ann", "ROLE_USER"),
            "bob", new Person("bob", "ROLE_USER"),
            "olga", new Person("olga", "ROLE_USER", "ROLE_OWNER"));
    return name -> {
      UserDetails person = people.get(name);
      if (person == null) {
        throw new UsernameNotFoundException(name);
      }
      return person;
    };
  }

  @Bean
  AuthenticationManager authenticationManager(
      UserDetailsService users,
      AuthenticationEventPublisher events,
      @Value("${desk.events:false}") boolean isPublished) {
    ProviderManager manager = new ProviderManager(new DaoAuthenticationProvider(users));
    manager.setEraseCredentialsAfterAuthentication(false);
    if (isPublished) {
      manager.setAuthenticationEventPublisher(events);
    }
    return manager;
  }
}
