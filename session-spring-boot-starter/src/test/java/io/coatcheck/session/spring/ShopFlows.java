package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.spring.shop.SessionLog;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;

/** What users of the shop do, on every store. */
interface ShopFlows {

  String COOKIE = "__Host-session";

  int LIMIT = 3;

  /** Returns the properties that all these tests need, and some more. */
  static String[] properties(String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.add("coatcheck.sessions-per-user=" + LIMIT);
    all.add("coatcheck.security.remember-me-parameter=remember-me");
    return all.toArray(String[]::new);
  }

  Site site();

  default SessionManager manager() {
    return site().bean(SessionManager.class);
  }

  @Test
  @DisplayName("A login by the form is a login of the session, with one new secret")
  default void formLogin() throws Exception {
    Visitor ann = site().visitor();
    ann.get("/visits");
    String before = ann.cookie(COOKIE);
    assertThat(Visitor.location(ann.get("/account?a=1"))).endsWith("/login");
    assertThat(Visitor.location(ann.logIn("ann"))).endsWith("/account?a=1&continue");
    assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
    assertThat(ann.get("/account").body()).isEqualTo("ann");
    assertThat(ann.get("/visits").body()).isEqualTo("2");
    SessionId id = SessionToken.parse(ann.cookie(COOKIE)).orElseThrow().id();
    assertThat(manager().sessionsOf("ann")).extracting(SessionInfo::id).contains(id);
    Visitor thief = site().visitor();
    thief.take(COOKIE, before);
    assertThat(thief.get("/account").statusCode()).isEqualTo(302);
  }

  @Test
  @DisplayName("The context of such a login consists of the usual parts, on each Spring Security")
  default void usualContext() throws Exception {
    Visitor ann = site().visitor();
    ann.logIn("ann");
    AttributeCodec codec = site().bean(AttributeCodec.class);
    StoredSession stored =
        site()
            .bean(SessionStore.class)
            .find(SessionToken.parse(ann.cookie(COOKIE)).orElseThrow().id())
            .orElseThrow();
    SecurityContext context =
        (SecurityContext)
            stored
                .attributes()
                .get(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY)
                .object(codec);
    assertThat(PasswordContext.of(context, codec)).isNotNull();
  }

  @Test
  @DisplayName("A logout ends the session, and the button Back shows nothing")
  default void logout() throws Exception {
    Visitor ann = site().visitor();
    ann.logIn("ann");
    String cookie = ann.cookie(COOKIE);
    assertThat(Visitor.location(ann.post("/logout"))).endsWith("/login?logout");
    assertThat(ann.hasCookie(COOKIE)).isFalse();
    ann.take(COOKIE, cookie);
    assertThat(ann.get("/account").statusCode()).isEqualTo(302);
  }

  @Test
  @DisplayName("A form is accepted with the CSRF token of the visitor and with no other")
  default void csrf() throws Exception {
    Visitor visitor = site().visitor();
    String foreign = site().visitor().get("/token").body();
    assertThat(visitor.post("/cart", "article", "hat").statusCode()).isEqualTo(302);
    assertThat(visitor.postWithToken(foreign, "/cart", "article", "coat").statusCode())
        .isEqualTo(403);
    assertThat(visitor.get("/cart").body()).isEqualTo("hat");
  }

  @Test
  @DisplayName("A wrong password shows its reason, and the session holds no password")
  default void refusedLogin() throws Exception {
    Visitor ann = site().visitor();
    HttpResponse<String> refused =
        ann.post("/login", "username", "ann", "password", "the wrong secret");
    assertThat(Visitor.location(refused)).endsWith("/login?error");
    assertThat(ann.get("/refusal").body()).isEqualTo("Bad credentials");
    assertThat(StoredText.of(site(), ann.cookie(COOKIE)))
        .doesNotContain("the wrong secret")
        .contains("Bad credentials");
  }

  @Test
  @DisplayName("A user name that no session can have is a refused login")
  default void longName() throws Exception {
    Visitor visitor = site().visitor();
    assertThat(Visitor.location(visitor.logIn("x".repeat(300)))).endsWith("/login?error");
    assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
  }

  @Test
  @DisplayName("A login that a controller stores by hand is a login of the session")
  default void loginByHand() throws Exception {
    Visitor ann = site().visitor();
    ann.get("/visits");
    String before = ann.cookie(COOKIE);
    assertThat(ann.post("/rest-login", "username", "ann").body()).isEqualTo("logged in");
    assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
    assertThat(ann.get("/account").body()).isEqualTo("ann");
    assertThat(ann.get("/visits").body()).isEqualTo("2");
    manager().revokeAllOf("ann");
    awaitStatus(ann, "/account", 302);
  }

  @Test
  @DisplayName("Another user who logs in by hand gets their own session")
  default void otherUserByHand() throws Exception {
    Visitor ann = site().visitor();
    ann.logIn("ann");
    ann.get("/visits");
    ann.post("/rest-login", "username", "bob");
    assertThat(ann.get("/account").body()).isEqualTo("bob");
    assertThat(ann.get("/visits").body()).isEqualTo("1");
  }

  @Test
  @DisplayName("A login as another user carries nothing over")
  default void otherUser() throws Exception {
    Visitor visitor = site().visitor();
    visitor.logIn("ann");
    visitor.post("/cart", "article", "hat");
    visitor.logIn("bob");
    assertThat(visitor.get("/account").body()).isEqualTo("bob");
    assertThat(visitor.get("/cart").body()).isEmpty();
  }

