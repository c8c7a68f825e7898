package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("attack 16, C5: one Set-Cookie of a name, with two filters in a row")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SetCookieTest {

  private static final String OUTER = "__Host-outer";

  @Parameter Container container;

  private final List<SessionManager> managers = new ArrayList<>();
  private Site site;

  @BeforeEach
  void start() {
    site = new Site(container, true, builder -> builder, builder -> builder);
  }

  @AfterEach
  void stop() {
    managers.forEach(SessionManager::close);
    site.close();
  }

  private SessionFilter filter(String cookie, boolean isNear) {
    SessionStore store =
        isNear
            ? NearCacheSessionStore.builder(site.store).maxStaleness(Duration.ofSeconds(30)).build()
            : site.store;
    SessionManager manager = SessionManager.builder(store).cleanUpInterval(Duration.ZERO).build();
    managers.add(manager);
    return SessionFilter.builder(manager)
        .cookie(SessionCookie.builder().name(cookie).build())
        .build();
  }

  private static void act(String steps, HttpServletRequest request, HttpServletResponse response)
      throws Exception {
    for (String step : steps.split(" ", -1)) {
      switch (step) {
        case "login" -> WebSession.of(request).login("alice");
        case "create" -> request.getSession().setAttribute("a", "1");
        case "rotate" -> request.changeSessionId();
        case "invalidate" -> request.getSession().invalidate();
        case "logout" -> WebSession.of(request).logout();
        case "addCookie" -> response.addCookie(new Cookie("theme", "dark"));
        case "addHeader" -> response.addHeader("Set-Cookie", "lang=en; Path=/");
        case "setHeader" -> response.setHeader("Set-Cookie", "only=1");
        case "cache" -> response.setHeader("Cache-Control", "max-age=60");
        case "reset" -> response.reset();
        case "none" -> {}
        default -> throw new IllegalArgumentException(step);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "login, login, none",
    "create, create, create",
    "login, login logout, none",
    "login addHeader, login, none",
    "login addHeader addCookie, create rotate rotate invalidate create, none",
    "login, create rotate rotate invalidate create addCookie addHeader, rotate",
    "login, login logout login logout login, logout",
    "create, create cache create rotate cache rotate, rotate rotate",
    "login, login setHeader rotate addCookie rotate, rotate",
    "login, login reset rotate addCookie rotate, none",
    "none, login addCookie rotate, login rotate",
    "login invalidate, login, create",
  })
  void names_areUnique(String before, String within, String after) {
    for (boolean isNear : List.of(false, true)) {
      site.filters(
          filter(OUTER, isNear),
          (request, response, chain) -> {
            try {
              act(before, (HttpServletRequest) request, (HttpServletResponse) response);
              chain.doFilter(request, response);
              act(after, (HttpServletRequest) request, (HttpServletResponse) response);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          },
          filter(Browser.SESSION, isNear));
      site.on("/", (request, response) -> act(within, request, response));
      for (Browser browser : List.of(site.browser(), site.browser().token("unknown"))) {
        Browser.Answer first = browser.get("/");
        // The second time, there are cookies already.
        Browser.Answer second = browser.get("/");

        assertThat(namesIn(first)).doesNotHaveDuplicates().contains(Browser.SESSION);
        assertThat(namesIn(second)).doesNotHaveDuplicates();
        assertThat(first.header("Cache-Control")).isEqualTo("no-store");
        if (!before.equals("none")) {
          assertThat(namesIn(first)).contains(OUTER);
        }
        String kept = (before + " " + within).replaceAll(".*(setHeader|reset)", "");
        assertThat(namesIn(first).contains("theme")).isEqualTo(kept.contains("addCookie"));
        assertThat(namesIn(first).contains("lang")).isEqualTo(kept.contains("addHeader"));
      }
    }
  }

  private static List<String> namesIn(Browser.Answer answer) {
    return answer.setCookies().stream()
        .map(header -> header.substring(0, header.indexOf('=')))
        .toList();
  }
}
