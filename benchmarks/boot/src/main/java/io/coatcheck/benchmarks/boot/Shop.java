package io.coatcheck.benchmarks.boot;

import java.io.IOException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Profile;
import org.springframework.core.Ordered;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;

/**
 * A shop with form login. It prints its port on standard output when it is ready, and ends with its
 * standard input.
 */
@SpringBootApplication
public class Shop {

  public static void main(String[] arguments) throws IOException {
    try (ConfigurableApplicationContext context = SpringApplication.run(Shop.class, arguments)) {
      System.out.println(
          "PORT " + context.getEnvironment().getRequiredProperty("local.server.port"));
      while (System.in.read() >= 0) {
        Thread.onSpinWait();
      }
    }
  }

  /** Before all other filters, those of sessions included. */
  @Bean
  FilterRegistrationBean<Meter> meter() {
    FilterRegistrationBean<Meter> registration = new FilterRegistrationBean<>(new Meter());
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
    return registration;
  }

  @Bean
  @Profile("!token")
  SecurityFilterChain security(HttpSecurity http) {
    return http.authorizeHttpRequests(
            requests -> requests.requestMatchers("/token").permitAll().anyRequest().authenticated())
        .formLogin(Customizer.withDefaults())
        .build();
  }

  /** Knows every name. */
  @Bean
  UserDetailsService users(@Value("${shop.members:false}") boolean areMembers) {
    return name -> {
      UserDetails user = User.withUsername(name).password("{noop}ticket").roles("USER").build();
      return areMembers ? new Member(user, name.length()) : user;
    };
  }
}
