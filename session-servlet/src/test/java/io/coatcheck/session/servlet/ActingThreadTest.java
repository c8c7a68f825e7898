package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I3: what a thread of the application does to a session reaches no other client")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ActingThreadTest {

  @AutoClose private final RequestsAtOnce requests;
  private final Site site;
  private final Browser browser;

  ActingThreadTest(Container container) {
    requests = new RequestsAtOnce(container);
    site = requests.site;
    browser = requests.browser;
  }

  /** Calls a request in which a thread of the application does something to its session. */
  private void actOn(Acting acting) {
    site.on(
        "/act",
        (request, response) -> {
          HttpSession session = request.getSession();
          requests.onThread(
              () -> {
                acting.act(request, session);
                return null;
              });
        });
    assertThat(browser.get("/act").status()).isEqualTo(200);
  }

  private interface Acting {
    void act(HttpServletRequest request, HttpSession session) throws Exception;
  }

  private static void act(String what, WebSession session) {
    if (what.equals("login")) {
      session.login("alice");
    } else {
      assertThat(session.renew()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"login", "renew"})
  @DisplayName("a new secret is sent to nobody where it is unknown for whom the thread acts")
  void severalRequests_areRefused(String what) throws Exception {
    String planted = browser.token();
    requests.openStream();

    actOn(
        (request, session) ->
            assertThatThrownBy(() -> act(what, WebSession.of(session)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("WebSession.of(request)"));

    assertThat(browser.token()).isEqualTo(planted);
    assertThat(requests.closeStream().setCookies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"login", "renew"})
  @DisplayName("it is sent to the client whose request the thread names")
  void request_isNamed(String what) throws Exception {
    String planted = browser.token();
    requests.openStream();

    actOn((request, session) -> act(what, WebSession.of(request)));

    assertThat(browser.token()).isNotEqualTo(planted);
    assertThat(requests.closeStream().setCookies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"login", "renew"})
  @DisplayName("the only request under way is that of the thread")
  void onlyRequest_isKnown(String what) {
    String planted = browser.token();

    actOn((request, session) -> act(what, WebSession.of(session)));

    assertThat(browser.token()).isNotEqualTo(planted);
  }

  @Test
  @DisplayName("I5: a logout, or what is to be done before the commit, waits for no other request")
  void logout_isDoneAtOnce() throws Exception {
    String token = browser.token();
    requests.openStream();
    AtomicInteger actions = new AtomicInteger();

    actOn(
        (request, session) -> {
          WebSession own = WebSession.of(session);
          own.bridge().beforeCommit(actions::incrementAndGet);
          assertThat(actions).hasValue(1);
          own.logout();
        });

    assertThat(site.stored(token)).isNull();
    requests.closeStream();
    assertThat(actions).hasValue(1);
  }
}
