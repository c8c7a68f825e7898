package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.spring.club.Mailbox;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Partner;
import io.coatcheck.test.clients.Passkey;
import io.coatcheck.test.clients.Visitor;
import java.io.Serializable;
import java.net.http.HttpResponse;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialCreationOptions;

/** Every way to log in of Spring Security is a login of the session, on every store. */
interface ClubFlows {

  String COOKIE = "__Host-session";

  /** Since Spring Security 7.1. */
  boolean IS_REGISTRATION_SERIALIZABLE =
      Serializable.class.isAssignableFrom(PublicKeyCredentialCreationOptions.class);

  Site site();

  /** Returns whether the store keeps bytes, and not the objects themselves. */
  boolean keepsBytes();

  /** Returns the properties of a client of the partner. */
  static String[] properties(Partner partner, String... more) {
    String provider = "spring.security.oauth2.client.provider.partner.issuer-uri=";
    String client = "spring.security.oauth2.client.registration.";
    String[] own = {
      provider + partner.url(),
      client + "oidc.provider=partner",
      client + "oidc.client-id=shop",
      client + "oidc.client-secret=the secret of the client",
      client + "oidc.scope=openid,profile",
      client + "plain.provider=partner",
      client + "plain.client-id=shop",
      client + "plain.client-secret=the secret of the client",
      client + "plain.scope=profile",
      client + "plain.authorization-grant-type=authorization_code",
      client + "plain.redirect-uri={baseUrl}/login/oauth2/code/plain",
      client + "api.provider=partner",
      client + "api.client-id=shop",
      client + "api.client-secret=the secret of the client",
      client + "api.scope=orders",
      client + "api.authorization-grant-type=authorization_code",
      client + "api.redirect-uri={baseUrl}/authorized/api"
    };
    String[] all = new String[own.length + more.length];
    System.arraycopy(own, 0, all, 0, own.length);
    System.arraycopy(more, 0, all, own.length, more.length);
    return all;
  }

  /** The visitor is this user for the application and for the session, in the list of devices. */
  private void assertLoggedIn(Visitor visitor, String user) throws Exception {
    assertThat(visitor.get("/account").body()).isEqualTo(user);
    SessionId id = SessionToken.parse(visitor.cookie(COOKIE)).orElseThrow().id();
    assertThat(site().bean(SessionManager.class).sessionsOf(user))
        .extracting(SessionInfo::id)
        .contains(id);
  }

  /** Where sessions are bytes, this context is not deserialized by each request. */
  private void assertUsualContext(Visitor visitor) throws Exception {
    if (!keepsBytes()) {
      return;
    }
    AttributeCodec codec = site().bean(AttributeCodec.class);
    SessionId id = SessionToken.parse(visitor.cookie(COOKIE)).orElseThrow().id();
    AttributeValue stored =
        site()
            .bean(SessionStore.class)
            .find(id)
            .orElseThrow()
            .attributes()
            .get(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY);
    SecurityContext context = (SecurityContext) stored.object(codec);
    ContextTemplate template = ProviderContext.of(context, codec);
    assertThat(template).isNotNull();
    assertThat(template.hasContentOf(template.newContext(), codec)).isTrue();
    Object first = codec.decode(stored.bytes());
    assertThat(codec.encodeAgain(first, stored.bytes())).as("known").isSameAs(stored.bytes());
  }

  @Test
  @DisplayName("OpenID Connect")
  default void oidc() throws Exception {
    Visitor visitor = site().visitor();
    assertThat(visitor.follow(visitor.get("/oauth2/authorization/oidc")).body())
        .isEqualTo("Welcome");
    assertLoggedIn(visitor, "ann");
    assertUsualContext(visitor);
    assertThat(Visitor.location(visitor.post("/logout"))).endsWith("/login?logout");
    assertThat(visitor.hasCookie(COOKIE)).isFalse();
  }

