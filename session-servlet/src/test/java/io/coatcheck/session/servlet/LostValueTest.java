package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("F8: on copyOnRead(true), a value that can no longer be encoded fails its request")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LostValueTest {

  @Parameter Container container;

  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build())
          .cleanUpInterval(Duration.ZERO)
          .build();
  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on(
                "/begin",
                (request, response) -> {
                  request.getSession().setAttribute("list", new ArrayList<>(List.of("a")));
                  request.getSession().setAttribute("good", "1");
                })
            .on(
                "/read",
                (request, response) ->
                    response.getWriter().print(request.getSession().getAttribute("list")))
            .on(
                "/grow",
                (request, response) -> {
                  grow(request);
                  response.getWriter().print("as if it were stored");
                })
            .on(
                "/redirect",
                (request, response) -> {
                  grow(request);
                  response.sendRedirect("/read");
                });
    site.filters(SessionFilter.builder(manager).build());
    browser = site.browser();
    assertThat(browser.get("/begin").status()).isEqualTo(200);
  }

  @AfterEach
  void stop() {
    site.close();
    manager.close();
  }

  @SuppressWarnings("unchecked")
  private static void grow(HttpServletRequest request) {
    ((List<Object>) request.getSession().getAttribute("list")).add(new Object());
  }

  @Test
  void atTheEndOfTheRequest_isA500() {
    Browser.Answer answer = browser.get("/grow");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.body()).doesNotContain("as if it were stored");
    assertThat(browser.get("/read").body()).isEqualTo("[a]");
  }

  @Test
  void beforeARedirect_isA500() {
    assertThat(browser.get("/redirect").status()).isEqualTo(500);
    assertThat(browser.get("/read").body()).isEqualTo("[a]");
  }
}
