package io.coatcheck.session.migration;

import com.nimbusds.jwt.JWTClaimsSet;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

/**
 * A node of an application on Tomcat that logs users in with ID tokens, on {@code /login}, and
 * takes the provider's logouts on {@value #LOGOUT}. {@code /again} logs the user in once more,
 * without the provider, and {@code /logout} out. Other pages answer with the user.
 */
@SuppressWarnings("try") // Its close throws what Tomcat does, interrupts included.
final class RelyingParty implements AutoCloseable {

  static final String LOGOUT = "/backchannel-logout";
  static final String ID_TOKEN = "X-Id-Token";

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Tomcat tomcat = new Tomcat();
  private final SessionManager manager;
  private final BackChannelLogout endpoint;
  private final int port;

  RelyingParty(SessionManager manager, BackChannelLogout endpoint, ProviderTokens tokens)
      throws Exception {
    this.manager = manager;
    this.endpoint = endpoint;
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          servletContext
              .addFilter("logout", endpoint)
              .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, LOGOUT);
          SessionFilter.builder(manager).build().register(servletContext);
        },
        null);
    Tomcat.addServlet(context, "app", new App(endpoint, tokens)).addMapping("/*");
    tomcat.start();
    port = tomcat.getConnector().getLocalPort();
  }

  /** Logs in, and returns the cookie. */
  Optional<String> logIn(String idToken) throws Exception {
    return CLIENT
        .send(
            request("/login").header(ID_TOKEN, idToken).build(),
            HttpResponse.BodyHandlers.ofString())
        .headers()
        .firstValue("Set-Cookie")
        .map(cookie -> cookie.substring(0, cookie.indexOf(';')))
        .filter(cookie -> !cookie.endsWith("="));
  }

  /** Logs the user of a cookie in once more, without the provider, and returns the new cookie. */
  String logInAgain(String cookie) throws Exception {
    String header =
        send(request("/again").header("Cookie", cookie).build())
            .headers()
            .firstValue("Set-Cookie")
            .orElseThrow();
    return header.substring(0, header.indexOf(';'));
  }

  /** Logs the user of a cookie out, in the application only. */
  void logOut(String cookie) throws Exception {
    send(request("/logout").header("Cookie", cookie).build());
  }

  CompletableFuture<Optional<String>> logInLater(String idToken) {
    return CLIENT
        .sendAsync(
            request("/login").header(ID_TOKEN, idToken).build(),
            HttpResponse.BodyHandlers.ofString())
        .thenApply(
            response ->
                response
                    .headers()
                    .firstValue("Set-Cookie")
                    .map(cookie -> cookie.substring(0, cookie.indexOf(';')))
                    .filter(cookie -> !cookie.endsWith("=")));
  }

  /** Returns the user whom a cookie shows. */
  String user(String cookie) throws Exception {
    return CLIENT
        .send(request("/").header("Cookie", cookie).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
  }

  /** Posts a logout token, as the provider does. */
  HttpResponse<String> post(String logoutToken) throws Exception {
    return send(form("logout_token=" + URLEncoder.encode(logoutToken, StandardCharsets.UTF_8)));
  }

  CompletableFuture<HttpResponse<String>> postLater(String logoutToken) {
    return CLIENT.sendAsync(
        form("logout_token=" + logoutToken), HttpResponse.BodyHandlers.ofString());
  }

  HttpRequest form(String body) {
    return request(LOGOUT)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  static HttpResponse<String> send(HttpRequest request) throws Exception {
    return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
  }

  BackChannelLogout endpoint() {
    return endpoint;
  }

  SessionManager manager() {
    return manager;
  }

  @Override
  public void close() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    manager.close();
  }

  private static final class App extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private final transient BackChannelLogout endpoint;
    private final transient ProviderTokens tokens;

    App(BackChannelLogout endpoint, ProviderTokens tokens) {
      this.endpoint = endpoint;
      this.tokens = tokens;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException, ServletException {
      WebSession session = WebSession.of(request);
      if (request.getRequestURI().equals("/login")) {
        response.getWriter().write(logIn(session, request.getHeader(ID_TOKEN)));
      } else if (request.getRequestURI().equals("/again")) {
        session.login(session.principal().orElseThrow());
      } else if (request.getRequestURI().equals("/logout")) {
        session.logout();
      } else {
        response.getWriter().write(session.principal().orElse("anonymous"));
      }
    }

    private String logIn(WebSession session, String idToken) throws ServletException {
      JWTClaimsSet claims;
      String sid;
      try {
        claims = tokens.login(idToken);
        sid = claims.getStringClaim("sid");
      } catch (Exception e) {
        throw new ServletException(e);
      }
      ProviderLogin login =
          new ProviderLogin(
              claims.getIssuer(), Optional.ofNullable(sid), claims.getIssueTime().toInstant());
      LoginResult result =
          endpoint.login(session, claims.getSubject(), login, LoginOptions.defaults());
      return result.toString();
    }
  }
}
