package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Sentences of the Servlet API about a request and its session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ServletSentencesTest {

  @Parameter Container container;

  /** What the application found within its requests. */
  private final List<Object> seen = new ArrayList<>();

  @AutoClose private Site site;
  private Browser browser;

  /** A request of a container to which an id was presented in another way than ours. */
  private static final class NamingRequest extends HttpServletRequestWrapper {

    NamingRequest(HttpServletRequest request) {
      super(request);
    }

    private boolean isBy(String way) {
      return way.equals(getParameter("by"));
    }

    @Override
    public String getRequestedSessionId() {
      return "of-the-container";
    }

    @Override
    public boolean isRequestedSessionIdFromURL() {
      return isBy("url");
    }

    @Override
    public boolean isRequestedSessionIdFromCookie() {
      return isBy("cookie");
    }

    @Override
    public boolean isRequestedSessionIdValid() {
      return true;
    }
  }

  /** A request of a container that sends its challenge, and admits no user. */
  private static final class ChallengingRequest extends HttpServletRequestWrapper {

    ChallengingRequest(HttpServletRequest request) {
      super(request);
    }

    @Override
    public boolean authenticate(HttpServletResponse response) throws IOException {
      response.sendError(HttpServletResponse.SC_UNAUTHORIZED);
      return false;
    }
  }

  @BeforeEach
  void start() {
    site = new Site(container).on("/ask", (request, response) -> seen.add(requestedBy(request)));
    browser = site.browser();
  }

  private static String requestedBy(HttpServletRequest request) {
    return request.getRequestedSessionId()
        + " cookie="
        + request.isRequestedSessionIdFromCookie()
        + " url="
        + request.isRequestedSessionIdFromURL()
        + " valid="
        + request.isRequestedSessionIdValid()
        + " session="
        + (request.getSession(false) != null);
  }

  @Test
  @DisplayName(
      "isRequestedSessionIdFromURL: whether the id was conveyed as part of the request URL. It is"
          + " reported then, and opens nothing; of the container's own cookie nothing is")
  void requestedId_ofTheContainer_isReportedOfUrlsAlone() {
    site.filters(
        (request, response, chain) ->
            chain.doFilter(new NamingRequest((HttpServletRequest) request), response),
        SessionFilter.builder(site.manager).build());

    browser.get("/ask?by=url");
    browser.get("/ask?by=cookie");
    browser.get("/begin?by=url");
    browser.get("/ask?by=url");

    assertThat(seen)
        .containsExactly(
            "of-the-container cookie=false url=true valid=false session=false",
            "null cookie=false url=false valid=false session=false",
            browser.token().substring(0, 36) + "~0 cookie=true url=false valid=true session=true");
  }

  @Test
  @DisplayName(
      "isRequestedSessionIdValid: If the client did not specify any session ID, this method returns"
          + " false. So do the others, though a session has begun")
  void requestedId_thatWasNotSent_isFromNowhere() {
    site.on(
        "/begin-and-ask",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          seen.add(requestedBy(request));
        });

    browser.get("/begin-and-ask");

    assertThat(seen).containsExactly("null cookie=false url=false valid=false session=true");
  }

  @Test
  @DisplayName("getSession: if there is no current session, and create is true, a new session")
  void getSession_whereTheSessionExpired_isANewOne() {
    browser.get("/begin");
    String expired = browser.token().substring(0, 36);
    site.clock.advance(Duration.ofMinutes(15));
    site.on(
        "/again",
        (request, response) -> {
          HttpSession session = request.getSession(true);
          seen.add(session.isNew());
          seen.add(session.getAttribute("a"));
          seen.add(session.getId().startsWith(expired));
        });

    browser.get("/again");

    assertThat(seen).containsExactly(true, null, false);
  }

  @Test
  @DisplayName("changeSessionId: IllegalStateException if there is no session any more, too")
  void changeSessionId_afterInvalidate_isIllegal() {
    browser.get("/begin");
    site.on(
        "/renew",
        (request, response) -> {
          request.getSession().invalidate();
          assertThatThrownBy(request::changeSessionId).isInstanceOf(IllegalStateException.class);
          response.getWriter().print("refused");
        });

    assertThat(browser.get("/renew").body()).isEqualTo("refused");
  }

  @Test
  @DisplayName("getMaxInactiveInterval and getId have no exception for an invalidated session")
  void maxInactiveInterval_afterInvalidate_isWhatItWas() {
    browser.get("/begin");
    String id = browser.token().substring(0, 36);
    site.on(
        "/end",
        (request, response) -> {
          HttpSession session = request.getSession();
          session.invalidate();
          seen.add(session.getMaxInactiveInterval());
          seen.add(session.getId());
        });

    browser.get("/end");

    assertThat(seen).containsExactly(15 * 60, id + "~0");
  }

  @Test
  @DisplayName(
      "authenticate: Return false if authentication is incomplete and the login mechanism has"
          + " committed, in the response, the message and the status. The session stays as it is")
  void authenticate_thatTheContainerRefuses_isFalse() {
    site.filters(
        (request, response, chain) ->
            chain.doFilter(new ChallengingRequest((HttpServletRequest) request), response),
        SessionFilter.builder(site.manager).build());
    site.on("/authenticate", (request, response) -> seen.add(request.authenticate(response)));
    browser.get("/begin");

    Browser.Answer answer = browser.get("/authenticate");

    assertThat(seen).containsExactly(false);
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.setCookies()).as("no user has logged in").isEmpty();
  }

  @Test
  @DisplayName(
      "encodeURL, encodeRedirectURL: the unchanged URL if encoding is not needed. It never is, so"
          + " no URL is judged either")
  void encodeUrl_returnsWhatItIsGiven() {
    List<String> urls = List.of("/a?b=c#d", "http://localhost/b", "http://[", "", "x;jsessionid=y");
    site.on(
        "/urls",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          urls.forEach(url -> seen.add(response.encodeURL(url)));
          urls.forEach(url -> seen.add(response.encodeRedirectURL(url)));
        });

    browser.get("/urls");

    assertThat(seen).hasSize(2 * urls.size());
    assertThat(seen.subList(0, urls.size())).isEqualTo(urls);
    assertThat(seen.subList(urls.size(), seen.size())).isEqualTo(urls);
  }
}
