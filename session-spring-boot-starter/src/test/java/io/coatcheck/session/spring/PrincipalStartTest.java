package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.spring.club.Club;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.test.clients.Partner;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.AuthenticatedPrincipal;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.context.HttpRequestResponseHolder;
import org.springframework.security.web.context.SecurityContextRepository;

@Tag("wide")
@DisplayName("With only the user's name in the session")
class PrincipalStartTest {

  private static final String[] PROPERTIES = {PrincipalFlows.PROPERTY, "coatcheck.store=memory"};

  @Configuration
  static class SecondService {

    @Bean
    UserDetailsService others() {
      return new InMemoryUserDetailsManager();
    }
  }

  @Test
  @DisplayName("a login by OpenID Connect fails startup")
  void openIdConnect() throws Exception {
    try (Partner partner = new Partner()) {
      assertThatThrownBy(
              () ->
                  Site.start(
                      Club.class, ClubFlows.properties(partner, PROPERTIES[0], PROPERTIES[1])))
          .hasMessageContaining("coatcheck.security.context=principal does not work with");
    }
  }

  @Configuration
  static class Remembering {

    @Bean
    @Order(0)
    SecurityFilterChain remembering(HttpSecurity http) throws Exception {
      return http.securityMatcher("/remembered")
          .rememberMe(remember -> remember.key("a key of this test"))
          .build();
    }
  }

