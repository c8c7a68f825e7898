package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.testkit.MutableClock;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.File;
import java.io.IOException;
import java.net.HttpCookie;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Test;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.web.http.SessionRepositoryFilter;

/**
 * An application with the real Spring Session is switched to Coatcheck while its users click: each
 * response, before and after, is that of the user's own session.
 */
class SwitchUnderLoadTest {

  private static final int USERS = 30;
  private static final int CLICKS = 5;
  private static final String USER = FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME;

  private final MutableClock clock = MutableClock.at(Instant.now());
  private final JavaSerializationCodec codec = JavaSerializationCodec.builder().build();

  /** Where the load balancer sends requests. */
  private volatile int port;

  @Test
  void switchedWhileUsersClick_logsNoUserOut() throws Exception {
    JdbcConnectionPool dataSource =
        JdbcConnectionPool.create(
            "jdbc:h2:mem:switch;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=60000", "sa", "");
    dataSource.setMaxConnections(40);
    SpringSessionJdbc spring = new SpringSessionJdbc(dataSource, "h2", "SPRING_SESSION");
    SessionManager manager =
        SessionManager.builder(
                JdbcSessionStore.builder(dataSource)
                    .createSchema(true)
                    .queryTimeout(Duration.ofSeconds(30))
                    .build())
            .clock(clock)
            .codec(codec)
            .storeTimeout(Duration.ofMinutes(1))
            .build();
    SpringSessionImport bridge =
        SpringSessionImport.builder(
                manager,
                JdbcSpringSessions.builder(dataSource).queryTimeout(Duration.ofSeconds(30)).build(),
                codec)
            .build();
    Tomcat before = start(new SessionRepositoryFilter<>(spring.repository()));
    Tomcat after = start(SessionFilter.builder(manager).build(), bridge);
    ExecutorService users = Executors.newFixedThreadPool(USERS);
    try {
      port = before.getConnector().getLocalPort();
      Phases phases = new Phases();
      List<Future<List<String>>> runs = new ArrayList<>();
      for (int i = 0; i < USERS; i++) {
        Browser browser = new Browser("user" + i);
        runs.add(users.submit(() -> click(browser, phases)));
      }
      assertThat(phases.before().await(60, TimeUnit.SECONDS)).isTrue();
      port = after.getConnector().getLocalPort();
      assertThat(phases.after().await(60, TimeUnit.SECONDS)).isTrue();
      clock.advance(Duration.ofSeconds(61));
      for (Future<List<String>> run : runs) {
        assertThat(run.get(120, TimeUnit.SECONDS)).as("wrong answers").isEmpty();
      }
      assertThat(bridge.counts().accepted()).isEqualTo(USERS);
      assertThat(bridge.counts().refused()).isZero();
      for (int i = 0; i < USERS; i++) {
        assertThat(manager.sessionsOf("user" + i)).hasSize(1);
      }
    } finally {
      users.shutdownNow();
      for (Tomcat each : List.of(before, after)) {
        each.stop();
        each.destroy();
      }
      manager.close();
      dataSource.dispose();
    }
  }

  /** Returns the answers that were not those of the browser's own session. */
  private List<String> click(Browser browser, Phases phases) throws Exception {
    List<String> wrong = new ArrayList<>();
    browser.get("/login?user=" + browser.user);
    for (CountDownLatch phase : phases.all()) {
      for (int clicks = 0; clicks < CLICKS || phase.getCount() > 0; clicks++) {
        // A page and what its script loads.
        List<CompletableFuture<String>> answers =
            List.of(browser.send("/a"), browser.send("/b"), browser.send("/c"));
        for (CompletableFuture<String> answer : answers) {
          if (!answer.get().equals(browser.user)) {
            wrong.add(browser.user + " got " + answer.get());
          }
        }
        if (clicks == CLICKS - 1) {
          phase.countDown();
        }
      }
    }
    if (browser.cookies.containsKey("SESSION")) {
      wrong.add(browser.user + " has the old cookie");
    }
    return wrong;
  }

  /** In each, all users click until the last one has clicked often enough. */
  private record Phases(CountDownLatch before, CountDownLatch after, CountDownLatch aMinuteLater) {

    Phases() {
      this(new CountDownLatch(USERS), new CountDownLatch(USERS), new CountDownLatch(USERS));
    }

    List<CountDownLatch> all() {
      return List.of(before, after, aMinuteLater);
    }
  }

  private static Tomcat start(Filter... filters) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(new File("target/tomcat").getAbsolutePath());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          for (int i = 0; i < filters.length; i++) {
            var registration = servletContext.addFilter("filter" + i, filters[i]);
            registration.setAsyncSupported(true);
            registration.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
          }
        },
        null);
    Tomcat.addServlet(context, "app", new App()).addMapping("/*");
    tomcat.start();
    return tomcat;
  }

  /** The same application on both. */
  private static final class App extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      if (request.getRequestURI().equals("/login")) {
        request.getSession().setAttribute(USER, request.getParameter("user"));
      }
      HttpSession session = request.getSession(false);
      response.getWriter().write(session == null ? "none" : "" + session.getAttribute(USER));
    }
  }

  /** A browser with its cookies, which it also sends without TLS. */
  private final class Browser {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final String user;
    private final Map<String, String> cookies = new ConcurrentHashMap<>();

    Browser(String user) {
      this.user = user;
    }

    String get(String path) throws Exception {
      return send(path).get();
    }

    CompletableFuture<String> send(String path) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
      if (!cookies.isEmpty()) {
        request.header(
            "Cookie",
            cookies.entrySet().stream()
                .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
                .collect(Collectors.joining("; ")));
      }
      return CLIENT
          .sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
          .thenApply(this::received);
    }

    private String received(HttpResponse<String> response) {
      for (String header : response.headers().allValues("Set-Cookie")) {
        HttpCookie cookie = HttpCookie.parse(header).get(0);
        if (cookie.getValue().isEmpty()) {
          cookies.remove(cookie.getName());
        } else {
          cookies.put(cookie.getName(), cookie.getValue());
        }
      }
      return response.statusCode() == 200 ? response.body() : "status " + response.statusCode();
    }
  }
}
