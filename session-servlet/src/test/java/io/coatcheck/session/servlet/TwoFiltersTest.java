package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import jakarta.servlet.Filter;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Attack 10: two filters of one manager, one for pages and one for programs")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class TwoFiltersTest {

  @Parameter Container container;

  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final Listener shared = new Listener("shared");
  private Site site;
  private SessionFilter pages;
  private SessionFilter programs;
  private Browser browser;

  /** A listener that one filter or both were given. */
  private final class Listener implements HttpSessionListener {

    private final String name;

    Listener(String name) {
      this.name = name;
    }

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      heard.add(name + " created");
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      heard.add(name + " destroyed");
    }
  }

  private final class Value implements HttpSessionBindingListener {

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      heard.add("unbound");
    }
  }

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on(
                "/begin",
                (request, response) -> {
                  request.getSession().setAttribute("x", new Value());
                  WebSession.of(request).login("alice");
                })
            .on("/api/login", (request, response) -> WebSession.of(request).login("alice"))
            .on("/api/none", (request, response) -> {});
    pages =
        SessionFilter.builder(site.manager).listener(shared).listener(new Listener("page")).build();
    programs =
        SessionFilter.builder(site.manager)
            .withoutCookie()
            .header(SessionHeader.bearer())
            .listener(new Listener("program"))
            .listener(shared)
            .build();
    Filter byPath =
        (request, response, chain) -> {
          boolean isApi = ((HttpServletRequest) request).getRequestURI().startsWith("/api");
          (isApi ? programs : pages).doFilter(request, response, chain);
        };
    site.filters(byPath);
    browser = site.browser();
    browser.get("/logout");
    browser.get("/api/none");
  }

  @AfterEach
  void stop() {
    pages.destroy();
    programs.destroy();
    site.close();
  }

  private static final String[] ONE_LIFE = {
    "shared created",
    "page created",
    "program created",
    "program destroyed",
    "page destroyed",
    "shared destroyed",
    "unbound"
  };

  @Test
  @DisplayName("each listener is notified once of the beginning and once of the end")
  void logout_isReportedOnce() {
    browser.get("/begin");
    browser.get("/logout");

    assertThat(heard).containsExactly(ONE_LIFE);
    assertThat(site.listener().heard())
        .satisfiesExactly(
            one -> assertThat(one).isEqualTo("created"),
            one -> assertThat(one).startsWith("added x="),
            one -> assertThat(one).startsWith("id "),
            one -> assertThat(one).isEqualTo("destroyed [x]"),
            one -> assertThat(one).startsWith("removed x="));
  }

  @Test
  @DisplayName(
      "the same goes for a session that expires, and one that began after the other filter")
  void expiry_isReportedOnce() {
    browser.get("/begin");
    site.browser().post("/api/login");
    heard.clear();
    site.listener().heard();
    site.clock.advance(Duration.ofHours(1));

    site.manager.cleanUp();

    assertThat(heard)
        .containsOnlyOnce("unbound")
        .filteredOn(one -> one.endsWith("destroyed"))
        .hasSize(6);
    assertThat(site.listener().heard()).filteredOn(one -> one.startsWith("destroyed")).hasSize(2);
  }

  @Test
  @DisplayName("when one filter has been destroyed, its own listeners are no longer notified")
  void destroyedFilter_isNoLongerNotified() {
    pages.destroy();
    browser.send("POST", "/api/login");
    site.manager.revokeAllOf("alice");

    assertThat(heard)
        .containsExactly(
            "program created", "shared created", "shared destroyed", "program destroyed");
    assertThat(site.listener().heard()).containsExactly("created", "destroyed []");
    heard.clear();

    programs.destroy();
    site.manager.authenticate(null, "alice", io.coatcheck.session.LoginOptions.defaults());
    site.manager.revokeAllOf("alice");

    assertThat(heard).isEmpty();
    assertThat(site.listener().heard()).isEmpty();
  }

  @Test
  @DisplayName("in two applications, the listeners of each are notified once")
  void twoApplications_hearOnceEach() {
    ServletContext one = mock(ServletContext.class);
    ServletContext other = mock(ServletContext.class);
    Listener ofOne = new Listener("one");
    Listener ofOther = new Listener("other");
    SessionListeners first = SessionListeners.join(site.manager, one, pages, List.of(ofOne));
    SessionListeners second = SessionListeners.join(site.manager, one, programs, List.of(ofOne));
    SessionListeners third = SessionListeners.join(site.manager, other, pages, List.of(ofOther));
    heard.clear();
    site.manager.authenticate(null, "alice", io.coatcheck.session.LoginOptions.defaults());

    site.manager.revokeAllOf("alice");

    assertThat(second).isSameAs(first);
    assertThat(third).isNotSameAs(first);
    assertThat(heard).containsOnlyOnce("one destroyed").containsOnlyOnce("other destroyed");
    first.leave(pages);
    second.leave(programs);
    third.leave(pages);
  }
}
