package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.atomic.AtomicReference;
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

  private static HttpServletRequest beforeFilter(ServletRequest request) {
    ServletRequest unwrapped = request;
    while (unwrapped instanceof ServletRequestWrapper wrapper) {
      unwrapped = wrapper.getRequest();
    }
    return (HttpServletRequest) unwrapped;
  }
}
