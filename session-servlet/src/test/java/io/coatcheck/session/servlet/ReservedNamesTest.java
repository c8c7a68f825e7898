package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpSession;
import java.util.Collections;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("An application whose clients choose the names of attributes")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ReservedNamesTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
    browser.get("/begin");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "io.coatcheck.session.servlet.renewedFor",
        "io.coatcheck.session.servlet.maxInactiveInterval",
        "org.apache.tomcat.websocket.server.WsHttpSessionBindingListener",
        "org.apache.tomcat.websocket.x"
      })
  @DisplayName("cannot be made to change what the filter or the container keeps in the session")
  void reservedName_isRefused(String name) {
    site.within(
        browser,
        (request, response) -> {
          HttpSession session = request.getSession();
          assertThatThrownBy(() -> session.setAttribute(name, "1"))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining(name);
          assertThatThrownBy(() -> WebSession.of(request).update(name, String.class, x -> "1"))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining(name);
          assertThatThrownBy(() -> WebSession.of(request).take(name))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining(name);
          assertThat(session.getAttribute(name)).isNull();
          assertThat(Collections.list(session.getAttributeNames())).containsExactly("a");
        });
  }

  @Test
  @DisplayName("a timeout that the application has set is not removed by its name")
  void timeout_staysForTheLogin() {
    site.on(
        "/remove",
        (request, response) -> {
          request.getSession().setMaxInactiveInterval(60);
          assertThatThrownBy(
                  () ->
                      request
                          .getSession()
                          .removeAttribute("io.coatcheck.session.servlet.maxInactiveInterval"))
              .isInstanceOf(IllegalArgumentException.class);
        });
    assertThat(browser.get("/remove").status()).isEqualTo(200);
    browser.get("/login");

    site.within(
        browser,
        (request, response) ->
            assertThat(request.getSession().getMaxInactiveInterval()).isEqualTo(60));
  }
}
