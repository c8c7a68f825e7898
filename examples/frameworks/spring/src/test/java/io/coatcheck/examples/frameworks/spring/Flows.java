package io.coatcheck.examples.frameworks.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.clients.Passkey;
import io.coatcheck.test.clients.Visitor;
import java.io.Serializable;
import java.net.http.HttpResponse;
import java.time.Instant;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialCreationOptions;
import org.springframework.util.ClassUtils;

/** What people do on the site: a method for each feature that keeps something in the session. */
final class Flows {

  static final String COOKIE = "__Host-session";

  static final boolean HAS_SECURITY_7 =
      ClassUtils.isPresent(
          "org.springframework.security.core.authority.FactorGrantedAuthority", null);

  /** Whether a registration can be kept as bytes: since Spring Security 7.1. */
  static final boolean HAS_STORABLE_PASSKEYS =
      Serializable.class.isAssignableFrom(PublicKeyCredentialCreationOptions.class);

  private Flows() {}

  /** A login with a password, after refused attempts of every kind; a logout. */
  static void formLogin(Site site) throws Exception {
    for (String user : new String[] {"nobody", "locked", "disabled", "gone", "stale"}) {
      Visitor visitor = site.visitor();
      HttpResponse<String> refused = visitor.logIn(user);
      assertThat(refused.statusCode()).as(user).isEqualTo(302);
      assertThat(Visitor.location(refused)).as(user).endsWith("/login?error");
      assertThat(visitor.follow(refused).body()).as(user).contains("Please sign in");
    }
    Visitor ann = site.visitor();
    ann.post("/login", "username", "ann", "password", "tikcet");
    assertThat(ann.get("/refusal").body()).isEqualTo("Bad credentials");
    String before = ann.cookie(COOKIE);
    assertThat(Visitor.location(ann.logIn("ann"))).endsWith("/");
    assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
    assertThat(ann.get("/account").body()).isEqualTo("ann, ann");
    assertThat(ann.get("/full").body()).isEqualTo("ann, ann");
    assertThat(ann.get("/refusal").body()).isEqualTo("no refusal");
    assertThat(Visitor.location(ann.post("/logout"))).endsWith("/login?logout");
    assertThat(ann.hasCookie(COOKIE)).isFalse();
    assertThat(ann.get("/account").statusCode()).isEqualTo(302);
  }

  /** A form is taken with the token of this visitor, and with no other. */
  static void csrf(Site site) throws Exception {
    Visitor visitor = site.visitor();
    String foreign = site.visitor().get("/token").body();
    HttpResponse<String> taken = visitor.post("/notice", "text", "a");
    assertThat(Visitor.location(taken)).endsWith("/notice?for=you");
    HttpResponse<String> refused = visitor.postWithToken(foreign, "/notice", "text", "a");
    assertThat(refused.headers().firstValue("Location"))
        .isNotEqualTo(taken.headers().firstValue("Location"));
    assertThat(refused.statusCode()).isIn(302, 403);
  }

  /** The page that was asked for before the login comes after it. */
  static void savedRequest(Site site) throws Exception {
    Visitor ann = site.visitor();
    ann.take("theme", "dark");
    HttpResponse<String> toLogin = ann.get("/account?first=1&second=a%20b");
    assertThat(Visitor.location(toLogin)).endsWith("/login");
    assertThat(Visitor.location(ann.logIn("ann")))
        .endsWith("/account?first=1&second=a%20b&continue");
    assertThat(ann.get("/account").body()).isEqualTo("ann, ann");
  }

  /** An administrator acts as another user, and returns; the session is the administrator's. */
  static void switchUser(Site site) throws Exception {
    Visitor eve = site.visitor();
    eve.logIn("eve");
    assertThat(Visitor.location(eve.post("/login/impersonate", "username", "ann")))
        .endsWith("/account");
    assertThat(eve.get("/account").body()).isEqualTo("ann, eve");
    eve.post("/logout/impersonate");
    assertThat(eve.get("/account").body()).isEqualTo("eve, eve");
  }

