package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.test.log.RecordedLog;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName(
    "F1, F5, B17: a session of the container beside one of Coatcheck, as CDI and Spring begin one")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ContainerSessionTest {

  private static final String JSESSIONID = "JSESSIONID";

  @Parameter Container container;

  /** What a listener of requests keeps, as that of Spring does. */
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<HttpServletRequest> bound = new ThreadLocal<>();

  @AutoClose private final RecordedLog log = RecordedLog.of(SessionFilter.class);
  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    begin(false, UnaryOperator.identity());
  }

  private void begin(boolean copyOnRead, UnaryOperator<SessionFilterBuilder> filterOptions) {
    if (site != null) {
      site.close();
    }
    site =
        new Site(
                container,
                copyOnRead,
                manager -> manager.touchInterval(Duration.ofMinutes(copyOnRead ? 1 : 0)),
                filterOptions)
            .onRequest(bound::set)
            .on(
                "/login",
                (request, response) -> WebSession.of(request).login(request.getParameter("as")))
            .on("/renew", (request, response) -> WebSession.of(request).renew())
            .on("/everywhere", (request, response) -> WebSession.of(request).logoutEverywhere())
            .on("/invalidate", (request, response) -> request.getSession().invalidate())
            .on("/request-logout", (request, response) -> request.logout())
            .on("/anonymous", (request, response) -> request.getSession().setAttribute("a", "1"))
            .on(
                "/add",
                (request, response) -> bound.get().getSession().setAttribute("cart", "coat"))
            .on("/cart", (request, response) -> response.getWriter().print(cart()))
            .on(
                "/logout-and-look",
                (request, response) -> {
                  WebSession.of(request).logout();
                  response.getWriter().print(cart());
                });
    browser = site.browser();
  }

  @AfterEach
  void stop() {
    site.close();
  }

  private Object cart() {
    HttpSession session = bound.get().getSession(false);
    return session == null ? null : session.getAttribute("cart");
  }

  private String cartOf(Browser of) {
    return of.get("/cart").body();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/logout", "/everywhere", "/invalidate", "/request-logout"})
  @DisplayName("nothing in it outlives a logout")
  void logout_endsIt(String logout) {
    browser.get("/login?as=ann");
    browser.get("/add");
    assertThat(cartOf(browser)).isEqualTo("coat");
    String containers = browser.cookie(JSESSIONID);

    assertThat(browser.get(logout).status()).isEqualTo(200);

    assertThat(cartOf(browser)).isEqualTo("null");
    assertThat(cartOf(site.browser().cookie(JSESSIONID, containers))).isEqualTo("null");
    browser.get("/login?as=bob");
    assertThat(cartOf(browser)).isEqualTo("null");
  }

  @Test
  @DisplayName("nor is it there in the rest of the request")
  void logout_endsItAtOnce() {
    browser.get("/login?as=ann");
    browser.get("/add");

    assertThat(browser.get("/logout-and-look").body()).isEqualTo("null");
  }

  @Test
  @DisplayName("nor a login of another user")
  void loginOfAnother_endsIt() {
    browser.get("/login?as=ann");
    browser.get("/add");

    browser.get("/login?as=bob");

    assertThat(cartOf(browser)).isEqualTo("null");
  }

  @Test
  @DisplayName("a login keeps its attributes, as with a Coatcheck session, and changes its id")
  void login_keepsItUnderAnotherId() {
    browser.get("/add");
    String before = browser.cookie(JSESSIONID);

    browser.get("/login?as=ann");

    assertThat(cartOf(browser)).isEqualTo("coat");
    assertThat(browser.cookie(JSESSIONID)).isNotEqualTo(before);
    assertThat(cartOf(site.browser().cookie(JSESSIONID, before))).isEqualTo("null");
    browser.get("/login?as=ann");
    browser.get("/renew");
    assertThat(cartOf(browser)).as("after another login of the user").isEqualTo("coat");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("nor the expiry or the revocation of our session")
  void endOfOurSession_endsIt(boolean isRevoked) {
    browser.get("/login?as=ann");
    browser.get("/add");

    if (isRevoked) {
      site.manager.revokeAllOf("ann");
    } else {
      site.clock.advance(Duration.ofDays(1));
    }

    assertThat(cartOf(browser)).isEqualTo("null");
  }

  @ParameterizedTest
  @EnumSource(names = "ACCEPT", mode = EnumSource.Mode.EXCLUDE)
  @DisplayName("it is not shown to a client from which the Coatcheck session is withheld")
  void clientCheck_endsIt(ClientCheck.Verdict verdict) {
    site.filters(
        SessionFilter.builder(site.manager)
            .clientCheck(
                (atLogin, now) ->
                    atLogin.userAgent().equals(now.userAgent())
                        ? ClientCheck.Verdict.ACCEPT
                        : verdict)
            .build());
    browser.send("GET", "/login?as=ann", "User-Agent", "own");
    browser.send("GET", "/add", "User-Agent", "own");
    assertThat(browser.send("GET", "/cart", "User-Agent", "own").body()).isEqualTo("coat");

    assertThat(browser.send("GET", "/cart", "User-Agent", "other").body()).isEqualTo("null");
  }

  @Test
  @DisplayName("I7: it costs an excluded path no access to the store")
  void excludedPath_usesNoStore() {
    begin(true, filter -> filter.exclude("/style.css"));
    site.on("/style.css", (request, response) -> response.getWriter().print("style"));
    browser.get("/login?as=ann");
    browser.get("/add");
    site.clock.advance(Duration.ofMinutes(2));
    site.store.failAll();
    site.store.forgetCalls();

    assertThat(browser.get("/style.css").body()).isEqualTo("style");

    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("on an excluded path, it ends when the application asks for the session")
  void excludedPath_endsItWhenAsked() {
    begin(false, filter -> filter.exclude("/asks", "/cart"));
    site.on(
        "/asks",
        (request, response) -> {
          response.getWriter().print(WebSession.of(request).principal().orElse("nobody"));
          response.getWriter().print(" " + cart());
        });
    browser.get("/login?as=ann");
    browser.get("/add");
    assertThat(browser.get("/asks").body()).isEqualTo("ann coat");
    site.manager.revokeAllOf("ann");
    assertThat(cartOf(browser)).isEqualTo("coat");

    assertThat(browser.get("/asks").body()).isEqualTo("nobody null");

    assertThat(cartOf(browser)).isEqualTo("null");
  }

  @Test
  @DisplayName("where sessions are looked up late, it ends before the application is called")
  void lazy_endsIt() {
    begin(false, filter -> filter.lazy(true));
    site.on(
        "/ask-and-add",
        (request, response) -> {
          bound.get().getSession().setAttribute("cart", "coat");
          assertThat(request.getRemoteUser()).isEqualTo("ann");
        });
    browser.get("/login?as=ann");
    browser.get("/ask-and-add");
    assertThat(cartOf(browser)).isEqualTo("coat");

    site.manager.revokeAllOf("ann");

    assertThat(cartOf(browser)).isEqualTo("null");
  }

  @Test
  @DisplayName("a page that needs no session is answered though its activity cannot be recorded")
  void failedTouch_isNoFailure() {
    begin(true, UnaryOperator.identity());
    site.on("/plain", (request, response) -> response.getWriter().print("plain"));
    browser.get("/login?as=ann");
    browser.get("/add");
    site.clock.advance(Duration.ofMinutes(2));
    AtomicInteger touches = new AtomicInteger();
    site.store.before(
        "touch",
        () -> {
          touches.incrementAndGet();
          throw new SessionStoreException("touch: the store is down");
        });

    assertThat(browser.get("/plain").status()).isEqualTo(200);

    assertThat(touches).hasPositiveValue();
  }

  @Test
  @DisplayName("a late request with the token from before a login ends nothing")
  void lateRequest_leavesIt() {
    browser.get("/login?as=ann");
    browser.get("/add");
    String old = browser.token();
    browser.get("/login?as=ann");

    site.browser().token(old).cookie(JSESSIONID, browser.cookie(JSESSIONID)).get("/cart");

    assertThat(cartOf(browser)).isEqualTo("coat");
  }

  @Test
  @DisplayName("what the container keeps of its own users stays when the Coatcheck session expires")
  void anonymousSession_leavesIt() {
    browser.get("/anonymous");
    browser.get("/add");

    site.clock.advance(Duration.ofDays(1));

    assertThat(cartOf(browser)).isEqualTo("coat");
  }

  @Test
  @DisplayName("the log says so, once")
  void warning_isGivenOnce() {
    browser.get("/cart");
    assertThat(log.events()).noneMatch(this::isAboutIt);

    browser.get("/add");
    browser.get("/add");
    browser.get("/cart");

    assertThat(log.events())
        .filteredOn(this::isAboutIt)
        .singleElement()
        .matches(event -> event.getLevel() == Level.WARN);
  }

  private boolean isAboutIt(ILoggingEvent event) {
    return event.getFormattedMessage().startsWith("The container has its own session");
  }

  @Test
  @DisplayName("at startup, the log names the listeners of requests")
  void requestListeners_areNamed() {
    browser.get("/cart");

    assertThat(log.linesBeginning("Listeners of requests"))
        .singleElement()
        .asString()
        .contains("SiteRouter$Listener")
        .contains("RequestContextFilter")
        .doesNotContain("org.apache.catalina", "org.eclipse.jetty");
  }
}