  @Test
  @DisplayName("OAuth 2.0, from the page that was asked for first")
  default void oauth2() throws Exception {
    Visitor visitor = site().visitor();
    assertThat(Visitor.location(visitor.get("/account"))).endsWith("/login");
    String before = visitor.cookie(COOKIE);
    assertThat(visitor.follow(visitor.get("/oauth2/authorization/plain")).body()).isEqualTo("ann");
    assertThat(visitor.cookie(COOKIE)).isNotEqualTo(before);
    assertLoggedIn(visitor, "ann");
    assertUsualContext(visitor);
  }

  @Test
  @DisplayName(
      "OAuth 2.0, refused: the page shows why, and the session has no secret of the client")
  default void oauth2Refused() throws Exception {
    for (String code : new String[] {"error=access_denied", "code=" + Partner.USED}) {
      Visitor visitor = site().visitor();
      String location = Visitor.location(visitor.get("/oauth2/authorization/oidc"));
      String state = location.replaceAll(".*[?&]state=([^&]*).*", "$1");
      HttpResponse<String> refused =
          visitor.get("/login/oauth2/code/oidc?" + code + "&state=" + state);
      assertThat(Visitor.location(refused)).as(code).endsWith("/login?error");
      assertThat(visitor.get("/refusal").body()).as(code).isNotEqualTo("no refusal");
      assertThat(StoredText.of(site(), visitor.cookie(COOKIE)))
          .as(code)
          .doesNotContain("the secret of the client")
          .doesNotContain("OAuth2LoginAuthenticationToken")
          .doesNotContain("OAuth2AuthorizationCodeAuthenticationToken");
    }
  }

  @Test
  @DisplayName("An ID token with a wrong signature is a refused login, and not an error")
  default void forged() throws Exception {
    Visitor visitor = site().visitor();
    String location = Visitor.location(visitor.get("/oauth2/authorization/oidc"));
    String state = location.replaceAll(".*[?&]state=([^&]*).*", "$1");
    HttpResponse<String> refused =
        visitor.get("/login/oauth2/code/oidc?code=" + Partner.FORGED + "&state=" + state);
    assertThat(Visitor.location(refused)).endsWith("/login?error");
    assertThat(visitor.get("/refusal").body()).isNotEqualTo("no refusal");
  }

  @Test
  @DisplayName("An access token of a visitor who is not logged in")
  default void client() throws Exception {
    Visitor visitor = site().visitor();
    assertThat(visitor.follow(visitor.get("/partner")).body()).isEqualTo("api: an access token");
    assertThat(visitor.get("/partner").body()).isEqualTo("api: an access token");
  }

  @Test
  @DisplayName("One-time token")
  default void oneTimeToken() throws Exception {
    Visitor cat = site().visitor();
    cat.post("/ott/generate", "username", "cat");
    String token = site().bean(Mailbox.class).take("cat");
    cat.post("/login/ott", "token", token);
    assertLoggedIn(cat, "cat");
    assertThat(StoredText.of(site(), cat.cookie(COOKIE))).doesNotContain(token);
  }

  @Test
  @DisplayName("Remember-me of Spring Security, in another session of the browser")
  default void rememberMe() throws Exception {
    Visitor bob = site().visitor();
    bob.post("/login", "username", "bob", "password", "ticket", "remember-me", "on");
    assertThat(bob.hasCookie("remember-me")).isTrue();
    bob.forget(COOKIE);
    assertLoggedIn(bob, "bob");
  }

  @Test
  @DisplayName("Passkey: the secret of the session changes, which Spring Security alone leaves")
  default void passkey() throws Exception {
    Visitor ann = site().visitor();
    ann.logIn("ann");
    Passkey key = new Passkey("http://localhost:8080", "localhost");
    HttpResponse<String> options = ann.postJson("/webauthn/register/options", "{}");
    if (keepsBytes() && !IS_REGISTRATION_SERIALIZABLE) {
      assertThat(options.statusCode()).as("the options are not serializable").isEqualTo(500);
      return;
    }
    assertThat(ann.postJson("/webauthn/register", key.register(options.body())).body())
        .contains("\"success\":true");
    Visitor again = site().visitor();
    HttpResponse<String> request = again.postJson("/webauthn/authenticate/options", "{}");
    String before = again.cookie(COOKIE);
    assertThat(again.postJson("/login/webauthn", key.sign(request.body())).body())
        .contains("\"authenticated\":true");
    assertThat(again.cookie(COOKIE)).isNotEqualTo(before);
    assertLoggedIn(again, "ann");
    assertLogsInAgain(ann, key);
  }