  /** Logs in with remember-me, and returns in another session of the browser. */
  static Visitor remembered(Site site) throws Exception {
    Visitor bob = site.visitor();
    bob.post("/login", "username", "bob", "password", "ticket", "remember-me", "on");
    assertThat(bob.hasCookie("remember-me")).isTrue();
    bob.forget(COOKIE);
    return bob;
  }

  static void rememberMe(Visitor bob) throws Exception {
    assertThat(bob.get("/account").body()).isEqualTo("bob, bob");
    assertThat(bob.hasCookie(COOKIE)).isTrue();
    bob.forget("remember-me");
    assertThat(bob.get("/account").body()).isEqualTo("bob, bob");
  }

  static void rememberMeIsNotFresh(Site site) {
    assertThat(site.sessions().sessionsOf("bob"))
        .as("the login of the cookie, beside that of the password")
        .extracting(session -> session.authenticatedAt().orElseThrow())
        .contains(Instant.EPOCH);
  }

  /** What is for a user who has just given a password is not for one who is remembered. */
  static void rememberMeIsNotFull(Visitor bob) throws Exception {
    assertThat(Visitor.location(bob.get("/full"))).endsWith("/login");
    assertThat(Visitor.location(bob.logIn("bob"))).endsWith("/full?continue");
    assertThat(bob.get("/full").body()).isEqualTo("bob, bob");
  }

  static void oneTimeToken(Site site) throws Exception {
    Visitor cat = site.visitor();
    HttpResponse<String> wrong = cat.post("/login/ott", "token", "a guess");
    assertThat(Visitor.location(wrong)).endsWith("/login?error");
    assertThat(cat.get("/refusal").body()).isEqualTo("Invalid token");
    assertThat(Visitor.location(cat.post("/ott/generate", "username", "cat")))
        .endsWith("/login/ott");
    String token = site.mailbox().take("cat");
    assertThat(Visitor.location(cat.post("/login/ott", "token", token))).endsWith("/");
    assertThat(cat.get("/account").body()).isEqualTo("cat, cat");
  }

  /** A visitor who is not logged in lets the site use a service of the partner. */
  static void oauth2Client(Site site) throws Exception {
    Visitor visitor = site.visitor();
    HttpResponse<String> page = visitor.follow(visitor.get("/partner"));
    assertThat(page.body()).isEqualTo("api: an access token");
    assertThat(visitor.get("/partner").body()).isEqualTo("api: an access token");
  }

  static void oauth2Login(Site site) throws Exception {
    login(site, "plain");
  }

  static void oidcLogin(Site site) throws Exception {
    login(site, "oidc");
  }

  private static void login(Site site, String registration) throws Exception {
    Visitor visitor = site.visitor();
    refuse(visitor, registration, "error=access_denied");
    assertThat(visitor.get("/refusal").body()).contains("access_denied");
    HttpResponse<String> welcome =
        visitor.follow(visitor.get("/oauth2/authorization/" + registration));
    assertThat(welcome.body()).isEqualTo("Welcome");
    assertThat(visitor.get("/account").body()).isEqualTo("ann, ann");
    assertThat(visitor.get("/account").body()).isEqualTo("ann, ann");
  }

  /** The partner sends the visitor back with something else than a code that is worth a token. */
  static void refuse(Visitor visitor, String registration, String answer) throws Exception {
    String location = Visitor.location(visitor.get("/oauth2/authorization/" + registration));
    String state = location.replaceAll(".*[?&]state=([^&]*).*", "$1");
    HttpResponse<String> refused =
        visitor.get("/login/oauth2/code/" + registration + "?" + answer + "&state=" + state);
    assertThat(Visitor.location(refused)).endsWith("/login?error");
  }

  /** A registered passkey that belongs to a new visitor. */
  static Passkey registerPasskey(Site site) throws Exception {
    Visitor ann = site.visitor();
    ann.logIn("ann");
    Passkey passkey = new Passkey("http://localhost:8080", "localhost");
    HttpResponse<String> options = ann.postJson("/webauthn/register/options", "{}");
    assertThat(options.statusCode()).as(options.body()).isEqualTo(200);
    HttpResponse<String> registered =
        ann.postJson("/webauthn/register", passkey.register(options.body()));
    assertThat(registered.body()).contains("\"success\":true");
    // With a key registered, the options name it as one to leave out.
    assertThat(ann.postJson("/webauthn/register/options", "{}").statusCode()).isEqualTo(200);
    return passkey;
  }

