package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.token.SecretHash;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I3: in memory, requests of different logins share no session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SharedSessionLoginTest {

  private final Map<String, Object> kept = new ConcurrentHashMap<>();
  @AutoClose private final RequestsAtOnce requests;
  private final Site site;
  private final Browser browser;

  SharedSessionLoginTest(Container container) {
    requests = new RequestsAtOnce(container);
    site = requests.site;
    browser = requests.browser;
  }

  @Test
  @DisplayName("I4: what a request changes after another principal has logged in is dropped")
  void change_afterALogin_isDropped() throws Exception {
    site.on(
        "/login",
        (request, response) -> {
          WebSession.of(request).login("alice");
          request.getSession().setAttribute("hers", "1");
        });
    requests.around(
        "/login",
        (request, response) -> request.getSession(),
        (request, response) -> {
          HttpSession session = request.getSession();
          assertThat(session.getAttribute("hers")).isNull();
          session.setAttribute("b", "2");
        });
    assertThat(requests.stored("hers")).isEqualTo("1");
    assertThat(requests.stored("b")).isNull();
    assertThat(site.events).hasAtLeastOneElementOfType(SessionEvent.WriteDropped.class);
  }

  @Test
  @DisplayName("I3: a thread of a request from before a login sees nothing of the user's session")
  void threadFromBeforeALogin_seesNothingOfTheUser() throws Exception {
    HttpSession planted = requests.openStream();
    site.on(
            "/login",
            (request, response) -> {
              HttpSession session = request.getSession();
              WebSession.of(request).login("alice");
              session.setAttribute("hers", "1");
              kept.put("within", seenBy(planted));
            })
        .on(
            "/hers",
            (request, response) -> {
              kept.put("read", request.getSession().getAttribute("hers"));
              kept.put("later", seenBy(planted));
            });
    browser.get("/login");
    browser.get("/hers");
    requests.closeStream();
    assertThat(kept).containsEntry("read", "1");
    assertThat(kept).containsEntry("within", "nothing").containsEntry("later", "nothing");
  }

  /** Returns what a thread of the application reads of a session. */
  private String seenBy(HttpSession session) throws Exception {
    return requests.onThread(
        () -> String.valueOf(session.getAttribute("hers")).replace("null", "nothing"));
  }

  @Test
  @DisplayName("attack 14: a connection from before a new login is over, while others are open")
  void connectionFromBeforeANewLogin_isOver() throws Exception {
    browser.get("/login");
    HttpSession old = requests.openStream();
    assertThat(WebSession.of(old).isStillLive()).isTrue();
    browser.get("/login");
    site.on(
        "/hers",
        (request, response) -> {
          HttpSession hers = request.getSession();
          kept.put("old", requests.submit(() -> WebSession.of(old).isStillLive()).get());
          kept.put("hers", requests.submit(() -> WebSession.of(hers).isStillLive()).get());
        });
    browser.get("/hers");
    requests.closeStream();
    assertThat(kept).containsEntry("old", false).containsEntry("hers", true);
  }

  @Test
  @DisplayName("I3: a request from before a new login gets neither its secret nor its freshness")
  void requestFromBeforeANewLogin_joinsNoLogin() throws Exception {
    browser.get("/login");
    site.on(
        "/again",
        (request, response) -> {
          site.clock.advance(Duration.ofMinutes(10));
          WebSession.of(request).login("alice");
          request.getSession().setAttribute("b", "2");
        });
    requests.around(
        "/again",
        (request, response) -> request.getSession(),
        (request, response) -> {
          assertThat(request.getSession().getAttribute("b")).isEqualTo("2");
          WebSession own = WebSession.of(request);
          assertThat(own.authenticatedWithin(Duration.ofMinutes(5))).isFalse();
          assertThat(own.isStillLive()).isFalse();
          SecretHash hers = site.stored(browser.token()).secretHash();
          request.changeSessionId();
          assertThat(site.stored(browser.token()).secretHash()).isEqualTo(hers);
        });
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }
}
