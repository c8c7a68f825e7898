package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A bridge that has the request from before the filter")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BridgeRequestTest {

  @Parameter Container container;

  @AutoClose private Site site;

  @Test
  @DisplayName("gets the session of the application, and begins one only if it is to")
  void session() {
    AtomicReference<String> seen = new AtomicReference<>();
    site =
        new Site(container)
            .on(
                "/page",
                (request, response) -> {
                  BridgeRequest bridge = WebSession.of(beforeFilter(request)).bridge();
                  boolean hadNone = bridge.session(false) == null;
                  String begun = bridge.session(true).getId();
                  seen.set(hadNone + " " + begun.equals(request.getSession(false).getId()));
                });
    Browser.Answer answer = site.browser().get("/page");
    assertThat(seen).hasValue("true true");
    assertThat(answer.setCookies())
        .singleElement()
        .asString()
        .doesNotContainIgnoringCase("JSESSIONID");
  }

  @Test
  @DisplayName("learns of an attribute that cannot be read, unless the request has removed it")
  void holdsAttribute() {
    List<Boolean> seen = new ArrayList<>();
    site =
        new Site(container, true, UnaryOperator.identity(), UnaryOperator.identity())
            .on(
                "/page",
                (request, response) -> {
                  BridgeRequest bridge = WebSession.of(request).bridge();
                  seen.add(bridge.holdsAttribute("a"));
                  seen.add(bridge.holdsAttribute("damaged"));
                  seen.add(bridge.holdsAttribute("none"));
                  seen.add(request.getSession().getAttribute("damaged") == null);
                  request.getSession().removeAttribute("damaged");
                  seen.add(bridge.holdsAttribute("damaged"));
                  request.getSession().setAttribute("none", "1");
                  seen.add(bridge.holdsAttribute("none"));
                });
    Browser browser = site.browser();
    browser.get("/begin");
    StoredSession stored =
        site.store
            .find(SessionToken.parse(browser.cookie(Browser.SESSION)).orElseThrow().id())
            .orElseThrow();
    assertThat(
            site.store.update(
                stored.toBuilder()
                    .attribute("damaged", AttributeValue.encoded(new byte[] {(byte) 0xEE, 1}))
                    .build(),
                site.clock.instant()))
        .isTrue();
    browser.get("/page");
    assertThat(seen).containsExactly(true, true, false, true, false, true);
  }

  private static HttpServletRequest beforeFilter(ServletRequest request) {
    ServletRequest unwrapped = request;
    while (unwrapped instanceof ServletRequestWrapper wrapper) {
      unwrapped = wrapper.getRequest();
    }
    return (HttpServletRequest) unwrapped;
  }
}
