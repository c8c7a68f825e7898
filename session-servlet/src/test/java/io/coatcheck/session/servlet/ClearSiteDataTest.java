package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A logout asks the browser to clear what the application has chosen")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ClearSiteDataTest {

  private static final String NAME = "Clear-Site-Data";
  private static final String CHOSEN = "\"cache\", \"storage\"";

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    start(builder -> builder.clearSiteData(SiteData.STORAGE, SiteData.CACHE));
  }

  private void start(UnaryOperator<SessionFilterBuilder> options) {
    if (site != null) {
      site.close();
    }
    site = new Site(container, false, UnaryOperator.identity(), options);
    browser = site.browser();
    browser.get("/login");
  }

  private static List<String> cleared(Browser.Answer answer) {
    return answer.response().headers().allValues(NAME);
  }

  private List<String> within(Handler handler) {
    return cleared(site.on("/within", handler).browser().token(browser.token()).get("/within"));
  }

  /** The ways in which a user ends the own session. */
  enum Way {
    LOGOUT {
      @Override
      void end(HttpServletRequest request) {
        WebSession.of(request).logout();
      }
    },
    EVERYWHERE {
      @Override
      void end(HttpServletRequest request) {
        WebSession.of(request).logoutEverywhere();
      }
    },
    REVOKE {
      @Override
      void end(HttpServletRequest request) {
        WebSession session = WebSession.of(request);
        session.revoke(session.sessions().get(0).info().id());
      }
    },
    OF_THE_REQUEST {
      @Override
      void end(HttpServletRequest request) throws ServletException {
        request.logout();
      }
    },
    INVALIDATE {
      @Override
      void end(HttpServletRequest request) {
        request.getSession().invalidate();
      }
    };

    abstract void end(HttpServletRequest request) throws ServletException;
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void eachWay_clears(Way way) {
    assertThat(within((request, response) -> way.end(request))).containsExactly(CHOSEN);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void eachWay_beforeARedirect_clears(Way way) {
    assertThat(
            within(
                (request, response) -> {
                  way.end(request);
                  response.sendRedirect("/");
                }))
        .containsExactly(CHOSEN);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void eachWay_beforeAnErrorPage_clears(Way way) {
    assertThat(
            within(
                (request, response) -> {
                  way.end(request);
                  response.sendError(410);
                }))
        .containsExactly(CHOSEN);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void eachWay_inAForwardOfTheContainer_clears(Way way) {
    site.on("/target", (request, response) -> way.end(request));
    assertThat(
            within(
                (request, response) ->
                    SessionRequest.complete(request)
                        .getServletContext()
                        .getRequestDispatcher("/target")
                        .forward(request, response)))
        .containsExactly(CHOSEN);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void eachWay_onAnotherThread_clears(Way way) {
    assertThat(
            within(
                (request, response) -> {
                  AsyncContext async = request.startAsync();
                  async.start(
                      () -> {
                        try {
                          way.end((HttpServletRequest) async.getRequest());
                        } catch (ServletException e) {
                          throw new IllegalStateException(e);
                        } finally {
                          async.complete();
                        }
                      });
                }))
        .containsExactly(CHOSEN);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("nothing is cleared unless the application asks for it")
  void byDefault_nothing(Way way) {
    start(UnaryOperator.identity());
    assertThat(within((request, response) -> way.end(request))).isEmpty();
  }

  @Test
  @DisplayName("a session that has expired is cleared up after at the logout all the same")
  void expiredSession_clears() {
    site.clock.advance(Duration.ofHours(13));
    assertThat(cleared(browser.get("/logout"))).containsExactly(CHOSEN);
  }

  @Test
  @DisplayName("a request without a token clears nothing: another site may have made it")
  void noToken_clearsNothing() {
    assertThat(cleared(site.browser().get("/logout"))).isEmpty();
    site.on("/begin-and-end", (request, response) -> request.getSession().invalidate());
    assertThat(cleared(site.browser().get("/begin-and-end"))).isEmpty();
  }

  @Test
  @DisplayName("what another end does than the user is cleared nowhere")
  void endOfAnotherRequest_clearsNothing() {
    site.manager.revokeAllOf("alice");
    assertThat(within((request, response) -> request.getSession(false))).isEmpty();
    assertThat(within((request, response) -> request.getSession())).isEmpty();
  }

  @Test
  @DisplayName("a login that ends the session from before is not a logout")
  void invalidate_beforeALogin_clearsNothing() {
    assertThat(
            within(
                (request, response) -> {
                  request.getSession().invalidate();
                  WebSession.of(request).login("bob");
                }))
        .isEmpty();
    assertThat(
            within(
                (request, response) -> {
                  WebSession.of(request).logout();
                  WebSession.of(request).login("bob");
                }))
        .containsExactly(CHOSEN);
  }

  @Test
  @DisplayName("a new session that says goodbye is not a login")
  void invalidate_beforeANewSession_clears() {
    assertThat(
            within(
                (request, response) -> {
                  request.getSession().invalidate();
                  request.getSession().setAttribute("notice", "goodbye");
                }))
        .containsExactly(CHOSEN);
  }

  @Test
  @DisplayName("cookies are left alone in a response that gives the client one")
  void cookies_withANewSession_stay() {
    start(builder -> builder.clearSiteData(SiteData.COOKIES, SiteData.STORAGE));
    assertThat(within((request, response) -> WebSession.of(request).logout()))
        .containsExactly("\"storage\", \"cookies\"");
    browser.get("/login");
    assertThat(
            within(
                (request, response) -> {
                  WebSession.of(request).logout();
                  request.getSession().setAttribute("notice", "goodbye");
                }))
        .containsExactly("\"storage\"");
  }

  @Test
  @DisplayName("the application's header stays, and the filter's outlives what it does to headers")
  void application_changesHeaders() {
    assertThat(
            within(
                (request, response) -> {
                  response.setHeader(NAME, "\"clientHints\"");
                  WebSession.of(request).logout();
                }))
        .containsExactly("\"clientHints\"", CHOSEN);
    browser.get("/login");
    assertThat(
            within(
                (request, response) -> {
                  WebSession.of(request).logout();
                  response.reset();
                  response.setHeader(NAME, "\"clientHints\"");
                  response.setHeader(NAME, "\"prefetchCache\"");
                }))
        .containsExactly("\"prefetchCache\"", CHOSEN);
  }

  @Test
  void committedResponse_isLeftAlone() throws IOException {
    assertThat(
            within(
                (request, response) -> {
                  response.flushBuffer();
                  WebSession.of(request).logout();
                }))
        .isEmpty();
    assertThat(site.browser().token(browser.token()).get("/logout").status()).isEqualTo(200);
  }

  @Test
  @DisplayName("a logout that fails is not reported as done by this header either")
  void failure_clearsNothing() {
    site.store.fail("delete");
    Browser.Answer answer = browser.get("/logout");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(cleared(answer)).isEmpty();
    site.store.recover();

    site.on(
        "/both",
        (request, response) -> {
          WebSession.of(request).logout();
          site.store.fail("insert");
          request.getSession().setAttribute("notice", "goodbye");
        });
    answer = browser.get("/both");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(cleared(answer)).isEmpty();
  }
}
