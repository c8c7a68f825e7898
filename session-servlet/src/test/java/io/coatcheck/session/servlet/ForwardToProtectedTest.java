package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.DispatcherType;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("attack 12: forwards to a protected path")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ForwardToProtectedTest {

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/open", forwardTo("/admin/view"))
            .on("/folder/", forwardTo("/folder/admin"))
            .on("/admin/view", (request, response) -> response.getWriter().print("the secret"))
            .on("/folder/admin", (request, response) -> response.getWriter().print("the secret"));
    RequireLogin login = RequireLogin.builder().protectedPaths("/admin/*", "/folder/admin").build();
    SessionFilter sessions = SessionFilter.builder(site.manager).build();
    site.filters(
        sessions,
        (request, response, chain) -> {
          boolean isMapped =
              request.getDispatcherType() == DispatcherType.REQUEST
                  || request.getParameter("forward") != null;
          if (isMapped) {
            login.doFilter(request, response, chain);
          } else {
            chain.doFilter(request, response);
          }
        });
  }

  private static Handler forwardTo(String path) {
    return (request, response) -> request.getRequestDispatcher(path).forward(request, response);
  }

  @Test
  @DisplayName("are the application's own where RequireLogin is mapped for requests")
  void mappedForRequests_areTheApplicationsOwn() {
    assertThat(site.browser().get("/open").body()).isEqualTo("the secret");
  }

  @Test
  @DisplayName("need a login where it is mapped for forwards too")
  void mappedForForwards_needALogin() {
    assertThat(site.browser().get("/open?forward").status()).isEqualTo(401);
    assertThat(site.browser().get("/open?forward").body()).doesNotContain("secret");
  }

  @Test
  @DisplayName("need one in any case from a directory to what is in it, as to a welcome file")
  void ofADirectory_needALogin() {
    assertThat(site.browser().get("/folder/").status()).isEqualTo(401);
    assertThat(site.browser().get("/folder/").body()).doesNotContain("secret");
  }

  @Test
  @DisplayName("keep the session that was begun before them, with its cookie")
  void sessionBegunBefore_isKept() {
    site.on(
        "/folder/",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          forwardTo("/folder/admin").handle(request, response);
        });
    Browser browser = site.browser();

    assertThat(browser.get("/folder/").status()).isEqualTo(401);

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }
}
