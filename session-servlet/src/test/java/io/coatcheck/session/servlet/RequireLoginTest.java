package io.coatcheck.session.servlet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Behind the filter stands a servlet for every path, as the front controllers of frameworks do, and
 * tells a secret wherever the URI mentions {@code account}. Requests are written to the socket as
 * they are, since clients refuse to send most of these.
 */
class RequireLoginTest {

  /** Held on to, so that its level is not forgotten. */
  private static final Logger TOMCAT_LOG = Logger.getLogger("org.apache");

  private static final String SECRET = "the secret";
  private static final String BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

  @TempDir private Path directory;
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-31T09:30:00Z"));
  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().build())
          .codec(JavaSerializationCodec.builder().build())
          .clock(now::get)
          .build();
  private final Tomcat tomcat = new Tomcat();

  @AfterEach
  void stop() throws LifecycleException {
    tomcat.stop();
    tomcat.destroy();
    manager.close();
  }

  @Nested
  class WhoIsLoggedIn {

    @Test
    void isLetThrough_andTheAnswerIsNotStored() throws Exception {
      start("", RequireLogin.builder().loginPage("/login"));
      String answer = get("/account", cookieOfLogin());
      assertThat(answer).startsWith("HTTP/1.1 200").contains(SECRET + " of alice");
      assertThat(answer).containsIgnoringCase("Cache-Control: no-store");
    }

    @Test
    void afterLogout_isNot() throws Exception {
      start("", RequireLogin.builder().loginPage("/login"));
      String cookie = cookieOfLogin();
      send("POST", "/logout", cookie);
      assertThat(get("/account", cookie)).startsWith("HTTP/1.1 401").doesNotContain(SECRET);
    }

    @Test
    void anonymousSession_isNot() throws Exception {
      start("", RequireLogin.builder().publicPaths("/cart"));
      String cookie = cookieOf(get("/cart", ""));
      assertThat(get("/account", cookie)).startsWith("HTTP/1.1 401").doesNotContain(SECRET);
    }

    @Test
    void loggedInTooLongAgo_isAskedAgain() throws Exception {
      start(
          "",
          RequireLogin.builder()
              .loginPage("/login")
              .apiPaths("/api/*")
              .maximumAge(Duration.ofMinutes(5)));
      String cookie = cookieOfLogin();
      now.set(now.get().plus(Duration.ofMinutes(5)).minusMillis(1));
      assertThat(get("/account", cookie)).startsWith("HTTP/1.1 200");
      now.set(now.get().plusMillis(1));
      assertThat(get("/account", cookie + BROWSER))
          .startsWith("HTTP/1.1 303")
          .contains("Location: /login?next=%2Faccount\r\n")
          .doesNotContain(SECRET);
      assertThat(get("/api/account", cookie + BROWSER))
          .startsWith("HTTP/1.1 401")
          .endsWith("{\"error\":\"login_too_old\"}");
      String fresh = cookieOf(send("POST", "/login", cookie));
      assertThat(get("/account", fresh)).startsWith("HTTP/1.1 200");
    }
  }

  @Nested
  class WhoIsNot {

    @Test
    void page_isSentToTheLoginPage_andBack() throws Exception {
      start("/shop", RequireLogin.builder().loginPage("/login"));
      String answer = get("/shop/account/orders?page=2&q=%2F", BROWSER);
      assertThat(answer).startsWith("HTTP/1.1 303").doesNotContain(SECRET);
      assertThat(answer)
          .contains(
              "Location: /shop/login?next=%2Fshop%2Faccount%2Forders%3Fpage%3D2%26q%3D%252F\r\n");
      assertThat(answer).containsIgnoringCase("Cache-Control: no-store");
      assertThat(get("/shop/login?next=%2Fshop%2Faccount%2Forders%3Fpage%3D2%26q%3D%252F", ""))
          .endsWith("next is /shop/account/orders?page=2&q=%2F");
    }

    @ParameterizedTest
    @CsvSource({
      "GET, 'Sec-Fetch-Mode: navigate|Accept: */*', 303",
      "GET, 'Accept: text/html', 303",
      "HEAD, 'Accept: text/html', 303",
      "POST, 'Sec-Fetch-Mode: navigate|Accept: text/html', 303",
      "GET, 'Sec-Fetch-Mode: cors|Accept: text/html', 401",
      "GET, 'Sec-Fetch-Mode: no-cors|Accept: text/html', 401",
      "GET, 'X-Requested-With: XMLHttpRequest|Accept: text/html', 401",
      "GET, 'Accept: application/json', 401",
      "GET, 'Accept: */*', 401",
      "GET, 'X: y', 401",
      "DELETE, 'Accept: */*', 401",
    })
    void pagesAreRedirected_callsAreNot(String method, String headers, int status)
        throws Exception {
      start("", RequireLogin.builder().loginPage("/login"));
      String answer = send(method, "/account", headers.replace("|", "\r\n") + "\r\n");
      assertThat(answer).startsWith("HTTP/1.1 " + status).doesNotContain(SECRET);
      boolean comesBack = method.equals("GET") || method.equals("HEAD");
      assertThat(answer.contains("?next=")).isEqualTo(status == 303 && comesBack);
    }

    @ParameterizedTest
    @CsvSource({
      "'', application/json",
      "Accept: */*, application/json",
      "Accept: application/json, application/json",
      "Accept: application/problem+json, application/json",
      "Accept: text/plain;q=0.5;application/json, application/json",
      "Accept: text/html, application/json",
      "Accept: text/plain, text/plain",
    })
    void unauthorized_saysSoInTheFormAskedFor(String header, String type) throws Exception {
      start("", RequireLogin.builder());
      String answer = get("/account", header.isEmpty() ? "" : header + "\r\n");
      assertThat(answer).startsWith("HTTP/1.1 401").contains("WWW-Authenticate: Session\r\n");
      assertThat(answer).containsIgnoringCase("Content-Type: " + type + ";charset=UTF-8");
      assertThat(answer).containsIgnoringCase("Cache-Control: no-store");
    }

    @Test
    void apiPath_isNeverRedirected() throws Exception {
      start("", RequireLogin.builder().loginPage("/login").apiPaths("/api/*"));
      assertThat(get("/api/account", "Sec-Fetch-Mode: navigate\r\n" + BROWSER))
          .startsWith("HTTP/1.1 401")
          .endsWith("{\"error\":\"login_required\"}");
    }

    @Test
    void redirect_staysOnThisHost_whateverTheUri() throws Exception {
      start("/shop", RequireLogin.builder().loginPage("/login"));
      for (String uri :
          List.of("//evil.example/../shop/account", "/x/..//shop/account", "/shop//account")) {
        assertThat(get(uri, BROWSER)).as(uri).contains("Location: /shop/login\r\n");
      }
    }
  }

  @Nested
  class Paths {

    @Test
    void publicPath_needsNoLogin_andIsLeftAsItIs() throws Exception {
      start("", RequireLogin.builder().publicPaths("/open/*"));
      assertThat(get("/open/account", ""))
          .startsWith("HTTP/1.1 200")
          .contains(SECRET)
          .doesNotContainIgnoringCase("no-store");
    }

    @Test
    void protectedPath_aloneNeedsOne() throws Exception {
      start("", RequireLogin.builder().protectedPaths("/account/*"));
      assertThat(get("/other", "")).startsWith("HTTP/1.1 200");
      assertThat(get("/ACCOUNT/", "")).startsWith("HTTP/1.1 401");
    }

    /** With each of them a filter or a proxy somewhere was once led past its own rule. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "/open/../account",
          "/open/..;/account",
          "/open/..;x=y/account",
          "/open/;/../account",
          "/open/%2e%2e/account",
          "/open/%2E%2E/account",
          "/open/.%2e/account",
          "/open/%252e%252e/account",
          "/open/..%2faccount",
          "/open/..%252faccount",
          "/open/..%5caccount",
          "/open/\\..\\account",
          "/open\\..\\account",
          "/open//../account",
          "//open/account",
          "/open//account",
          "/open/./account",
          "/./account",
          "/;/account",
          "/account;/",
          "/account;.css",
          "/account;jsessionid=1",
          "/account%3b/",
          "/account%00",
          "/account%0a",
          "/account%09",
          "/account\t",
          "/\taccount",
          "/acc\tount",
          "/account/",
          "/account/.",
          "/account/x/..",
          "/account%2f",
          "/account%5c",
          "/account\\",
          "/%61ccount;account",
          "/account?/open/",
          "/account#/open/",
          "/Account/../account",
          "*account",
          "account",
          "http://localhost/account",
          "http://localhost/open/..;/account",
        })
    void noSpelling_getsPast(String uri) throws Exception {
      start("", RequireLogin.builder().loginPage("/login").publicPaths("/open/*"));
      assertThat(get(uri, "")).startsWith("HTTP/1.1 4").doesNotContain(SECRET);
      assertThat(get(uri, BROWSER)).doesNotStartWith("HTTP/1.1 2").doesNotContain(SECRET);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/Account",
          "/account/",
          "/account;x",
          "/account/../account",
          "/x/..;/account",
          "/%61ccount",
          "//account",
          "/./account",
          "/x/../account",
          "/account%2f",
          "/account%00",
          "/%2561ccount;account",
        })
    void noSpelling_getsPastProtectedPaths(String uri) throws Exception {
      start("", RequireLogin.builder().loginPage("/login").protectedPaths("/account"));
      assertThat(get(uri, "")).startsWith("HTTP/1.1 4").doesNotContain(SECRET);
    }
  }

  @Nested
  class Configuration {

    @Test
    void publicAndProtected_isRefused() {
      RequireLogin.Builder builder = RequireLogin.builder().publicPaths("/a").protectedPaths("/b");
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("publicPaths and protectedPaths must not both be set: [/a], [/b]");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"", "login", "//evil.example", "https://evil.example", "/a b", "/a\r\nb", "/*"})
    void loginPage_otherThanPath_isRefused(String page) {
      assertThatThrownBy(() -> RequireLogin.builder().loginPage(page))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("loginPage must ");
    }

    @Test
    void maximumAge_notPositive_isRefused() {
      assertThatThrownBy(() -> RequireLogin.builder().maximumAge(Duration.ZERO))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("maximumAge must be positive: PT0S");
    }

    @Test
    void withoutSessionFilter_noRequestPasses() throws Exception {
      start("", RequireLogin.builder(), false);
      assertThat(get("/account", "")).startsWith("HTTP/1.1 500").doesNotContain(SECRET);
    }
  }

  private void start(String contextPath, RequireLogin.Builder requireLogin) throws Exception {
    start(contextPath, requireLogin, true);
  }

  private void start(String contextPath, RequireLogin.Builder requireLogin, boolean withSessions)
      throws Exception {
    RequireLogin filter = requireLogin.build();
    TOMCAT_LOG.setLevel(Level.OFF);
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(0);
    // The most that a front controller may get to see.
    tomcat.getConnector().setProperty("relaxedPathChars", "\\\"<>^`{|}");
    tomcat.getConnector().setEncodedSolidusHandling("passthrough");
    tomcat
        .addContext(contextPath, null)
        .addServletContainerInitializer(
            (classes, context) -> {
              if (withSessions) {
                SessionFilter.builder(manager).build().register(context);
              }
              filter.register(context);
              context.addServlet("front", new FrontController()).addMapping("/");
            },
            Set.of());
    tomcat.start();
  }

  private static final class FrontController extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      String uri = request.getRequestURI();
      if (uri.endsWith("/login") && request.getMethod().equals("POST")) {
        WebSession.of(request).login("alice");
      } else if (uri.endsWith("/login")) {
        response.getWriter().print("next is " + RequireLogin.next(request, "/"));
      } else if (uri.endsWith("/logout")) {
        WebSession.of(request).logout();
      } else if (uri.endsWith("/cart")) {
        request.getSession().setAttribute("cart", "empty");
      } else {
        response.getWriter().print(SECRET + " of " + request.getRemoteUser());
      }
    }
  }

  private String cookieOfLogin() throws IOException {
    return cookieOf(send("POST", "/login", ""));
  }

  /** Returns the Cookie header for what an answer set. */
  private static String cookieOf(String answer) {
    return Arrays.stream(answer.split("\r\n"))
        .filter(line -> line.regionMatches(true, 0, "Set-Cookie: ", 0, 12))
        .map(line -> "Cookie: " + line.substring(12, line.indexOf(';')) + "\r\n")
        .findFirst()
        .orElseThrow(() -> new AssertionError("no cookie: " + answer));
  }

  private String get(String uri, String headers) throws IOException {
    return send("GET", uri, headers);
  }

  private String send(String method, String uri, String headers) throws IOException {
    try (Socket socket = new Socket("localhost", tomcat.getConnector().getLocalPort())) {
      String request =
          method + " " + uri + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
      String length = method.equals("POST") ? "Content-Length: 0\r\n" : "";
      socket.getOutputStream().write((request + length + "\r\n").getBytes(ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }
}