  /** Before Spring Security 7.1 the options of a registration were not serializable. */
  static void passkeysAreRefused(Site site) throws Exception {
    Visitor ann = site.visitor();
    ann.logIn("ann");
    assertThat(ann.postJson("/webauthn/register/options", "{}").statusCode()).isEqualTo(500);
  }

  static void passkeyLogin(Site site, Passkey passkey) throws Exception {
    Visitor ann = site.visitor();
    HttpResponse<String> options = ann.postJson("/webauthn/authenticate/options", "{}");
    assertThat(options.statusCode()).as(options.body()).isEqualTo(200);
    String before = ann.cookie(COOKIE);
    HttpResponse<String> login = ann.postJson("/login/webauthn", passkey.sign(options.body()));
    assertThat(login.body()).contains("\"authenticated\":true");
    assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
    assertThat(ann.get("/account").body()).isEqualTo("ann, ann");
  }

  /** A session that has ended is announced once, and the site goes on. */
  static void endedSession(Site site) throws Exception {
    Visitor cat = site.visitor();
    cat.logIn("cat");
    assertThat(cat.get("/account").body()).isEqualTo("cat, cat");
    // By the name that the session has from SessionLogin.
    assertThat(site.sessions().revokeAllOf("cat")).isPositive();
    HttpResponse<String> announced = cat.get("/account");
    assertThat(Visitor.location(announced)).endsWith("/?invalid");
    assertThat(cat.follow(announced).body()).isEqualTo("Welcome");
    assertThat(Visitor.location(cat.get("/account"))).endsWith("/login");
    assertThat(Visitor.location(cat.logIn("cat"))).endsWith("/account?continue");
  }

  static void flash(Site site) throws Exception {
    Visitor visitor = site.visitor();
    HttpResponse<String> answer = visitor.post("/notice", "text", "saved");
    assertThat(Visitor.location(answer)).endsWith("/notice?for=you");
    assertThat(visitor.get("/notice").body()).isEqualTo("no notice");
    assertThat(visitor.follow(answer).body()).isEqualTo("saved");
    assertThat(visitor.follow(answer).body()).isEqualTo("no notice");
  }

  static void sessionAttributes(Site site) throws Exception {
    Visitor visitor = site.visitor();
    assertThat(visitor.post("/draft", "article", "coat").body()).isEqualTo("0 of coat");
    assertThat(visitor.post("/draft", "pieces", "2").body()).isEqualTo("2 of coat");
    assertThat(visitor.get("/draft").body()).isEqualTo("2 of coat");
    assertThat(visitor.post("/draft", "done", "true").body()).isEqualTo("2 of coat");
    assertThat(visitor.get("/draft").body()).isEqualTo("0 of null");
  }

  static void sessionScope(Site site) throws Exception {
    Visitor visitor = site.visitor();
    visitor.post("/cart", "article", "coat");
    visitor.post("/cart", "article", "hat");
    assertThat(visitor.get("/cart").body()).isEqualTo("coat, hat");
    assertThat(site.visitor().get("/cart").body()).isEmpty();
    // The cart of a visitor is that of the user who logs in.
    visitor.logIn("bob");
    assertThat(visitor.get("/cart").body()).isEqualTo("coat, hat");
  }

  /** A third login ends the first one, of which the page of expired sessions tells. */
  static void concurrentSessions(Site site) throws Exception {
    Visitor[] browsers = {site.visitor(), site.visitor(), site.visitor()};
    for (Visitor browser : browsers) {
      assertThat(Visitor.location(browser.logIn("dan"))).endsWith("/");
    }
    assertThat(Visitor.location(browsers[0].get("/account"))).endsWith("/?expired");
    assertThat(browsers[0].get("/account").statusCode()).isEqualTo(302);
    assertThat(browsers[1].get("/account").body()).isEqualTo("dan, dan");
    browsers[1].post("/logout");
    assertThat(Visitor.location(browsers[0].logIn("dan"))).endsWith("/account?continue");
    assertThat(browsers[2].get("/account").body()).isEqualTo("dan, dan");
  }
}
