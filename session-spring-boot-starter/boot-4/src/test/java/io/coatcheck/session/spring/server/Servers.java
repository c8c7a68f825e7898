package io.coatcheck.session.spring.server;

import java.util.Map;
import org.springframework.boot.jetty.servlet.JettyServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The servers other than Tomcat that Spring Boot 4 embeds; Undertow is no longer one of them. */
public final class Servers {

  private Servers() {}

  /** Returns the configurations that choose them, by their names. */
  public static Map<String, Class<?>> others() {
    return Map.of("jetty", Jetty.class);
  }

  @Configuration
  static class Jetty {
    @Bean
    JettyServletWebServerFactory server() {
      return new JettyServletWebServerFactory();
    }
  }
}
