package io.coatcheck.benchmarks.boot;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.util.WebUtils;

/** The same shop without a session: a JSON Web Token in a cookie says who the user is. */
@Configuration(proxyBeanMethods = false)
@Profile("token")
class Tokens {

  @Bean
  SecurityFilterChain security(HttpSecurity http, @Value("${shop.key}") String key) {
    byte[] secret = key.getBytes(StandardCharsets.UTF_8);
    NimbusJwtDecoder decoder =
        NimbusJwtDecoder.withSecretKey(new SecretKeySpec(secret, "HmacSHA256")).build();
    return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .csrf(AbstractHttpConfigurer::disable)
        .oauth2ResourceServer(
            server -> server.bearerTokenResolver(Tokens::find).jwt(token -> token.decoder(decoder)))
        .build();
  }

  private static @Nullable String find(HttpServletRequest request) {
    Cookie cookie = WebUtils.getCookie(request, "token");
    return cookie == null ? null : cookie.getValue();
  }
}
