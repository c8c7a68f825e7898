package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Values that are notified of their binding")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BindingListenerTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
  }

  private Browser.Answer within(Handler assertions) {
    return site.within(browser, assertions);
  }

  /** Writes down what it hears, and what can be read then. */
  private static final class Bound implements HttpSessionBindingListener {

    private final String name;
    private final List<String> heard;

    Bound(String name, List<String> heard) {
      this.name = name;
      this.heard = heard;
    }

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      heard.add(
          name + " bound as " + event.getName() + ", " + event.getSession().getAttribute("x"));
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      heard.add(name + " unbound from " + event.getName());
      if (name.equals("bad")) {
        throw new AssertionError("a listener that fails");
      }
    }

    @Override
    public String toString() {
      return name;
    }
  }

  @Test
  @DisplayName(
      "binding listeners are notified of each binding, before it shows and after it is gone")
  void bindingListeners_hear() {
    List<String> heard = new ArrayList<>();
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          Bound first = new Bound("first", heard);
          session.setAttribute("x", first);
          session.setAttribute("x", first);
          session.setAttribute("x", new Bound("second", heard));
          session.removeAttribute("x");
          session.setAttribute("x", "plain");
        });

    assertThat(heard)
        .containsExactly(
            "first bound as x, null",
            "second bound as x, first",
            "first unbound from x",
            "second unbound from x");
  }

  @Test
  @DisplayName(
      "F10, F11: at invalidate each is notified once; one that fails stops neither the others nor the logout")
  void bindingListeners_hearOfTheEnd() {
    List<String> heard = new CopyOnWriteArrayList<>();
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("a", new Bound("bad", heard));
          session.setAttribute("b", new Bound("good", heard));
        });
    heard.clear();
    String token = browser.token();

    Browser.Answer answer = within((request, response) -> WebSession.of(request).logout());

    assertThat(heard).containsExactly("bad unbound from a", "good unbound from b");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookie()).startsWith("__Host-session=; Max-Age=0;");
    assertThat(site.stored(token)).isNull();
  }
}
