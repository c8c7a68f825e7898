package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.Principal;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Our principals and those of the container")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ContainerLoginTest {

  @Parameter Container container;

  private final AtomicReference<String> containersUser = new AtomicReference<>();
  @AutoClose private Site site;
  private Browser browser;

  /** A request of a container that knows one user, {@code tom}, with the password {@code cat}. */
  private final class ContainersRequest extends HttpServletRequestWrapper {

    ContainersRequest(HttpServletRequest request) {
      super(request);
    }

    @Override
    public void login(String user, String password) throws ServletException {
      if (!user.equals("tom") || !password.equals("cat")) {
        throw new ServletException("wrong");
      }
      containersUser.set(user);
    }

    @Override
    public boolean authenticate(HttpServletResponse response) {
      containersUser.set("tom");
      return true;
    }

    @Override
    public void logout() {
      containersUser.set(null);
    }

    @Override
    public String getRemoteUser() {
      return containersUser.get();
    }

    @Override
    public Principal getUserPrincipal() {
      return containersUser.get() == null ? null : new User(containersUser.get());
    }

    @Override
    public String getAuthType() {
      return containersUser.get() == null ? null : "BASIC";
    }

    @Override
    public boolean isUserInRole(@Nullable String role) {
      return containersUser.get() != null && "containers-role".equals(role);
    }
  }

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/container-login", (request, response) -> request.login("tom", "cat"))
            .on(
                "/authenticate",
                (request, response) -> response.getWriter().print(request.authenticate(response)))
            .on("/logout", (request, response) -> request.logout())
            .on(
                "/who",
                (request, response) ->
                    response
                        .getWriter()
                        .print(
                            request.getRemoteUser()
                                + " "
                                + Objects.toString(request.getUserPrincipal())
                                + " "
                                + request.getAuthType()
                                + " "
                                + request.isUserInRole("admin")
                                + request.isUserInRole("containers-role")
                                + request.isUserInRole("*")
                                + request.isUserInRole("**")
                                + request.isUserInRole(null)));
    Filter outer =
        (request, response, chain) ->
            chain.doFilter(new ContainersRequest((HttpServletRequest) request), response);
    site.filters(
        outer,
        SessionFilter.builder(site.manager)
            .roles((principal, role) -> principal.equals("alice") && role.equals("admin"))
            .build());
    browser = site.browser();
  }

  @Test
  void withoutALogin_thereIsNoUser() {
    assertThat(browser.get("/who").body()).isEqualTo("null null null falsefalsefalsefalsefalse");
  }

  @Test
  @DisplayName("the session's user comes first, and the roles are looked up each time")
  void ours_comesFirst() {
    containersUser.set("tom");
    browser.get("/login");

    assertThat(browser.get("/who").body()).isEqualTo("alice alice SESSION truefalsefalsetruefalse");
  }

  @Test
  @DisplayName("without our user, all is the container's")
  void containers_isDelegatedTo() {
    browser.get("/container-login");

    assertThat(browser.get("/who").body()).isEqualTo("tom tom BASIC falsetruefalsefalsefalse");
  }

  @Test
  @DisplayName(
      "I3: when the container logs in, the session gets a new token, and keeps what it holds")
  void containerLogin_renews() {
    browser.get("/begin");
    String before = browser.token();

    assertThat(browser.get("/container-login").setCookies()).hasSize(1);

    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(site.stored(browser.token()).attributes()).containsKey("a");
    assertThat(site.browser().get("/container-login").setCookies()).as("no session").isEmpty();
  }

  @Test
  @DisplayName("a container that authenticates each request renews the session once")
  void authenticate_renewsOnce() {
    browser.get("/begin");
    String before = browser.token();

    assertThat(browser.get("/authenticate").body()).isEqualTo("true");
    String after = browser.token();
    assertThat(after).isNotEqualTo(before);
    assertThat(browser.get("/authenticate").setCookies()).isEmpty();
    assertThat(browser.token()).isEqualTo(after);
  }

  @Test
  void authenticate_isSatisfiedByOurs() {
    browser.get("/login");

    assertThat(browser.get("/authenticate").body()).isEqualTo("true");
    assertThat(containersUser.get()).isNull();
  }

  @Test
  void login_whileLoggedIn_isRefused() {
    browser.get("/login");
    site.on(
        "/again",
        (request, response) -> {
          assertThatThrownBy(() -> request.login("tom", "cat"))
              .isInstanceOf(ServletException.class);
          response.getWriter().print("refused");
        });

    assertThat(browser.get("/again").body()).isEqualTo("refused");
  }

  @Test
  void failedLogin_changesNothing() {
    browser.get("/begin");
    site.on(
        "/wrong",
        (request, response) ->
            assertThatThrownBy(() -> request.login("tom", "dog"))
                .isInstanceOf(ServletException.class));

    Browser.Answer answer = browser.get("/wrong");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  @DisplayName("logout ends both")
  void logout_endsBoth() {
    browser.get("/login");
    String token = browser.token();
    containersUser.set("tom");

    assertThat(browser.get("/logout").setCookie()).startsWith("__Host-session=; Max-Age=0;");

    assertThat(containersUser.get()).isNull();
    assertThat(site.stored(token)).isNull();
    assertThat(browser.get("/who").body()).startsWith("null null null");
  }

  @Test
  @DisplayName("logout ends the container's login even if our store fails")
  void failedLogout_endsTheContainers() {
    browser.get("/login");
    containersUser.set("tom");
    site.store.fail("delete");

    assertThat(browser.get("/logout").status()).isEqualTo(503);

    assertThat(containersUser.get()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward", "async"})
  @DisplayName("attack 2: a user who appears between two dispatches of a request")
  void userBetweenDispatches_renews(String dispatch) {
    browser.get("/begin");
    String before = browser.token();
    site.on("/then", (request, response) -> dispatchAsTom(dispatch, request, response))
        .on("/read", ContainerLoginTest::read);

    assertThat(browser.get("/then").body()).isEqualTo("1");

    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(site.browser().token(before).get("/read").body()).isEqualTo("none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward", "async"})
  @DisplayName("I3, I9: where the new secret cannot be stored, the session is not shown")
  void failingStore_showsNothing(String dispatch) {
    browser.get("/begin");
    site.on(
            "/then",
            (request, response) -> {
              site.store.fail("update");
              dispatchAsTom(dispatch, request, response);
            })
        .on("/read", ContainerLoginTest::read);

    assertThat(browser.get("/then").status()).isEqualTo(503);

    site.store.recover();
    assertThat(browser.get("/read").body()).isEqualTo("1");
  }

  @Test
  @DisplayName("attack 2: what was changed before the user left is stored, and not shown any more")
  void userLeavesBetweenDispatches_changesStay() {
    containersUser.set("tom");
    browser.get("/begin");
    site.on(
            "/then",
            (request, response) -> {
              request.getSession().setAttribute("a", "2");
              containersUser.set(null);
              request.getRequestDispatcher("/read").forward(request, response);
            })
        .on("/read", ContainerLoginTest::read);

    assertThat(browser.get("/then").body()).isEqualTo("none");

    containersUser.set("tom");
    assertThat(browser.get("/read").body()).isEqualTo("2");
  }

  @Test
  @DisplayName("I8: a node whose copy is older than the new secret puts no cookie over it")
  void olderCopy_isGuarded() {
    site.close();
    site = new Site(container, true, UnaryOperator.identity(), UnaryOperator.identity());
    browser = site.browser();
    try (SessionManager here = nearCached();
        SessionManager there = nearCached()) {
      site.on("/read", ContainerLoginTest::read)
          .on("/put", (request, response) -> request.getSession().setAttribute("b", "2"));
      through(here);
      browser.get("/begin");
      Browser late = site.browser().token(browser.token());
      through(there);
      assertThat(browser.get("/read").body()).isEqualTo("1");
      containersUser.set("tom");
      through(here);
      assertThat(browser.get("/read").body()).isEqualTo("1");

      through(there);
      Browser.Answer answer = late.get("/put");

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.setCookies()).isEmpty();
    }
  }

  @Test
  @DisplayName("I3: a login after the commit hides a session that can get no new secret any more")
  void loginAfterTheCommit_hidesTheSession() {
    site.on(
        "/late",
        (request, response) -> {
          response.getWriter().print("begun ");
          response.flushBuffer();
          request.login("tom", "cat");
          response.getWriter().print(request.getSession(false) == null ? "none" : "shown");
        });
    browser.get("/begin");
    String planted = browser.token();

    assertThat(browser.get("/late").body()).isEqualTo("begun none");

    site.on("/read", ContainerLoginTest::read);
    assertThat(browser.get("/read").body()).isEqualTo("1");
    assertThat(browser.token()).as("the secret of the user").isNotEqualTo(planted);
    assertThat(site.browser().token(planted).get("/read").body()).isEqualTo("none");
  }

  @Test
  @DisplayName("I8: a session whose new secret was made too late for the response has ended")
  void commitDuringTheRenewal_endsTheSession() {
    site.filters(
        (request, response, chain) ->
            chain.doFilter(new ContainersRequest((HttpServletRequest) request), response),
        SessionFilter.builder(site.manager).lazy(true).build());
    site.on("/read", ContainerLoginTest::read);
    browser.get("/begin");
    String planted = browser.token();
    containersUser.set("tom");
    site.store.before(
        "update",
        () -> {
          try {
            // As another thread of the request does it.
            site.lastResponse().flushBuffer();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });

    assertThat(browser.get("/read").body()).isEqualTo("none");

    assertThat(site.stored(planted)).as("no client has its secret").isNull();
  }

  private SessionManager nearCached() {
    return SessionManager.builder(NearCacheSessionStore.builder(site.store).build())
        .clock(site.clock)
        .cleanUpInterval(Duration.ZERO)
        .build();
  }

  private void through(SessionManager manager) {
    site.filters(
        (request, response, chain) ->
            chain.doFilter(new ContainersRequest((HttpServletRequest) request), response),
        SessionFilter.builder(manager).build());
  }

  private void dispatchAsTom(
      String dispatch, HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    containersUser.set("tom");
    if (dispatch.equals("async")) {
      request.startAsync().dispatch("/read");
    } else {
      request.getRequestDispatcher("/read").forward(request, response);
    }
  }

  private static void read(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    HttpSession session = request.getSession(false);
    response.getWriter().print(session == null ? "none" : session.getAttribute("a"));
  }

  /** A principal of the container. */
  private record User(String name) implements Principal {

    @Override
    public String getName() {
      return name;
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