  @Test
  @DisplayName("All sessions of a user who logged in by the form can be ended")
  default void everywhere() throws Exception {
    Visitor first = site().visitor();
    Visitor second = site().visitor();
    first.logIn("bob");
    second.logIn("bob");
    assertThat(first.get("/admin/orders").body()).isEqualTo("all orders");
    assertThat(manager().revokeAllOf("bob")).isGreaterThanOrEqualTo(2);
    awaitStatus(first, "/account", 302);
    awaitStatus(second, "/account", 302);
  }

  /** A near cache may show the old state for its bound. */
  private static void awaitStatus(Visitor visitor, String path, int status) throws Exception {
    Waiting.until(Duration.ofSeconds(60), () -> visitor.get(path).statusCode() == status);
  }

  @Test
  @DisplayName("A user has as many sessions as allowed, and the oldest ends")
  default void limit() throws Exception {
    Visitor[] browsers = new Visitor[LIMIT + 1];
    for (int i = 0; i < browsers.length; i++) {
      browsers[i] = site().visitor().with("User-Agent", "browser " + i);
      browsers[i].logIn("dora");
    }
    assertThat(manager().sessionsOf("dora"))
        .extracting(info -> info.userAgent().orElse(""))
        .containsExactlyInAnyOrder("browser 1", "browser 2", "browser 3");
    awaitStatus(browsers[0], "/account", 302);
    assertThat(browsers[1].get("/account").body()).isEqualTo("dora");
  }

  @Test
  @DisplayName("A login with the box checked outlives the browser, in one cookie")
  default void remembered() throws Exception {
    Visitor ann = site().visitor();
    HttpResponse<String> login =
        ann.post("/login", "username", "ann", "password", "ticket", "remember-me", "on");
    assertThat(cookieOf(login)).contains("Max-Age=2592000");
    assertThat(ann.hasCookie("remember-me")).isFalse();
    HttpResponse<String> without =
        site().visitor().post("/login", "username", "ann", "password", "ticket");
    assertThat(cookieOf(without)).doesNotContain("Max-Age");
  }

  private static String cookieOf(HttpResponse<String> response) {
    return response.headers().allValues("Set-Cookie").stream()
        .filter(header -> header.startsWith(COOKIE + "="))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @DisplayName("HttpSessionEventPublisher publishes the ends of sessions, with their users")
  default void published() throws Exception {
    SessionLog log = site().bean(SessionLog.class);
    Visitor first = site().visitor();
    first.logIn("emil");
    first.post("/logout");
    assertThat(log.ended()).contains("emil");
    Visitor second = site().visitor();
    second.logIn("fay");
    manager().revokeAllOf("fay");
    Waiting.until(Duration.ofSeconds(60), () -> log.ended().contains("fay"));
  }

  @Test
  @DisplayName("A stateless chain begins no session and sends no cookie")
  default void stateless() throws Exception {
    Visitor program = site().visitor();
    String basic =
        "Basic "
            + Base64.getEncoder().encodeToString("ann:ticket".getBytes(StandardCharsets.UTF_8));
    assertThat(program.with("Authorization", basic).get("/api/me").body()).isEqualTo("ann");
    assertThat(program.hasCookie(COOKIE)).isFalse();
    Visitor form = site().visitor();
    form.postWithToken("none", "/api/login", "username", "ann", "password", "ticket");
    assertThat(form.hasCookie(COOKIE)).isFalse();
  }

  @Test
  @DisplayName("A program that sends a password with each request gets no session")
  default void basic() throws Exception {
    Visitor program = site().visitor();
    String basic =
        "Basic "
            + Base64.getEncoder().encodeToString("ann:ticket".getBytes(StandardCharsets.UTF_8));
    assertThat(program.with("Authorization", basic).get("/account").body()).isEqualTo("ann");
    assertThat(program.hasCookie(COOKIE)).isFalse();
  }

  @Test
  @DisplayName("A page that fails shows the session of the visitor")
  default void errorPage() throws Exception {
    Visitor visitor = site().visitor();
    visitor.get("/visits");
    visitor.get("/visits");
    HttpResponse<String> failed = visitor.get("/failing");
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).isEqualTo("Sorry, visitor number 2");
  }

  @Test
  @DisplayName("A flash attribute is shown once")
  default void flash() throws Exception {
    Visitor visitor = site().visitor();
    HttpResponse<String> redirect = visitor.post("/notice", "text", "Welcome back");
    assertThat(visitor.follow(redirect).body()).isEqualTo("Welcome back");
    assertThat(visitor.get("/notice").body()).isEqualTo("no notice");
  }

  @Test
  @DisplayName("@SessionAttributes last until they are complete")
  default void sessionAttributes() throws Exception {
    Visitor visitor = site().visitor();
    visitor.get("/visits");
    assertThat(visitor.get("/draft").body()).isEqualTo("0 of null");
    visitor.post("/draft", "article", "hat");
    assertThat(visitor.post("/draft", "pieces", "3").body()).isEqualTo("3 of hat");
    visitor.post("/draft", "done", "true");
    assertThat(visitor.get("/draft").body()).isEqualTo("0 of null");
  }
}
