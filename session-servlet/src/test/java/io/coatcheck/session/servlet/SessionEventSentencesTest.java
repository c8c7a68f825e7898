package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.time.Duration;
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

@DisplayName("Sentences of the Servlet API about how listeners and values are notified")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SessionEventSentencesTest {

  @Parameter Container container;

  private final List<String> heard = new ArrayList<>();
  private final List<HttpSession> sessions = new ArrayList<>();
  @AutoClose private Site site;
  private Browser browser;

  /** A value that says when it is bound, and whether anything is stored when it no longer is. */
  private final class Value implements HttpSessionBindingListener {

    private final String name;

    Value(String name) {
      this.name = name;
    }

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      heard.add(name + " bound");
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      heard.add(name + " unbound, stored: " + isStored(event.getSession()));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** A listener that keeps the session of each event, and says what it hears of attributes. */
  private final class Ear
      implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      sessions.add(event.getSession());
    }

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
      sessions.add(event.getSession());
      heard.add("added " + event.getValue());
    }

    @Override
    public void attributeReplaced(HttpSessionBindingEvent event) {
      sessions.add(event.getSession());
      heard.add("replaced " + event.getValue());
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
      sessions.add(event.getSession());
      heard.add("removed " + event.getValue());
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
      sessions.add(event.getSession());
    }
  }

  @BeforeEach
  void start() {
    begin(
        new Site(
            container, false, UnaryOperator.identity(), builder -> builder.listener(new Ear())));
  }

  private void begin(Site begun) {
    site =
        begun
            .on(
                "/bind",
                (request, response) -> request.getSession().setAttribute("x", new Value("x")))
            .on("/end", (request, response) -> request.getSession().invalidate())
            .on("/look", (request, response) -> request.getSession(false));
    browser = site.browser();
  }

  private boolean isStored(HttpSession session) {
    String id = session.getId();
    return site.store
        .peek(SessionId.parse(id.substring(0, id.indexOf('~'))).orElseThrow())
        .isPresent();
  }

  @Test
  @DisplayName(
      "setAttribute: the container calls valueBound, then notifies any"
          + " HttpSessionAttributeListeners. If an object was already bound, its valueUnbound is"
          + " called")
  void setAttribute_overAnotherValue_notifiesBothAndThenTheListeners() {
    site.on(
        "/replace",
        (request, response) -> {
          request.getSession().setAttribute("x", new Value("first"));
          request.getSession().setAttribute("x", new Value("second"));
        });

    browser.get("/replace");

    assertThat(heard)
        .containsExactly(
            "first bound",
            "added first",
            "second bound",
            "first unbound, stored: false",
            "replaced first");
  }

  @Test
  @DisplayName(
      "For session that are invalidated or expire, notifications are sent after the session has"
          + " been invalidated or expired: it is in the store no more")
  void valueUnbound_atTheEnd_isNotifiedWhenNothingIsStored() {
    browser.get("/bind");
    browser.get("/end");
    assertThat(heard)
        .containsExactly("x bound", "added x", "x unbound, stored: false", "removed x");
    heard.clear();

    browser.get("/bind");
    site.clock.advance(Duration.ofHours(1));
    site.manager.cleanUp();
    assertThat(heard)
        .containsExactly("x bound", "added x", "x unbound, stored: false", "removed x");
  }

  @Test
  @DisplayName("HttpSessionEvent.getSession: Return the session that changed, the request's own")
  void events_nameTheSessionOfTheRequest() {
    AtomicReference<HttpSession> own = new AtomicReference<>();
    site.on(
        "/all",
        (request, response) -> {
          own.set(request.getSession());
          own.get().setAttribute("x", "1");
          own.get().setAttribute("x", "2");
          own.get().removeAttribute("x");
          request.changeSessionId();
        });
    browser.get("/begin");
    sessions.clear();

    browser.get("/all");
    assertThat(sessions).hasSize(4).allSatisfy(session -> assertThat(session).isSameAs(own.get()));
    sessions.clear();

    site.browser().get("/all");
    assertThat(sessions)
        .as("with its creation")
        .hasSize(5)
        .allSatisfy(session -> assertThat(session).isSameAs(own.get()));
  }

  @Test
  @DisplayName("sessionIdChanged: the session for which the ID changed, and the old session id")
  void sessionIdChanged_byPeriodicRenewal_isReported() {
    site.close();
    begin(
        new Site(
            container,
            false,
            builder -> builder.renewInterval(Duration.ofMinutes(2)),
            UnaryOperator.identity()));
    browser.get("/begin");
    String id = browser.token().substring(0, 36);
    site.listener().heard();
    site.clock.advance(Duration.ofMinutes(2));

    browser.get("/look");

    assertThat(site.listener().heard()).containsExactly("id " + id + "~0 > " + id + "~1");
  }
}