  /** A login of the user whose session it is also ends the earlier secret, and is a fresh proof. */
  private void assertLogsInAgain(Visitor ann, Passkey key) throws Exception {
    String before = ann.cookie(COOKIE);
    Instant first = loginOf(ann);
    HttpResponse<String> request = ann.postJson("/webauthn/authenticate/options", "{}");
    assertThat(ann.postJson("/login/webauthn", key.sign(request.body())).body())
        .contains("\"authenticated\":true");
    assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
    assertLoggedIn(ann, "ann");
    assertThat(loginOf(ann)).isAfter(first);
    Visitor thief = site().visitor();
    thief.take(COOKIE, before);
    assertThat(thief.get("/account").statusCode()).isEqualTo(302);
    assertLoggedIn(ann, "ann");
  }

  private Instant loginOf(Visitor visitor) {
    SessionId id = SessionToken.parse(visitor.cookie(COOKIE)).orElseThrow().id();
    return site().bean(SessionManager.class).sessionsOf("ann").stream()
        .filter(session -> session.id().equals(id))
        .findFirst()
        .flatMap(SessionInfo::authenticatedAt)
        .orElseThrow();
  }

  @Test
  @DisplayName("maximumSessions of Spring Security: a third login ends the first")
  default void maximumSessions() throws Exception {
    Visitor[] browsers = {site().visitor(), site().visitor(), site().visitor()};
    for (Visitor browser : browsers) {
      browser.logIn("dan");
    }
    assertThat(Visitor.location(browsers[0].get("/account"))).endsWith("/?expired");
    assertThat(browsers[1].get("/account").body()).isEqualTo("dan");
    browsers[1].post("/logout");
    browsers[0].logIn("dan");
    assertLoggedIn(browsers[0], "dan");
    assertLoggedIn(browsers[2], "dan");
  }

  @Test
  @DisplayName("An administrator who acts as a user keeps the session, and returns from it")
  default void switchUser() throws Exception {
    Visitor eve = site().visitor();
    eve.logIn("eve");
    SessionId id = SessionToken.parse(eve.cookie(COOKIE)).orElseThrow().id();
    HttpResponse<String> switched = eve.post("/login/impersonate", "username", "ann");
    assertThat(switched.statusCode()).as(switched.body()).isEqualTo(302);
    assertThat(eve.get("/account").body()).isEqualTo("ann");
    assertThat(site().bean(SessionManager.class).sessionsOf("eve"))
        .extracting(SessionInfo::id)
        .contains(id);
    assertThat(site().bean(SessionManager.class).sessionsOf("ann"))
        .extracting(SessionInfo::id)
        .doesNotContain(id);
    eve.post("/logout/impersonate");
    assertThat(eve.get("/account").body()).isEqualTo("eve");
  }

  @Test
  @DisplayName("An administrator whose sessions are ended is logged out as the other user as well")
  default void switchedUserIsEnded() throws Exception {
    Visitor eve = site().visitor();
    eve.logIn("eve");
    eve.post("/login/impersonate", "username", "ann");
    assertThat(eve.get("/account").body()).isEqualTo("ann");
    site().bean(SessionManager.class).revokeAllOf("eve");
    assertThat(eve.get("/account").statusCode()).isEqualTo(302);
  }

  @Test
  @DisplayName("A user who is not an administrator cannot act as another")
  default void switchUserIsRefused() throws Exception {
    Visitor bob = site().visitor();
    bob.logIn("bob");
    assertThat(bob.post("/login/impersonate", "username", "ann").statusCode()).isEqualTo(403);
    assertThat(bob.get("/account").body()).isEqualTo("bob");
  }
}
