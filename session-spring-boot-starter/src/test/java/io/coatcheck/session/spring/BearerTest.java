package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.test.clients.Visitor;
import java.security.Principal;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("A resource server whose clients send their own bearer tokens")
class BearerTest {

  private static final byte[] KEY = new byte[32];

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    final List<SessionEvent> events = new CopyOnWriteArrayList<>();

    @GetMapping("/me")
    String me(Principal user) {
      return user.getName();
    }

    @Bean
    SecurityFilterChain bearerChain(HttpSecurity http, Environment environment) throws Exception {
      if (environment.containsProperty("test.invalid-session-url")) {
        // This adds a filter that reports each login that it finds new.
        http.sessionManagement(
            sessions ->
                sessions.invalidSessionUrl(environment.getProperty("test.invalid-session-url")));
      }
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .oauth2ResourceServer(server -> server.jwt(withDefaults()))
          .build();
    }

    @Bean
    JwtDecoder decoder() {
      return NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY, "HmacSHA256")).build();
    }

    @Bean
    SessionListener recorder() {
      return events::add;
    }
  }

  private static String token(byte[] key) throws Exception {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader(JWSAlgorithm.HS256), new JWTClaimsSet.Builder().subject("ann").build());
    jwt.sign(new MACSigner(key));
    return jwt.serialize();
  }

  @ParameterizedTest
  @CsvSource({
    "coatcheck.store=memory, coatcheck.header=Authorization",
    "coatcheck.store=memory, coatcheck.lazy=false",
    "coatcheck.store=memory, test.invalid-session-url=/?invalid",
    "spring.datasource.url=jdbc:h2:mem:bearer, coatcheck.security.context=session"
  })
  @DisplayName("is left alone: no session begins, no cookie is sent")
  void bearer(String store, String more) throws Exception {
    try (Site site = Site.start(Application.class, store, more)) {
      Visitor program = site.visitor().with("Authorization", "Bearer " + token(KEY));
      assertThat(program.get("/me").body()).isEqualTo("ann");
      assertThat(program.get("/me").body()).isEqualTo("ann");
      assertThat(program.hasCookie("__Host-session")).isFalse();
      byte[] otherKey = KEY.clone();
      otherKey[0] = 1;
      Visitor forger = site.visitor().with("Authorization", "Bearer " + token(otherKey));
      assertThat(forger.get("/me").statusCode()).isEqualTo(401);
      assertThat(forger.hasCookie("__Host-session")).isFalse();
      assertThat(site.bean(Application.class).events).isEmpty();
    }
  }
}
