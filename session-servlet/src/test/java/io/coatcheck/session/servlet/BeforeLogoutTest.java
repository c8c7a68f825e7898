package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.security.Principal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("What is registered by beforeLogout is done before a logout ends anything")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BeforeLogoutTest {

  @Parameter Container container;

  private final AtomicInteger containerLogouts = new AtomicInteger();
  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    site.filters(
        (request, response, chain) -> chain.doFilter(new OfCarol(request), response),
        SessionFilter.builder(site.manager).build());
    browser = site.browser();
    browser.get("/begin");
  }

  @AfterEach
  void stop() {
    site.close();
  }

  @Test
  @DisplayName(
      "if it fails, HttpServletRequest.logout ends neither the session nor the container's login")
  void failure_leavesBothLogins() {
    site.within(
        browser,
        (request, response) -> {
          WebSession.of(request)
              .bridge()
              .beforeLogout(
                  () -> {
                    throw new IllegalStateException("the keys cannot be fetched");
                  });
          assertThatThrownBy(request::logout).hasMessage("the keys cannot be fetched");
        });
    assertThat(containerLogouts).hasValue(0);
    assertThat(site.stored(browser.token()).attributes()).containsKey("a");
  }

  @Test
  @DisplayName("what is registered while it is done is done by the next logout, and nothing twice")
  void registeredMeanwhile_isDoneByTheNextLogout() {
    List<String> done = new ArrayList<>();
    site.within(
        browser,
        (request, response) -> {
          WebSession session = WebSession.of(request);
          session
              .bridge()
              .beforeLogout(
                  () -> {
                    done.add("first");
                    session.bridge().beforeLogout(() -> done.add("meanwhile"));
                  });
          session.bridge().beforeLogout(() -> done.add("second"));
          session.logout();
          assertThat(done).containsExactly("first", "second");
          session.logout();
          assertThat(done).containsExactly("first", "second", "meanwhile");
          session.logout();
          assertThat(done).containsExactly("first", "second", "meanwhile");
        });
  }

  /** A request of a user whom the container has logged in. */
  private final class OfCarol extends HttpServletRequestWrapper {

    OfCarol(ServletRequest request) {
      super((HttpServletRequest) request);
    }

    @Override
    public Principal getUserPrincipal() {
      return () -> "carol";
    }

    @Override
    public String getRemoteUser() {
      return "carol";
    }

    @Override
    public void logout() throws ServletException {
      containerLogouts.incrementAndGet();
    }
  }
}
