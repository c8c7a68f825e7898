package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code RequireLogin} is mapped for requests alone, as the documents have it. */
@DisplayName("attack 12: a protected file that a container serves under another path")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class WelcomeFileTest {

  private static final String SECRET = "the secret";

  @Parameter Container container;

  @TempDir private Path directory;

  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().build()).build();

  private int port;
  private AutoCloseable running;

  @BeforeEach
  void write() throws IOException {
    Files.createDirectories(directory.resolve("files/account/x"));
    Files.createDirectories(directory.resolve("files/open"));
    for (String file : Set.of("account/start.html", "account/admin.html", "start.html")) {
      Files.writeString(directory.resolve("files").resolve(file), SECRET);
    }
    Files.writeString(directory.resolve("files/open/start.html"), "open");
  }

  @AfterEach
  void stop() throws Exception {
    if (running != null) {
      running.close();
    }
    manager.close();
  }

  private void start(String... protectedPaths) throws Exception {
    startWith("start.html", protectedPaths);
  }

  private void startWith(String welcomeFile, String... protectedPaths) throws Exception {
    Filter[] filters = {
      SessionFilter.builder(manager).build(),
      new LogIn(),
      RequireLogin.builder().protectedPaths(protectedPaths).build()
    };
    Path files = directory.resolve("files");
    if (container == Container.TOMCAT) {
      startTomcat(files, welcomeFile, filters);
    } else {
      Server server =
          Container.isServlet61()
              ? JettyEe11.serveFiles(files, welcomeFile, filters)
              : JettyEe10.serveFiles(files, welcomeFile, filters);
      port = ((ServerConnector) server.getConnectors()[0]).getLocalPort();
      running = server::stop;
    }
  }

  private void startTomcat(Path files, String welcomeFile, Filter... filters) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", files.toString());
    context.addWelcomeFile(welcomeFile);
    Tomcat.addServlet(context, "files", new DefaultServlet()).addMapping("/");
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          for (int i = 0; i < filters.length; i++) {
            servletContext
                .addFilter("filter" + i, filters[i])
                .addMappingForUrlPatterns(
                    filters[i] instanceof SessionFilter
                        ? EnumSet.of(DispatcherType.REQUEST, DispatcherType.FORWARD)
                        : null,
                    true,
                    "/*");
          }
        },
        Set.of());
    tomcat.start();
    port = tomcat.getConnector().getLocalPort();
    running =
        () -> {
          tomcat.stop();
          tomcat.destroy();
        };
  }

  /** Logs in whoever asks for it. */
  private static final class LogIn implements Filter {

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      if ("login".equals(((HttpServletRequest) request).getQueryString())) {
        WebSession.of((HttpServletRequest) request).login("alice");
      }
      chain.doFilter(request, response);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/account/",
        "/account/start.html",
        "/account/START.HTML",
        "/account/start.html/",
        "/account/start.html.",
        "/account/start.html%20",
        "/account//",
        "/account/./",
        "/account/;x",
        "/account;x/",
        "/account/x/../",
        "/account/%2e/",
        "//account/",
        "/account/start%2ehtml",
        "/account/st%61rt.html",
        "/",
      })
  void welcomeFile_needsALogin(String path) throws Exception {
    start("/account/start.html", "/start.html");

    try (RawClient client = new RawClient(port)) {
      String answer = client.get(path, "Connection: close");
      assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain(SECRET);
    }
  }

  @Test
  @DisplayName("a welcome file may be in a directory below")
  void welcomeFileBelow_needsALogin() throws Exception {
    startWith("account/start.html", "/account/*");

    try (RawClient client = new RawClient(port)) {
      String answer = client.get("/", "Connection: close");
      assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain(SECRET);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/account/", "/account/start.html"})
  void whoIsLoggedIn_getsIt(String path) throws Exception {
    start("/account/start.html");
    Browser alice = new Browser(port);
    alice.get("/open/?login");

    Browser.Answer answer = alice.get(path);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(SECRET);
    assertThat(answer.header("Cache-Control")).contains("no-store");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/open/", "/open/start.html"})
  void anotherFile_needsNone(String path) throws Exception {
    start("/account/start.html", "/open/other.html", "/open/start.html/x", "/account/*");

    assertThat(new Browser(port).get(path).body()).isEqualTo("open");
  }
}
