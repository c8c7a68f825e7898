package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Sentences of the Servlet API that are tested nowhere else")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ServletApiTest {

  @Parameter Container container;

  private final List<String> heard = new ArrayList<>();
  @AutoClose private Site site;
  private Browser browser;

  /** Hears of attributes, and looks at the session meanwhile. */
  private final class Listener implements HttpSessionAttributeListener {

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
      hear("added", event);
    }

    @Override
    public void attributeReplaced(HttpSessionBindingEvent event) {
      hear("replaced", event);
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
      hear("removed", event);
    }

    private void hear(String what, HttpSessionBindingEvent event) {
      heard.add(
          what
              + " "
              + event.getName()
              + "="
              + event.getValue()
              + ", now "
              + event.getSession().getAttribute(event.getName()));
    }
  }

  @BeforeEach
  void start() {
    site =
        new Site(
            container,
            false,
            UnaryOperator.identity(),
            builder -> builder.listener(new Listener()));
    browser = site.browser();
  }

  /** Runs the assertions of a test within a request, and lets their failure be the test's. */
  private void within(Handler handler) {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    site.on(
        "/within",
        (request, response) -> {
          try {
            handler.handle(request, response);
          } catch (Throwable e) {
            failure.set(e);
          }
        });
    browser.get("/within");
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
  }

  @Test
  @DisplayName(
      "If the client chooses not to join the session, getSession will return a different session on"
          + " each request, and isNew will always return true.")
  void clientThatKeepsNoCookies_hasANewSessionEachTime() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      browser = site.browser();
      within(
          (request, response) -> {
            assertThat(request.getSession().isNew()).isTrue();
            ids.add(request.getSession().getId());
          });
    }

    assertThat(ids).hasSize(3).doesNotHaveDuplicates();
  }

  @Test
  @DisplayName(
      "The requested session ID may not be the same as the ID of the current valid session.")
  void requestedId_ofAnotherSession_differsFromTheCurrent() {
    browser.get("/begin");
    within(
        (request, response) -> {
          String requested = request.getRequestedSessionId();
          request.changeSessionId();
          assertThat(request.getRequestedSessionId()).isEqualTo(requested);
          assertThat(request.getSession().getId()).isNotEqualTo(requested);

          request.getSession().invalidate();
          request.getSession().setAttribute("b", "2");
          assertThat(request.getRequestedSessionId()).isEqualTo(requested);
          assertThat(request.isRequestedSessionIdValid()).isFalse();
        });
  }

  @Test
  @DisplayName("getServletContext returns the ServletContext to which this session belongs.")
  void servletContext_isThatOfTheRequest() {
    within(
        (request, response) ->
            assertThat(request.getSession().getServletContext())
                .isSameAs(request.getServletContext()));
  }

  @Test
  @DisplayName("The name to which the object is bound cannot be null; nor is it empty or endless.")
  void nameOfAnAttribute_isRequired() {
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          assertThatThrownBy(() -> session.setAttribute(null, "1"))
              .isInstanceOfAny(NullPointerException.class, IllegalArgumentException.class);
          assertThatThrownBy(() -> session.setAttribute("", "1"))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> session.setAttribute("x".repeat(256), "1"))
              .isInstanceOf(IllegalArgumentException.class);
          assertThat(session.getAttributeNames().hasMoreElements()).isFalse();
        });
  }

  @Test
  @DisplayName(
      "An attribute listener is notified that an attribute has been added, replaced or removed.")
  void attributeListener_isNotifiedAfterTheChange() {
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("x", "1");
          session.setAttribute("x", "2");
          session.setAttribute("x", "2");
          session.removeAttribute("x");
          session.removeAttribute("x");
        });

    assertThat(heard)
        .containsExactly(
            "added x=1, now 1",
            "replaced x=1, now 2",
            "replaced x=2, now 2",
            "removed x=2, now null");
  }

  @Test
  @DisplayName(
      "A value is notified with the session, the name, and the value; then the listeners are.")
  void bindingEvent_namesSessionNameAndValue() {
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          HttpSessionBindingListener value =
              new HttpSessionBindingListener() {
                @Override
                public void valueBound(HttpSessionBindingEvent event) {
                  assertThat(event.getValue()).isSameAs(this);
                  assertThat(event.getSession()).isSameAs(session);
                  heard.add("bound " + event.getName());
                }

                @Override
                public void valueUnbound(HttpSessionBindingEvent event) {
                  assertThat(event.getValue()).isSameAs(this);
                  assertThat(event.getSession()).isSameAs(session);
                  heard.add("unbound " + event.getName());
                }

                @Override
                public String toString() {
                  return "value";
                }
              };
          session.setAttribute("x", value);
          session.setAttribute("x", null);
        });

    assertThat(heard)
        .containsExactly(
            "bound x", "added x=value, now value", "unbound x", "removed x=value, now null");
  }
}
