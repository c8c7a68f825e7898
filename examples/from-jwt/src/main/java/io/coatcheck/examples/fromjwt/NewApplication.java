package io.coatcheck.examples.fromjwt;

import io.coatcheck.examples.quickstart.Answers;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.JwtExchange;
import io.coatcheck.session.servlet.RequireLogin;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Optional;

/**
 * The same application after the move. The session says who the user is. The server's own data says
 * what the user may do at this moment. {@code RequireLogin} answers requests without a login.
 */
final class NewApplication extends HttpServlet {

  private static final long serialVersionUID = 1L;

  /** All paths of the application; the old one has others here. */
  private static final String PATHS = "/after/*";

  private final transient Accounts accounts;

  private NewApplication(Accounts accounts) {
    this.accounts = accounts;
  }

  /** The user, as JSON. */
  record User(String name, boolean isAdmin) {}

  /** Adds the bridge, after the session filter. It is removed when its counter no longer grows. */
  static void addBridge(
      ServletContext context, SessionManager sessions, Accounts accounts, Tokens tokens) {
    JwtExchange exchange =
        JwtExchange.builder(sessions, tokens::verified)
            .validIf(token -> token.issuedAt().isAfter(accounts.signedOutAt(token.principal())))
            .build();
    FilterRegistration.Dynamic filter = context.addFilter("jwt", exchange);
    filter.setAsyncSupported(true);
    filter.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, PATHS);
  }

  /** Adds the application, after the bridge. */
  static void addTo(ServletContext context, Accounts accounts) {
    RequireLogin login =
        RequireLogin.builder()
            .protectedPaths("/after/api/orders", "/after/api/all-orders", "/after/api/me")
            .apiPaths("/after/api/*")
            .build();
    login.register(context);
    context.addServlet("after", new NewApplication(accounts)).addMapping("/after/api/*");
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    switch (String.valueOf(request.getPathInfo())) {
      case "/login" -> {
        Optional<String> name = accounts.authenticate(request, response);
        if (name.isPresent()) {
          logIn(name.get(), request, response);
        }
      }
      case "/logout" -> {
        WebSession.of(request).logout();
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
      }
      default -> response.setStatus(HttpServletResponse.SC_NOT_FOUND);
    }
  }

  private void logIn(String name, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (WebSession.of(request).login(name) == LoginResult.LOGGED_IN) {
      Answers.json(response, new User(name, accounts.isAdmin(name)));
    } else {
      response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
    }
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Optional<String> principal = WebSession.of(request).principal();
    if (principal.isEmpty()) {
      response.setStatus(HttpServletResponse.SC_NOT_FOUND);
      return;
    }
    String name = principal.get();
    switch (String.valueOf(request.getPathInfo())) {
      case "/me" -> Answers.json(response, new User(name, accounts.isAdmin(name)));
      case "/orders" -> Answers.json(response, Orders.of(name));
      case "/all-orders" -> {
        if (accounts.isAdmin(name)) {
          Answers.json(response, Orders.all());
        } else {
          response.setStatus(HttpServletResponse.SC_FORBIDDEN);
        }
      }
      default -> response.setStatus(HttpServletResponse.SC_NOT_FOUND);
    }
  }
}
