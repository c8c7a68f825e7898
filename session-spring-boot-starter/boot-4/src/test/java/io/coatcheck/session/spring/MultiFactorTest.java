package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.test.TestLogin.loggedInAs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.spring.club.Mailbox;
import io.coatcheck.session.spring.test.TestLogin;
import io.coatcheck.session.spring.test.TestSession;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.annotation.authorization.EnableMultiFactorAuthentication;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.FactorGrantedAuthority;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("Multi-factor authentication of Spring Security, with only the user's name kept")
class MultiFactorTest {

  private static final String COOKIE = "__Host-session";
  private static final String BOTH = "ann [FACTOR_OTT, FACTOR_PASSWORD, ROLE_USER]";

  @Configuration
  @EnableAutoConfiguration
  @EnableMultiFactorAuthentication(
      authorities = {
        FactorGrantedAuthority.PASSWORD_AUTHORITY,
        FactorGrantedAuthority.OTT_AUTHORITY
      })
  @RestController
  static class Application {

    @Bean
    Mailbox mailbox() {
      return new Mailbox();
    }

    @Bean
    SecurityFilterChain chain(
        HttpSecurity http,
        Mailbox mailbox,
        @Value("${test.explicit-save:true}") boolean isExplicit)
        throws Exception {
      return http.authorizeHttpRequests(
              requests ->
                  requests.requestMatchers("/prove", "/retract").permitAll().anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .securityContext(contexts -> contexts.requireExplicitSave(isExplicit))
          .formLogin(withDefaults())
          .oneTimeTokenLogin(tokens -> tokens.tokenGenerationSuccessHandler(mailbox))
          .build();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }

    @GetMapping("/account")
    String account(Authentication user) {
      return user.getName()
          + " "
          + user.getAuthorities().stream().map(GrantedAuthority::getAuthority).sorted().toList();
    }

    /** Returns when the user gave the password. */
    @GetMapping("/password-given")
    String passwordGiven(Authentication user) {
      return user.getAuthorities().stream()
          .filter(FactorGrantedAuthority.class::isInstance)
          .map(FactorGrantedAuthority.class::cast)
          .filter(each -> each.getAuthority().equals(FactorGrantedAuthority.PASSWORD_AUTHORITY))
          .map(each -> each.getIssuedAt().toString())
          .findFirst()
          .orElseThrow();
    }

    /** Checks a factor in the application's own way. */
    @PostMapping("/prove")
    void prove(
        @RequestParam String factor,
        Authentication user,
        HttpServletRequest request,
        HttpServletResponse response) {
      List<GrantedAuthority> authorities = new ArrayList<>(user.getAuthorities());
      authorities.add(FactorGrantedAuthority.fromAuthority(factor));
      store(user, authorities, request, response);
    }

    @PostMapping("/retract")
    void retract(Authentication user, HttpServletRequest request, HttpServletResponse response) {
      List<GrantedAuthority> authorities = new ArrayList<>(user.getAuthorities());
      authorities.removeIf(FactorGrantedAuthority.class::isInstance);
      store(user, authorities, request, response);
    }

    private static void store(
        Authentication user,
        List<GrantedAuthority> authorities,
        HttpServletRequest request,
        HttpServletResponse response) {
      new HttpSessionSecurityContextRepository()
          .saveContext(
              new SecurityContextImpl(
                  UsernamePasswordAuthenticationToken.authenticated(
                      user.getPrincipal(), null, authorities)),
              request,
              response);
    }
  }

  private static Site start(String... more) {
    List<String> properties = new ArrayList<>(List.of(more));
    if (properties.stream().noneMatch(each -> each.startsWith("coatcheck.security.context="))) {
      properties.add(PrincipalFlows.PROPERTY);
    }
    properties.add("coatcheck.store=memory");
    properties.add("coatcheck.memory.copy-on-read=true");
    return Site.start(Application.class, properties.toArray(String[]::new));
  }