  @Test
  @DisplayName("Spring Security's remember-me fails startup: its logins would gain full rights")
  void rememberMe() {
    assertThatThrownBy(() -> Site.start(List.of(Staff.class, Remembering.class), PROPERTIES))
        .hasMessageContaining("does not work with the remember-me of Spring Security");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "io.coatcheck.session.spring.ChainsTest$WithOwnRepository, OwnRepository",
    "io.coatcheck.session.spring.ChainsTest$WithOwnRepositoryBesideRequest, OwnRepository",
    "io.coatcheck.session.spring.ChainsTest$ByHand, not built by HttpSecurity",
    "io.coatcheck.session.spring.ChainsTest$InXml, not built by HttpSecurity"
  })
  @DisplayName("a chain that would not know its users on the next request fails startup")
  void otherRepositories(Class<?> application, String reason) {
    assertThatThrownBy(() -> Site.start(application, PROPERTIES))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("coatcheck.security.context=principal does not work with")
        .hasMessageContaining(reason);
  }

  /** Knows the user by each request, as one does that keeps logins in its own cookie. */
  private static final class InRequest implements SecurityContextRepository {

    @Override
    @SuppressWarnings({"deprecation", "InlineMeSuggester"}) // The interface demands it.
    @Deprecated
    public SecurityContext loadContext(HttpRequestResponseHolder holder) {
      String user = holder.getRequest().getHeader("X-User");
      return user == null
          ? new SecurityContextImpl()
          : new SecurityContextImpl(new TestingAuthenticationToken(user, null, "ROLE_USER"));
    }

    @Override
    public void saveContext(
        SecurityContext context, HttpServletRequest request, HttpServletResponse response) {}

    @Override
    public boolean containsContext(HttpServletRequest request) {
      return request.getHeader("X-User") != null;
    }
  }

  @Configuration
  static class Stateless extends ChainsTest.Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.securityContext(context -> context.securityContextRepository(new InRequest()))
          .sessionManagement(
              sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS));
    }
  }

  @Test
  @DisplayName("an application that excludes what builds the contexts fails startup")
  void excluded() {
    assertThatThrownBy(
            () ->
                Site.start(
                    Staff.class,
                    PROPERTIES[0],
                    PROPERTIES[1],
                    "spring.autoconfigure.exclude="
                        + CoatcheckSecurityAutoConfiguration.class.getName()))
        .rootCause()
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("coatcheck.security.context must not be principal without");
  }

  @Test
  @DisplayName("a stateless chain with its own repository is left alone")
  void stateless() throws Exception {
    try (Site site = Site.start(Stateless.class, PROPERTIES)) {
      assertThat(site.visitor().get("/account").statusCode()).isEqualTo(302);
      Visitor ann = site.visitor().with("X-User", "ann");
      assertThat(ann.get("/account").statusCode()).isEqualTo(404);
      assertThat(ann.hasCookie("__Host-session")).isFalse();
    }
  }

  @Test
  @DisplayName("a login that withholds an authority of the user is refused")
  void lesserLogin() {
    InMemoryUserDetailsManager service = new InMemoryUserDetailsManager();
    service.createUser(
        User.withUsername("ann").password("secret").authorities("ROLE_USER", "ROLE_ADMIN").build());
    PrincipalUsers users = users(service, Duration.ZERO, System::nanoTime);
    users.require(
        new TestingAuthenticationToken("ann", null, "ROLE_USER", "ROLE_ADMIN", "FACTOR_PASSWORD"));
    assertThatThrownBy(
            () -> users.require(new TestingAuthenticationToken("ann", null, "ROLE_USER")))
        .isInstanceOf(SessionAuthenticationException.class)
        .hasMessageContaining("withholds some: [ROLE_ADMIN]");
  }

  @Test
  @DisplayName("two UserDetailsServices fail startup")
  void twoServices() {
    assertThatThrownBy(() -> Site.start(List.of(Staff.class, SecondService.class), PROPERTIES))
        .hasMessageContaining(
            "coatcheck.security.context=principal needs one bean of type UserDetailsService");
  }

  @Test
  @DisplayName("a user is used again for at most five seconds, or less if set so")
  void maxAge() {
    assertThatThrownBy(
            () ->
                Site.start(
                    Staff.class,
                    PROPERTIES[0],
                    PROPERTIES[1],
                    "coatcheck.security.user-max-age=5001ms"))
        .rootCause()
        .hasMessage("coatcheck.security.user-max-age: must be from 0 to 5 seconds: PT5.001S");
    InMemoryUserDetailsManager service = new InMemoryUserDetailsManager();
    service.createUser(User.withUsername("ann").password("secret").roles("ADMIN").build());
    AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1);
    PrincipalUsers users = users(service, Duration.ofSeconds(5), now::get);
    assertThat(users.find("ann").orElseThrow().getPassword()).isNull();
    service.updateUser(User.withUsername("ann").password("secret").roles("USER").build());
    now.addAndGet(Duration.ofMillis(4_999).toNanos());
    assertThat(users.find("ann").orElseThrow().getAuthorities()).hasToString("[ROLE_ADMIN]");
    now.addAndGet(Duration.ofMillis(1).toNanos());
    assertThat(users.find("ann").orElseThrow().getAuthorities()).hasToString("[ROLE_USER]");
    service.deleteUser("ann");
    assertThat(users.find("ann")).isPresent();
    assertThatThrownBy(() -> users.require(new TestingAuthenticationToken("ann", null, "USER")))
        .isInstanceOf(SessionAuthenticationException.class);
    assertThat(users.find("ann")).isEmpty();
  }

  @Test
  @DisplayName(
      "a login whose claims would be lost is refused, and an outage does not end a session")
  void refused() {
    AuthenticatedPrincipal claims = () -> "ann";
    PrincipalUsers users =
        users(
            name -> {
              throw new IllegalStateException("the directory cannot be reached");
            },
            Duration.ZERO,
            System::nanoTime);
    assertThatThrownBy(() -> users.require(new TestingAuthenticationToken(claims, null)))
        .isInstanceOf(SessionAuthenticationException.class)
        .hasMessageContaining("needs what its provider has asserted");
    assertThatThrownBy(() -> users.find("ann")).isInstanceOf(IllegalStateException.class);
  }

  private static PrincipalUsers users(
      UserDetailsService service, Duration maxAge, LongSupplier nanoTime) {
    StaticListableBeanFactory beans = new StaticListableBeanFactory();
    beans.addBean("users", service);
    return new PrincipalUsers(beans.getBeanProvider(UserDetailsService.class), maxAge, nanoTime);
  }
}
