package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManager;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;

@Tag("wide")
@DisplayName("How old a login of Spring Security is")
class LoginAgeTest {

  private static final String COOKIE = "__Host-session";

  private static void assertAsksForALogin(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(302);
    assertThat(Visitor.location(answer)).endsWith("/login");
  }

  @Test
  @DisplayName("one by the cookie of Spring's remember-me is never a fresh one")
  void springsRememberMe() throws Exception {
    try (Site site = Bank.open(Bank.RememberMe.class)) {
      Visitor ann = Bank.loggedIn(site);
      assertThat(ann.get("/fresh").body()).isEqualTo("true");
      assertThat(ann.get("/vault").body()).isEqualTo("open");

      ann.forget(COOKIE);
      assertThat(ann.get("/fresh").body()).isEqualTo("false");
      assertThat(ann.get("/account").body()).isEqualTo("ann [ROLE_USER]");
      assertThat(ann.get("/fresh").body()).isEqualTo("false");
      assertAsksForALogin(ann.get("/vault"));

      Bank.logIn(ann);
      assertThat(ann.get("/fresh").body()).isEqualTo("true");
      assertThat(ann.get("/vault").body()).isEqualTo("open");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "principal"})
  @DisplayName("a remembered one is not a full one once any other would have ended")
  void remembered(String context) throws Exception {
    try (Site site = Bank.remembering(Bank.OwnCookie.class, context)) {
      Visitor ann = rememberedAtTheAbsoluteTimeout(site);
      assertAsksForALogin(ann.get("/vault"));
      assertThat(ann.get("/account").body()).isEqualTo("ann [ROLE_USER]");
      Bank.logIn(ann);
      assertThat(ann.get("/vault").body()).isEqualTo("open");
      assertThat(ann.get("/fresh").body()).isEqualTo("true");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "principal"})
  @DisplayName("the same where each request saves its context at its end")
  void rememberedSavedAtEnd(String context) throws Exception {
    try (Site site = Bank.remembering(Bank.SavedAtEnd.class, context)) {
      Visitor ann = rememberedAtTheAbsoluteTimeout(site);
      assertAsksForALogin(ann.get("/vault"));
      assertAsksForALogin(ann.get("/account"));
      Bank.logIn(ann);
      assertThat(ann.get("/vault").body()).isEqualTo("open");
    }
  }

  /** Returns a user who is remembered and no more than that, and whom no request has logged in. */
  private static Visitor rememberedAtTheAbsoluteTimeout(Site site) throws Exception {
    Visitor ann = Bank.loggedIn(site);
    Bank.advance(site, Duration.ofHours(12).minusMillis(1));
    assertThat(ann.get("/vault").body()).isEqualTo("open");

    Bank.advance(site, Duration.ofMillis(1));
    String cookie = ann.cookie(COOKIE);
    assertThat(ann.get("/account").body()).isEqualTo("ann [ROLE_USER]");
    assertThat(ann.get("/fresh").body()).isEqualTo("false");
    assertThat(ann.cookie(COOKIE)).as("no request was a login").isEqualTo(cookie);
    assertThat(site.bean(SessionManager.class).sessionsOf("ann"))
        .singleElement()
        .satisfies(session -> assertThat(session.remembered()).isTrue());
    return ann;
  }

  private static Authentication provided(Map<String, Object> claims) {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    OidcIdToken token = new OidcIdToken("text", now, now.plusSeconds(60), claims);
    return new OAuth2AuthenticationToken(
        new DefaultOidcUser(AuthorityUtils.NO_AUTHORITIES, token),
        AuthorityUtils.NO_AUTHORITIES,
        "provider");
  }

  @Test
  @DisplayName("one by OpenID Connect is from when the provider says, if it does")
  void authTime() {
    Instant proven = Instant.parse("2025-12-24T00:00:00Z");
    LoginOptions options = LoginOptions.remember();

    LoginOptions known =
        LoginMoment.in(options, provided(Map.of("sub", "ann", "auth_time", proven)));
    assertThat(known.authenticatedAt()).contains(proven);
    assertThat(known.remembered()).isTrue();
    assertThat(LoginMoment.in(options, provided(Map.of("sub", "ann")))).isSameAs(options);
    assertThat(
            LoginMoment.in(
                    options,
                    new RememberMeAuthenticationToken("key", "ann", AuthorityUtils.NO_AUTHORITIES))
                .authenticatedAt())
        .contains(Instant.EPOCH);
    assertThat(
            LoginMoment.in(
                options,
                UsernamePasswordAuthenticationToken.authenticated(
                    "ann", null, AuthorityUtils.NO_AUTHORITIES)))
        .isSameAs(options);
  }
}
