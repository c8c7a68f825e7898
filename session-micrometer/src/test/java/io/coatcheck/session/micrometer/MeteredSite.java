package io.coatcheck.session.micrometer;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.testkit.FaultyStore;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.jspecify.annotations.Nullable;

/** A site on Tomcat with a near cache in front of H2, measured by a Prometheus registry. */
final class MeteredSite implements AutoCloseable {

  /** The registry holds it by a weak reference. */
  private static final InMemorySessionStore MEMORY = InMemorySessionStore.builder().build();

  final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  /** Below the decorator: counts what reaches the database, and fails on command. */
  final FaultyStore database;

  final SessionManager sessions;

  private final HikariDataSource pool = new HikariDataSource();
  private final Tomcat tomcat = new Tomcat();
  private final HttpClient client = HttpClient.newHttpClient();

  /**
   * Starts the site, without a clean-up in the background.
   *
   * @param revalidates whether copies are compared with the database in the background
   */
  MeteredSite(boolean revalidates) throws LifecycleException {
    pool.setJdbcUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    JdbcSessionStore jdbc = JdbcSessionStore.builder(pool).createSchema(true).build();
    database = FaultyStore.wrap(jdbc);
    SessionMetrics metrics = SessionMetrics.create(registry);
    NearCacheSessionStore nearCache =
        NearCacheSessionStore.builder(metrics.meter(database))
            .maxStaleness(Duration.ofMinutes(1))
            .revalidate(revalidates)
            .build();
    metrics.observe(nearCache);
    metrics.observeBreaker(jdbc::isFailingFast);
    sessions =
        SessionManager.builder(nearCache).listener(metrics).cleanUpInterval(Duration.ZERO).build();

    tomcat.setBaseDir(System.getProperty("java.io.tmpdir"));
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", InetAddress.getLoopbackAddress().getHostAddress());
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          SessionFilter.builder(sessions).build().register(servletContext);
          servletContext.addServlet("site", new Site()).addMapping("/*");
        },
        null);
    tomcat.start();
  }

  /** Starts a site that also has the meters of a store in memory, so that every meter is there. */
  static MeteredSite withAllMeters() throws LifecycleException {
    MeteredSite site = new MeteredSite(true);
    SessionMetrics.create(site.registry).observe(MEMORY);
    return site;
  }

  /** Does what the path says, and answers with the principal. */
  private static final class Site extends HttpServlet {

    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      switch (request.getServletPath() + request.getPathInfo()) {
        case "/set" -> request.getSession().setAttribute("cart", request.getParameter("value"));
        case "/login" ->
            WebSession.of(request)
                .login(request.getParameter("value"), LoginOptions.builder().build());
        case "/logout" -> WebSession.of(request).logout();
        default -> response.setHeader("Cache-Control", "no-store");
      }
      response.getWriter().print(request.getRemoteUser());
    }
  }

  /**
   * What the site answered.
   *
   * @param cookie the session's cookie, name and value, if the answer sets it
   */
  record Answer(int status, String body, Optional<String> cookie) {}

  Answer get(String path, @Nullable String cookie) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + path));
    if (cookie != null) {
      request.header("Cookie", cookie);
    }
    HttpResponse<String> response =
        client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    Optional<String> set =
        response.headers().allValues("Set-Cookie").stream()
            .filter(line -> line.startsWith("__Host-session="))
            .map(line -> line.substring(0, line.indexOf(';')))
            .findFirst();
    return new Answer(response.statusCode(), response.body(), set);
  }

  @Override
  public void close() throws LifecycleException {
    tomcat.stop();
    tomcat.destroy();
    sessions.close();
    pool.close();
  }
}
