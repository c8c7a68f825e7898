package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I5: an included part cannot end the page by a call that has no effect")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class IncludedPartTest {

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site = new Site(container);
  }

  private static void part(String what, HttpServletResponse response) throws Exception {
    switch (what) {
      case "reset" -> response.reset();
      case "length" -> response.setContentLength(1_000_000);
      case "length header" -> response.setHeader("Content-Length", "1000000");
      case "send error" -> response.sendError(500);
      case "redirect" -> response.sendRedirect("/elsewhere");
      case "buffer" -> response.setBufferSize(1_000_000);
      default -> throw new IllegalArgumentException(what);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reset", "length", "length header", "send error", "redirect", "buffer"})
  void longPage_hasTheCookie(String what) {
    site.on(
            "/part",
            (request, response) -> {
              try {
                part(what, response);
              } catch (IllegalStateException e) {
                // Too late for this container.
              }
            })
        .on(
            "/page",
            (request, response) -> {
              int size = response.getBufferSize();
              var out = response.getOutputStream();
              for (int i = 0; i < 5; i++) {
                out.write(new byte[size / 8]);
              }
              RequestDispatcher dispatcher = request.getRequestDispatcher("/part");
              dispatcher.include(request, response);
              request.getSession().setAttribute("a", "1");
              for (int i = 0; i < 4; i++) {
                out.write(new byte[size / 8]);
              }
            });
    Browser browser = site.browser();

    Browser.Answer answer = browser.get("/page");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token())).isNotNull();
  }
}
