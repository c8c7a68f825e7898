package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Sentences of the Servlet API about the end of a login, a session or a value")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class EndingSentencesTest {

  @Parameter Container container;

  private final List<Object> seen = new ArrayList<>();
  private final AtomicReference<HttpSession> own = new AtomicReference<>();
  @AutoClose private Site site;
  private Browser browser;

  /** A value of which bytes can be made. */
  record Note(String text) implements Serializable {}

  /** A value that tells whether the request can still read it when it is bound no more. */
  private final class Value implements HttpSessionBindingListener {

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      seen.add("bound");
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      try {
        seen.add("unbound, and the request reads " + own.get().getAttribute(event.getName()));
      } catch (IllegalStateException e) {
        seen.add("unbound");
      }
    }

    @Override
    public String toString() {
      return "value";
    }
  }

  @BeforeEach
  void start() {
    begin(new Site(container));
  }

  private void begin(Site begun) {
    site =
        begun
            .on("/bind", (request, response) -> bind(request.getSession()))
            .on(
                "/invalidate",
                (request, response) -> {
                  own.set(request.getSession());
                  request.getSession().invalidate();
                })
            .on(
                "/bind-and-log-in-another",
                (request, response) -> {
                  bind(request.getSession());
                  WebSession.of(request).login("bob");
                })
            .on(
                "/bind-and-log-out-everywhere",
                (request, response) -> {
                  bind(request.getSession());
                  WebSession.of(request).logoutEverywhere();
                })
            .on(
                "/bind-and-log-out",
                (request, response) -> {
                  bind(request.getSession());
                  WebSession.of(request).logout();
                });
    browser = site.browser();
  }

  private void bind(HttpSession session) {
    own.set(session);
    session.setAttribute("x", new Value());
  }

  @Test
  @DisplayName(
      "logout: Establish null as the value returned when getUserPrincipal, getRemoteUser and"
          + " getAuthType is called on the request; ServletException if logout fails, only then")
  void logout_withoutAUserOfTheContainer_isNoFailure() {
    site.on(
        "/logout",
        (request, response) -> {
          seen.add(request.getRemoteUser());
          request.logout();
          seen.add(request.getUserPrincipal());
          seen.add(request.getRemoteUser());
          seen.add(request.getAuthType());
          seen.add(request.isUserInRole("**"));
          seen.add(request.getSession(false));
        });
    browser.get("/login");

    assertThat(browser.get("/logout").status()).isEqualTo(200);

    assertThat(seen).containsExactly("alice", null, null, null, false, null);
  }

  @Test
  @DisplayName(
      "For session that are invalidated, notifications are sent after the session has been"
          + " invalidated")
  void valueUnbound_atInvalidate_findsTheRequestsSessionInvalid() {
    browser.get("/bind");

    browser.get("/invalidate");

    assertThat(seen).containsExactly("bound", "unbound");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/invalidate",
        "/bind-and-log-out",
        "/bind-and-log-in-another",
        "/bind-and-log-out-everywhere"
      })
  @DisplayName(
      "sessionDestroyed: Receives notification that a session is about to be invalidated. What the"
          + " request holds of it can be read and changed until then, and no longer")
  void sessionDestroyed_findsTheRequestsSessionValid(String path) {
    browser.get("/login");
    browser.get("/bind");
    seen.clear();
    site.listener()
        .atEnd(
            ended -> {
              HttpSession session = own.get();
              seen.add(Collections.list(session.getAttributeNames()));
              seen.add(session.getAttribute("x").toString());
              seen.add(session.isNew());
              seen.add(session.getLastAccessedTime() == ended.getLastAccessedTime());
              session.setAttribute("y", "1");
              seen.add(ended.getAttribute("y"));
              session.removeAttribute("y");
              seen.add(session.getAttribute("y"));
              session.invalidate();
            });

    assertThat(browser.get(path).status()).isEqualTo(200);

    seen.removeIf("bound"::equals);
    assertThat(seen.subList(seen.indexOf(List.of("x")), seen.size()))
        .startsWith(List.of("x"), "value", false, true, "1", null)
        .hasSize(7);
    assertThat(seen.get(seen.size() - 1)).asString().startsWith("unbound");
    assertThatThrownBy(() -> own.get().getAttribute("x")).isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/bind-and-log-out", "/bind-and-log-in-another", "/bind-and-log-out-everywhere"})
  @DisplayName(
      "An object is notified when it is unbound from a session, due to a session being"
          + " invalidated: of what the request bound and had not saved, too")
  void valueUnbound_ofWhatWasNotSaved_isNotified(String path) {
    browser.get("/login");

    browser.get(path);

    assertThat(seen).as("bound, and unbound").hasSize(2);
  }

  @Test
  @DisplayName(
      "changeSessionId: IllegalStateException if there is no session, by now: it was ended from"
          + " elsewhere while the request was under way")
  void changeSessionId_ofWhatEndedMeanwhile_isIllegal() {
    site.on(
        "/change",
        (request, response) -> {
          HttpSession session = request.getSession(false);
          site.manager.revokeAllOf("alice");
          try {
            seen.add(request.changeSessionId());
          } catch (IllegalStateException e) {
            seen.add("illegal");
          }
          try {
            seen.add(session.getCreationTime());
          } catch (IllegalStateException e) {
            seen.add("ended");
          }
        });
    browser.get("/login");

    assertThat(browser.get("/change").status()).isEqualTo(200);

    assertThat(seen).containsExactly("illegal", "ended");
  }

  @Test
  @DisplayName(
      "removeAttribute: Removes the object bound with the specified name from this session, whether"
          + " it can still be read or not")
  void removeAttribute_ofWhatNoLongerDecodes_removesIt() {
    site.close();
    begin(
        new Site(
            container,
            true,
            builder ->
                builder.codec(JavaSerializationCodec.builder().allow(Note.class.getName()).build()),
            UnaryOperator.identity()));
    site.on("/set", (request, response) -> request.getSession().setAttribute("note", new Note("x")))
        .on(
            "/remove",
            (request, response) -> {
              request.getSession().removeAttribute("note");
              seen.addAll(Collections.list(request.getSession().getAttributeNames()));
            });
    browser.get("/set");
    try (SessionManager whereTheClassIsGone =
        SessionManager.builder(site.store)
            .clock(site.clock)
            .cleanUpInterval(Duration.ZERO)
            .build()) {
      site.filters(SessionFilter.builder(whereTheClassIsGone).build());

      browser.get("/remove");

      assertThat(seen).isEmpty();
      assertThat(site.stored(browser.token()).attributes()).isEmpty();
    }
  }
}
