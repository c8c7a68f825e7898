package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("Attack 6: a request that is kept, and used when its connection serves another client")
@ParameterizedClass(name = "{0}, discards facades: {1}")
@MethodSource("containers")
class LateLogoutTest {

  @Parameter(0)
  Container container;

  /** Whether Tomcat makes what is kept of a request unusable, or lets it show the next one. */
  @Parameter(1)
  boolean discardsFacades;

  private final AtomicReference<WebSession> kept = new AtomicReference<>();
  private final AtomicReference<HttpServletRequest> request = new AtomicReference<>();
  private final List<String> judged = new CopyOnWriteArrayList<>();
  private Site site;
  private RawClient connection;
  private String alice;
  private String bob;

  static Stream<Arguments> containers() {
    return Stream.of(Container.values())
        .flatMap(
            container -> Stream.of(true, false).map(discards -> Arguments.of(container, discards)));
  }

  @BeforeEach
  void start() throws IOException {
    Container.discardFacades(discardsFacades);
    begin(UnaryOperator.identity());
  }

  private void begin(UnaryOperator<SessionFilterBuilder> options) throws IOException {
    site =
        new Site(container, false, UnaryOperator.identity(), options)
            .on("/alice", (request, response) -> WebSession.of(request).login("alice"))
            .on("/bob", (request, response) -> WebSession.of(request).login("bob"))
            .on("/who", (request, response) -> response.getWriter().print(request.getRemoteUser()))
            .on(
                "/keep",
                (request, response) -> {
                  this.request.set(request);
                  kept.set(WebSession.of(request));
                });
    alice = cookieOf("/alice");
    bob = cookieOf("/bob");
    connection = new RawClient(site.port());
  }

  private String cookieOf(String login) {
    Browser browser = site.browser();
    browser.get(login);
    return "Cookie: " + Browser.SESSION + "=" + browser.token();
  }

  @AfterEach
  void stop() throws IOException {
    Container.discardFacades(true);
    connection.close();
    site.close();
  }

  private SessionId onlySessionOf(String principal) {
    return site.manager.sessionsOf(principal).get(0).id();
  }

  /** Keeps a request of alice, and does something while the same connection serves bob. */
  private void whileBobIsServed(Runnable work) throws IOException {
    connection.get("/keep", alice);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    site.on(
        "/stranger",
        (request, response) -> {
          try {
            work.run();
          } catch (Throwable e) {
            failure.set(e);
          }
          response.getWriter().print("done");
        });

    String answer = connection.get("/stranger", bob);

    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
    assertThat(answer).endsWith("done").doesNotContain("Set-Cookie");
    assertThat(connection.get("/who", bob)).as("the stranger is still in").endsWith("bob");
  }

  @Test
  @DisplayName("a logout ends the session, though the request never asked for it; twice is fine")
  void logout_endsOwnSession() throws IOException {
    whileBobIsServed(
        () -> {
          kept.get().logout();
          assertThat(site.manager.sessionsOf("alice")).isEmpty();
          kept.get().logout();
        });
  }

  @Test
  @DisplayName("a logout ends the session, though the filter had not looked it up")
  void logout_lazy_endsOwnSession() throws IOException {
    stop();
    Container.discardFacades(discardsFacades);
    begin(builder -> builder.lazy(true));

    whileBobIsServed(
        () -> {
          kept.get().logout();
          kept.get().logout();
        });

    assertThat(site.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  @DisplayName("the client check sees the client of the kept request")
  void logout_lazyWithClientCheck_asksAboutOwnClient() throws IOException {
    stop();
    Container.discardFacades(discardsFacades);
    begin(
        builder ->
            builder
                .lazy(true)
                .clientCheck(
                    (atLogin, now) -> {
                      judged.add(now.userAgent().orElse("-"));
                      return ClientCheck.Verdict.ACCEPT;
                    }));
    alice = alice + "\r\nUser-Agent: hers";
    bob = bob + "\r\nUser-Agent: his";
    connection.get("/who", bob);
    judged.clear();

    whileBobIsServed(
        () -> {
          kept.get().logout();
          assertThat(judged).containsExactly("hers");
        });

    assertThat(site.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  @DisplayName("a logout everywhere ends hers; after that and a second there is none to end")
  void logoutEverywhere_endsOwnSessions() throws IOException {
    String other = cookieOf("/alice");
    whileBobIsServed(
        () -> {
          assertThat(kept.get().logoutEverywhere()).isEqualTo(2);
          site.clock.advance(Duration.ofSeconds(2));
          assertThat(kept.get().logoutEverywhere()).isZero();
          assertThat(kept.get().logoutOthers()).isZero();
        });

    assertThat(connection.get("/who", other)).endsWith("null");
  }

  @Test
  @DisplayName("her session has ended: a logout everywhere a second later ends nothing else")
  void logoutEverywhere_ofWhatHasEnded() throws IOException {
    whileBobIsServed(
        () -> {
          kept.get().principal();
          site.manager.revokeAllOf("alice");
          site.clock.advance(Duration.ofSeconds(2));
          assertThat(kept.get().logoutEverywhere()).isZero();
          kept.get().logout();
        });
  }

  @Test
  void revoke_ofOwnSession_endsIt() throws IOException {
    SessionId own = onlySessionOf("alice");
    SessionId strangers = onlySessionOf("bob");
    whileBobIsServed(
        () -> {
          assertThat(kept.get().revoke(strangers)).isFalse();
          assertThat(kept.get().revoke(own)).isTrue();
          assertThat(kept.get().revoke(own)).isFalse();
        });

    assertThat(site.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  @DisplayName("logout of the Servlet API ends the session, and asks no container")
  void servletLogout_endsOwnSession() throws IOException {
    whileBobIsServed(
        () -> {
          try {
            request.get().logout();
            request.get().logout();
          } catch (jakarta.servlet.ServletException e) {
            throw new AssertionError(e);
          }
        });

    assertThat(site.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  @DisplayName("without a cookie there is no login to end, and the container is not asked")
  void withoutACookie_endsNothing() throws IOException {
    alice = "X-Nothing: presented";
    whileBobIsServed(
        () -> {
          assertThat(request.get().getRequestedSessionId()).isNull();
          assertThat(request.get().isRequestedSessionIdFromURL()).isFalse();
          assertThat(request.get().getRemoteUser()).isNull();
          assertThat(kept.get().logoutEverywhere()).isZero();
          kept.get().logout();
        });

    assertThat(site.manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  @DisplayName("a session can be asked for, and shows what it is; a login is refused")
  void everythingElse_isHers() throws IOException {
    whileBobIsServed(
        () -> {
          assertThat(request.get().getSession(false)).isNotNull();
          assertThat(request.get().getSession(false).getServletContext()).isNotNull();
          assertThat(request.get().getRemoteUser()).isEqualTo("alice");
          assertThat(kept.get().sessions()).hasSize(1);
          assertThatThrownBy(() -> kept.get().login("mallory"))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("the request has ended");
          kept.get().logout();
          assertThat(request.get().getRemoteUser()).isNull();
          assertThat(request.get().getUserPrincipal()).isNull();
          assertThat(request.get().isUserInRole("admin")).isFalse();
          assertThat(request.get().getSession(false)).isNull();
          assertThatThrownBy(() -> request.get().getSession())
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("the request has ended");
        });

    assertThat(site.manager.sessionsOf("mallory")).isEmpty();
  }
}
