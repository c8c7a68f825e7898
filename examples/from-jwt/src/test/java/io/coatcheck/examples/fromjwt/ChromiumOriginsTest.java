package io.coatcheck.examples.fromjwt;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.quickstart.WebServer;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.CrossOriginPolicy;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.test.clients.Chromium;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.chrome.ChromeDriver;

/**
 * A page and its application are on two origins of one site, as docs/MIGRATING.md describes. A
 * third origin of that site has a page of its own. Needs {@code chromium} and {@code chromedriver}.
 */
@Tag("long")
@DisplayName("In Chromium, for a page of another origin,")
class ChromiumOriginsTest {

  @TempDir(cleanup = CleanupMode.NEVER)
  static Path profiles;

  private final Set<String> corsOrigins = ConcurrentHashMap.newKeySet();
  private final Accounts accounts = new Accounts();
  private final Tokens tokens = Tokens.withNewKey();
  private final SessionManager sessions =
      SessionManager.builder(InMemorySessionStore.builder().build()).build();

  private Chromium chromium;
  private ChromeDriver browser;
  private WebServer page;
  private WebServer blog;
  private WebServer application;

  @BeforeEach
  void start() throws IOException {
    page = server(context -> context.addServlet("page", new Empty()).addMapping("/"));
    blog = server(context -> context.addServlet("blog", new Empty()).addMapping("/"));
    application = server(this::addTo);
    chromium = new Chromium(profiles);
    browser = chromium.device("laptop");
    corsOrigins.add(url(page));
  }

  @AfterEach
  void stop() throws IOException {
    chromium.close();
    for (WebServer each : List.of(page, blog, application)) {
      each.close();
    }
    sessions.close();
  }

  private static WebServer server(Consumer<ServletContext> content) throws IOException {
    WebServer server = new WebServer(InetAddress.getLoopbackAddress(), 0, content);
    server.start();
    return server;
  }

  private static String url(WebServer server) {
    return "http://localhost:" + server.port();
  }

  private void addTo(ServletContext context) {
    context
        .addFilter("cors", new Cors())
        .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
    SessionFilter.builder(sessions)
        .crossOrigin(CrossOriginPolicy.builder().trustedOrigin(url(page)).build())
        .build()
        .register(context);
    NewApplication.addBridge(context, sessions, accounts, tokens);
    NewApplication.addTo(context, accounts);
  }

  /** A page without content, from which the test sends requests. */
  private static final class Empty extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setContentType("text/html");
      response.getWriter().write("<!doctype html><title>page</title>");
    }
  }

  /** The CORS rules of the application. A request that Coatcheck refuses does not reach them. */
  private final class Cors extends HttpFilter {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      String origin = request.getHeader("Origin");
      if (origin != null && corsOrigins.contains(origin)) {
        response.setHeader("Access-Control-Allow-Origin", origin);
        response.setHeader("Access-Control-Allow-Credentials", "true");
        response.setHeader("Access-Control-Expose-Headers", "Coatcheck-Exchange");
        response.setHeader("Access-Control-Allow-Headers", "Authorization");
      }
      if (request.getMethod().equals("OPTIONS")) {
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
      } else {
        chain.doFilter(request, response);
      }
    }
  }

  /** Sends a request as the script of the page does; returns what the script can read of it. */
  private String fetch(String method, String path, String token) {
    return (String)
        browser.executeAsyncScript(
            """
            const [url, method, token, done] = arguments;
            fetch(url, {
              method,
              credentials: "include",
              headers: token ? { Authorization: `Bearer ${token}` } : {},
            })
              .then(async (answer) => done(
                `${answer.status} ${answer.headers.get("Coatcheck-Exchange")} ${await answer.text()}`))
              .catch((e) => done(`unreadable ${e.name}`));
            """,
            url(application) + path,
            method,
            token);
  }

  @Test
  @DisplayName("a trusted one, the token is exchanged, and the cookie keeps the user logged in")
  void trusted() {
    browser.get(url(page));
    assertThat(fetch("GET", "/after/api/me", tokens.issue("alice", true)))
        .startsWith("200 exchanged ")
        .contains("alice");
    assertThat(fetch("GET", "/after/api/me", "")).startsWith("200 null ").contains("alice");
    assertThat(fetch("POST", "/after/api/logout", "")).startsWith("204 ");
    assertThat(fetch("GET", "/after/api/me", "")).startsWith("401 ");
  }

  @Test
  @DisplayName("one that is not trusted, the token is not exchanged, and only GET is answered")
  void untrusted() {
    browser.get(url(page));
    fetch("GET", "/after/api/me", tokens.issue("alice", true));
    browser.get(url(blog));
    assertThat(fetch("GET", "/after/api/me", "")).as("no CORS rule").startsWith("unreadable");

    corsOrigins.add(url(blog));
    assertThat(fetch("GET", "/after/api/me", ""))
        .as("what CORS rules for every origin reveal")
        .startsWith("200 ")
        .contains("alice");
    fetch("POST", "/after/api/logout", "");
    assertThat(fetch("GET", "/after/api/me", "")).as("not logged out").startsWith("200 ");
    browser.manage().deleteAllCookies();
    assertThat(fetch("GET", "/after/api/me", tokens.issue("bob", false)))
        .startsWith("401 ")
        .doesNotContain("exchanged");
  }
}