  private static Visitor withPassword(Site site) throws Exception {
    Visitor ann = site.visitor();
    assertThat(
            Visitor.location(
                ann.postWithToken("", "/login", "username", "ann", "password", "ticket")))
        .doesNotContain("error");
    assertOut(ann);
    return ann;
  }

  private static void giveToken(Site site, Visitor ann) throws Exception {
    ann.postWithToken("", "/ott/generate", "username", "ann");
    String token = site.bean(Mailbox.class).take("ann");
    assertThat(Visitor.location(ann.postWithToken("", "/login/ott", "token", token)))
        .doesNotContain("error");
  }

  private static void assertOut(Visitor visitor) throws Exception {
    assertThat(Visitor.location(visitor.get("/account"))).contains("/login");
  }

  @ParameterizedTest(name = "requireExplicitSave({0})")
  @ValueSource(strings = {"true", "false"})
  @DisplayName("needs each factor, and keeps those that were given, as text")
  void factors(String explicit) throws Exception {
    try (Site site = start("test.explicit-save=" + explicit)) {
      Instant before = Instant.now().minusSeconds(1);
      Visitor ann = withPassword(site);
      String half = ann.cookie(COOKIE);
      Instant after = Instant.now();
      assertOut(ann);
      giveToken(site, ann);
      assertThat(ann.get("/account").body()).isEqualTo(BOTH);
      assertThat(ann.get("/account").body()).isEqualTo(BOTH);
      assertThat(Instant.parse(ann.get("/password-given").body())).isBetween(before, after);
      assertThat(StoredText.of(site, ann.cookie(COOKIE)))
          .contains("FACTOR_OTT")
          .doesNotContain("FactorGrantedAuthority", "SecurityContext");
      Visitor thief = site.visitor();
      thief.take(COOKIE, half);
      assertOut(thief);
      assertOut(withPassword(site));
    }
  }

  @Test
  @DisplayName("asks for all factors again after a logout")
  void loggedOut() throws Exception {
    try (Site site = start()) {
      Visitor ann = withPassword(site);
      giveToken(site, ann);
      assertThat(ann.get("/account").body()).isEqualTo(BOTH);
      ann.postWithToken("", "/logout");
      giveToken(site, ann);
      assertOut(ann);
    }
  }

  @ParameterizedTest(name = "requireExplicitSave({0})")
  @ValueSource(strings = {"true", "false"})
  @DisplayName("may be done by the application itself, which stores a context with the factor")
  void byHand(String explicit) throws Exception {
    try (Site site = start("test.explicit-save=" + explicit)) {
      Visitor ann = withPassword(site);
      ann.postWithToken("", "/prove", "factor", "FACTOR_OTT");
      assertThat(ann.get("/account").body()).isEqualTo(BOTH);
      ann.postWithToken("", "/retract");
      assertOut(ann);
    }
  }

  @ParameterizedTest(name = "coatcheck.security.context={0}")
  @ValueSource(strings = {"principal", "session"})
  @DisplayName("asks for no factor that a TestLogin has")
  void testLogin(String context) throws Exception {
    try (Site site = start("coatcheck.security.context=" + context)) {
      assertOut(opened(site, loggedInAs("ann")));
      assertOut(opened(site, loggedInAs("ann").withFactors("FACTOR_PASSWORD")));
      Instant before = Instant.now().minusSeconds(1);
      Visitor ann = opened(site, loggedInAs("ann").withFactors("FACTOR_PASSWORD", "FACTOR_OTT"));
      Instant after = Instant.now();
      assertThat(ann.get("/account").body()).isEqualTo(BOTH);
      assertThat(Instant.parse(ann.get("/password-given").body())).isBetween(before, after);
      ann.postWithToken("", "/retract");
      assertOut(ann);
    }
  }

  private static Visitor opened(Site site, TestLogin login) {
    TestSession session = login.on(site.context());
    Visitor visitor = site.visitor();
    visitor.take(COOKIE, session.headerValue().substring((COOKIE + "=").length()));
    return visitor;
  }
}
