package io.coatcheck.session.spring.server;

import java.util.Map;
import org.springframework.boot.web.embedded.jetty.JettyServletWebServerFactory;
import org.springframework.boot.web.embedded.undertow.UndertowServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The servers other than Tomcat that Spring Boot 3.5 embeds. */
public final class Servers {

  private Servers() {}

  /** Returns the configurations that choose them, by their names. */
  public static Map<String, Class<?>> others() {
    return Map.of("jetty", Jetty.class, "undertow", Undertow.class);
  }

  @Configuration
  static class Jetty {
    @Bean
    JettyServletWebServerFactory server() {
      return new JettyServletWebServerFactory();
    }
  }

  @Configuration
  static class Undertow {
    @Bean
    UndertowServletWebServerFactory server() {
      return new UndertowServletWebServerFactory();
    }
  }
}
