package io.coatcheck.session.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;

/**
 * One node of a small application on Tomcat, with its sessions in a database: in this process, or
 * by {@link #main} in one of its own that can be killed.
 */
final class AppNode implements AutoCloseable {

  /** The paths that the application answers under; all by GET, for the brevity of the tests. */
  private final class App extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      String name = Objects.requireNonNullElse(request.getParameter("name"), "note");
      String value = request.getParameter("value");
      String answer =
          switch (Objects.requireNonNullElse(request.getPathInfo(), "/")) {
            case "/plain" -> "plain";
            case "/read" -> {
              HttpSession session = request.getSession(false);
              yield session == null ? "none" : String.valueOf(session.getAttribute(name));
            }
            case "/set" -> {
              for (String each : value.split(",", -1)) {
                request.getSession().setAttribute(name, each);
                request.getSession().setAttribute(name + "-length", each.length());
              }
              yield "set";
            }
            case "/overtaken" -> {
              request.getSession().setAttribute(name, value);
              meanwhile.getAndSet(() -> {}).run();
              yield "set";
            }
            case "/ticket" -> {
              request.getSession().setAttribute(name, new ListenersOnTwoNodesTest.Ticket(value));
              yield "set";
            }
            case "/login" -> WebSession.of(request).login(value).name();
            case "/logout" -> {
              WebSession.of(request).logout();
              yield "out";
            }
            case "/logout-everywhere" -> {
              WebSession.of(request).logoutEverywhere();
              yield "out";
            }
            default -> String.valueOf(request.getRemoteUser());
          };
      response.setContentType("text/plain;charset=UTF-8");
      response.getWriter().print(answer);
    }
  }

  static final int MAX_THREADS = 16;

  /** The query timeout of a node in a process of its own, on a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Tomcat tomcat = new Tomcat();
  private final Path base;
  private final SessionManager manager;
  private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});

  AppNode(SessionManager manager, UnaryOperator<SessionFilterBuilder> settings) {
    this.manager = manager;
    try {
      base = Files.createTempDirectory("coatcheck-node");
      tomcat.setBaseDir(base.toString());
      tomcat.setHostname("127.0.0.1");
      tomcat.setPort(0);
      tomcat.getConnector().setProperty("address", "127.0.0.1");
      tomcat.getConnector().setProperty("maxThreads", String.valueOf(MAX_THREADS));
      Context context = tomcat.addContext("", base.toString());
      FilterDef filter = new FilterDef();
      filter.setFilterName("session");
      filter.setFilter(settings.apply(SessionFilter.builder(manager)).build());
      filter.setAsyncSupported("true");
      context.addFilterDef(filter);
      FilterMap map = new FilterMap();
      map.setFilterName("session");
      map.addURLPattern("/*");
      context.addFilterMap(map);
      Tomcat.addServlet(context, "app", new App()).addMapping("/*");
      tomcat.start();
    } catch (IOException | LifecycleException e) {
      throw new IllegalStateException("the node does not start", e);
    }
  }

  /** Does something once, in the middle of the next request of {@code /overtaken}. */
  void meanwhile(Runnable work) {
    meanwhile.set(work);
  }

  int port() {
    return tomcat.getConnector().getLocalPort();
  }

  /**
   * Runs a node until it is killed, or its standard input ends. Who kills it deletes the directory
   * that it has for temporary files.
   *
   * @param arguments the JDBC URL and the table; and the bound of copies that are kept by the
   *     change feed, if it keeps any; and {@code delayed} for {@link DelayedCommits}, or {@code
   *     beating} for those and a {@link HeartbeatStore}
   */
  public static void main(String[] arguments) throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(arguments[0]);
    config.setMaximumPoolSize(8);
    config.setConnectionTimeout(60_000);
    String variant = arguments.length > 3 ? arguments[3] : "";
    config.setAutoCommit(variant.isEmpty());
    try (HikariDataSource pool = new HikariDataSource(config);
        AppNode node =
            new AppNode(
                SessionManager.builder(
                        arguments.length == 2
                            ? JdbcSessionStore.builder(pool)
                                .tableName(arguments[1])
                                .queryTimeout(PATIENCE)
                                .build()
                            : withCopies(
                                variant.isEmpty() ? pool : new DelayedCommits(pool),
                                arguments[1],
                                Duration.parse(arguments[2]),
                                variant.equals("beating")))
                    .build(),
                settings -> settings)) {
      System.out.println("PORT=" + node.port());
      while (System.in.read() >= 0) {
        // The parent says nothing; when it ends, so does this.
      }
    }
  }

  /** Returns a store with copies that are kept by the change feed. */
  static SessionStore withCopies(DataSource pool, String table, Duration maxStaleness) {
    return withCopies(pool, table, maxStaleness, false);
  }

  private static SessionStore withCopies(
      DataSource pool, String table, Duration maxStaleness, boolean isBeating) {
    JdbcSessionStore store =
        JdbcSessionStore.builder(pool)
            .tableName(table)
            .createSchema(true)
            .changeFeed(true)
            .changeFeedInterval(maxStaleness.dividedBy(4))
            .queryTimeout(PATIENCE)
            .build();
    return NearCacheSessionStore.builder(isBeating ? new HeartbeatStore(store) : store)
        .maxStaleness(maxStaleness)
        .build();
  }

  @Override
  public void close() {
    try {
      tomcat.stop();
      tomcat.destroy();
    } catch (LifecycleException e) {
      throw new IllegalStateException("the node does not stop", e);
    } finally {
      manager.close();
    }
    // The first node's directory, which Tomcat would make again for the next one.
    System.clearProperty("catalina.home");
    // Tomcat made directories in it, and no files.
    try (Stream<Path> left = Files.walk(base)) {
      left.sorted(Comparator.reverseOrder()).forEach(AppNode::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
