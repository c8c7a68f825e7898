package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.store.WhenFull;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("C8, attack 11: each session has one beginning and one end, whichever way it goes")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class EveryWayOutTest {

  @Parameter Container container;

  /** What listeners heard, as {@code +id} and {@code -id}. */
  private final List<String> heard = new CopyOnWriteArrayList<>();

  private final AtomicInteger leases = new AtomicInteger();

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    begin(UnaryOperator.identity());
  }

  private void begin(UnaryOperator<SessionManagerBuilder> options) {
    if (site != null) {
      site.close();
    }
    site =
        new Site(container, false, options, filter -> filter.listener(listener()))
            .on("/set", (request, response) -> request.getSession().setAttribute("a", new Lease()));
  }

  private HttpSessionListener listener() {
    return new HttpSessionListener() {
      @Override
      public void sessionCreated(HttpSessionEvent event) {
        heard.add("+" + idOf(event.getSession()));
      }

      @Override
      public void sessionDestroyed(HttpSessionEvent event) {
        heard.add("-" + idOf(event.getSession()));
      }
    };
  }

  /** Not by {@code getId}, which would have a new session stored. */
  private static String idOf(HttpSession session) {
    String text = session.toString();
    return text.substring(text.indexOf('[') + 1, text.indexOf('~'));
  }

  /** A value that holds something as long as it is bound. */
  private final class Lease implements HttpSessionBindingListener {

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      leases.incrementAndGet();
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      leases.decrementAndGet();
    }
  }

  /** Waits for the end of requests, then ends all that is stored, and adds up. */
  private void assertAddsUp(int begun) {
    site.clock.advance(java.time.Duration.ofDays(2));
    Await.until(
        () -> {
          site.manager.cleanUp();
          return heard.size() >= 2 * begun;
        });

    List<String> begunIds = heard.stream().filter(one -> one.startsWith("+")).toList();
    assertThat(begunIds).doesNotHaveDuplicates().hasSize(begun);
    assertThat(heard)
        .doesNotHaveDuplicates()
        .hasSize(2 * begun)
        .containsAll(begunIds.stream().map(one -> "-" + one.substring(1)).toList());
    assertThat(leases).as("what is bound").hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no session",
        "a draft",
        "a draft with a value",
        "anonymous",
        "alice",
        "bob",
        "ended meanwhile",
        "bound to anonymous",
        "bound to alice",
        "bound to bob"
      })
  @DisplayName("a login whose condition does not hold")
  void loginThatDoesNotHold(String before) throws Exception {
    site.on(
            "/refused",
            (request, response) -> {
              if (before.startsWith("a draft")) {
                request.getSession();
              }
              if (before.equals("a draft with a value") || before.startsWith("bound to")) {
                request.getSession().setAttribute("a", new Lease());
              }
              if (before.equals("ended meanwhile")) {
                request.getSession().setAttribute("b", new Lease());
                site.manager.revokeAllOf("alice");
              }
              response
                  .getWriter()
                  .print(
                      WebSession.of(request)
                          .login("alice", LoginOptions.builder().validIf(() -> false).build()));
            })
        .on("/bob", (request, response) -> WebSession.of(request).login("bob"));
    Browser browser = site.browser();
    switch (before) {
      case "anonymous", "bound to anonymous" -> browser.get("/set");
      case "alice", "bound to alice", "ended meanwhile" -> browser.get("/login");
      case "bob", "bound to bob" -> browser.get("/bob");
      default -> {}
    }

    assertThat(browser.get("/refused").body()).isEqualTo("NO_LONGER_VALID");

    assertAddsUp(before.equals("no session") ? 0 : 1);
  }

  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @DisplayName("logins beyond the limit")
  void limit(WhenFull whenFull) throws Exception {
    begin(options -> options.sessionsPerPrincipal(1, whenFull));
    Browser second = site.browser();
    site.browser().get("/login");
    second.get("/set");
    second.get("/login");
    site.browser().get("/login");

    assertAddsUp(whenFull == WhenFull.EVICT_OLDEST ? 3 : 2);
  }

  @Test
  @DisplayName("a login that the store fails to store, on no session and on a draft")
  void failingLogin() throws Exception {
    site.on(
        "/draft-login",
        (request, response) -> {
          request.getSession();
          WebSession.of(request).login("alice");
        });
    site.store.fail("insert");
    assertThat(site.browser().get("/login").status()).isEqualTo(503);
    assertThat(site.browser().get("/draft-login").status()).isEqualTo(503);

    assertAddsUp(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"throws", "sends an error", "throws after a value", "commits and throws"})
  @DisplayName("an error page that has its own session, after a draft or a session")
  void errorPage(String how) throws Exception {
    site.on(Site.ERROR_PAGE, (request, response) -> request.getSession().isNew())
        .on(
            "/fail",
            (request, response) -> {
              HttpSession session = request.getSession();
              if (how.equals("sends an error")) {
                response.sendError(500);
                return;
              }
              if (how.equals("throws after a value")) {
                session.setAttribute("a", "1");
              }
              if (how.equals("commits and throws")) {
                response.flushBuffer();
              }
              throw new IllegalStateException("the application fails");
            });
    fail(site.browser());
    fail(site.browser());
    Browser known = site.browser();
    known.get("/set");
    fail(known);

    long begun = heard.stream().filter(one -> one.startsWith("+")).count();
    assertThat(begun).isBetween(3L, 5L);
    assertAddsUp((int) begun);
  }

  /** Jetty and Tomcat cut the answer off if it was committed. */
  private static void fail(Browser browser) {
    try {
      assertThat(browser.get("/fail").status()).isEqualTo(500);
    } catch (AssertionError e) {
      assertThat(e).hasCauseInstanceOf(java.io.IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"complete", "dispatch", "time out", "fail", "write and complete", "log in"})
  @DisplayName("an asynchronous request that begins its session late")
  void async(String how) throws Exception {
    site.on("/target", (request, response) -> request.getSession().isNew())
        .on("/async", (request, response) -> goOn(request, how))
        .on(
            "/begun-async",
            (request, response) -> {
              request.getSession();
              goOn(request, how);
            });
    site.browser().get("/async");
    site.browser().get("/begun-async");

    assertAddsUp(2);
  }

  private static void goOn(HttpServletRequest request, String how) {
    AsyncContext context = request.startAsync();
    HttpServletRequest later = (HttpServletRequest) context.getRequest();
    HttpServletResponse answer = (HttpServletResponse) context.getResponse();
    if (how.equals("time out")) {
      later.getSession();
      context.setTimeout(50);
      return;
    }
    if (how.equals("fail")) {
      context.addListener(completing(context));
      context.setTimeout(50);
      later.getSession();
      return;
    }
    context.start(
        () -> {
          if (how.equals("dispatch")) {
            context.dispatch("/target");
            return;
          }
          HttpSession session = later.getSession();
          if (how.equals("log in")) {
            WebSession.of(later).login("alice");
          } else if (how.equals("write and complete")) {
            session.setAttribute("a", "1");
            try {
              answer.getWriter().print("done");
              answer.flushBuffer();
            } catch (java.io.IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          }
          context.complete();
        });
  }

  private static AsyncListener completing(AsyncContext context) {
    return new AsyncListener() {
      @Override
      public void onTimeout(AsyncEvent event) {
        context.complete();
      }

      @Override
      public void onComplete(AsyncEvent event) {}

      @Override
      public void onError(AsyncEvent event) {}

      @Override
      public void onStartAsync(AsyncEvent event) {}
    };
  }

  @Test
  @DisplayName("a session of one request alone, from another site, that logs in or does not")
  void ephemeral() throws Exception {
    site.filters(
        SessionFilter.builder(site.manager)
            .crossOrigin(CrossOriginPolicy.builder().exempt("/set").exempt("/login").build())
            .listener(listener())
            .build());
    for (String path : List.of("/set", "/login")) {
      assertThat(site.browser().send("POST", path, "Sec-Fetch-Site", "cross-site").status())
          .isEqualTo(200);
    }

    assertAddsUp(2);
  }

  @Test
  @DisplayName("B46: only the stop of the application ends nothing")
  void stopOfTheApplication_isNoEnd() throws Exception {
    site.browser().get("/set");
    site.browser().get("/login");
    heard.clear();

    site.close();

    assertThat(heard).isEmpty();
    assertThat(leases).hasValue(1);
  }

  @Test
  @DisplayName("a session that is ended and begun again within one request")
  void endedMeanwhile() throws Exception {
    AtomicInteger round = new AtomicInteger();
    site.on(
        "/again",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          if (round.getAndIncrement() == 0) {
            site.manager.revokeAllOf("alice");
          }
          request.getSession().setAttribute("b", "2");
          request.getSession().invalidate();
          request.getSession().setAttribute("c", "3");
        });
    Browser browser = site.browser();
    browser.get("/login");
    browser.get("/again");
    browser.get("/again");
    browser.get("/logout");

    long begun = heard.stream().filter(one -> one.startsWith("+")).count();
    assertAddsUp((int) begun);
  }
}
