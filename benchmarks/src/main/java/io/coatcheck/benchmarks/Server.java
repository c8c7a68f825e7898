package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.jspecify.annotations.Nullable;
import org.springframework.session.MapSessionRepository;
import org.springframework.session.web.http.SessionRepositoryFilter;

/**
 * A site on embedded Tomcat that answers with the principal of the session, in a process of its
 * own. It prints its port on standard output, answers each byte of its standard input with the
 * median time of the requests since, as {@link InsideTime} says, and ends with its standard input.
 */
final class Server {

  /** How the sessions are kept. */
  enum Kind {
    NO_SESSION("no session"),
    /** No session either: what any filter costs. */
    EMPTY_FILTER("a filter that does nothing"),
    FLOOR("floor"),
    /** A signed token in a cookie, which cannot be revoked. */
    JWT("java-jwt HS256"),
    TOMCAT("Tomcat"),
    COATCHECK_MEMORY("Coatcheck in memory"),
    COATCHECK_NEAR("Coatcheck JDBC + near cache"),
    /** The same, visited by few people who all come back within the bound. */
    COATCHECK_NEAR_BUSY("Coatcheck JDBC + near cache; 1000 busy"),
    /** Copies that the change feed keeps. */
    COATCHECK_FEED("Coatcheck JDBC + near cache; change feed"),
    COATCHECK_JDBC("Coatcheck JDBC"),
    SPRING_MAP("Spring Session map"),
    SPRING_JDBC("Spring Session JDBC");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }

    boolean needsPostgres() {
      return switch (this) {
        case COATCHECK_NEAR, COATCHECK_NEAR_BUSY, COATCHECK_FEED, COATCHECK_JDBC, SPRING_JDBC ->
            true;
        default -> false;
      };
    }

    /** Returns whether requests have no user. */
    boolean isAnonymous() {
      return this == NO_SESSION || this == EMPTY_FILTER;
    }

    /** Returns whether the filter passes the principal on as an attribute of the request. */
    boolean hasNoHttpSession() {
      return this == FLOOR || this == JWT;
    }

    /** Returns how many of the sessions visit. */
    int visitors(int sessions) {
      return this == COATCHECK_NEAR_BUSY ? Math.min(1_000, sessions) : sessions;
    }

    /** Returns the {@code Cookie} line of each session. */
    String[] cookies(int sessions) {
      return switch (this) {
        case NO_SESSION, EMPTY_FILTER, TOMCAT -> {
          String[] cookies = new String[sessions];
          for (int i = 0; i < sessions; i++) {
            cookies[i] = Cookies.line("JSESSIONID", Springs.id(i));
          }
          yield cookies;
        }
        case FLOOR -> new Population(sessions).cookies(Floor.COOKIE);
        case JWT -> jwt(sessions).cookies();
        case SPRING_MAP, SPRING_JDBC -> Springs.cookies(Springs.ids(sessions));
        default -> new Population(sessions).cookies(Coatchecks.COOKIE);
      };
    }
  }

  private Server() {}

  /** Returns tokens of the same key in each process. */
  private static Jwt jwt(int tokens) {
    return new Jwt(Jwt.Library.JAVA_JWT, Jwt.Signature.HS256, tokens);
  }

  static void serve(Kind kind, int sessions) throws Exception {
    Path base = Files.createTempDirectory("server");
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.getConnector().setProperty("maxThreads", "8");
    tomcat.getConnector().setProperty("maxKeepAliveRequests", "-1");
    Context context = tomcat.addContext("", base.toString());
    context.setSessionTimeout((int) Population.IDLE_TIMEOUT.toMinutes());
    InsideTime inside = new InsideTime();
    add(context, "inside", inside);
    Filter filter = filter(kind, sessions);
    if (filter != null) {
      add(context, "sessions", filter);
    }
    Tomcat.addServlet(context, "cart", new Cart(kind)).addMapping("/cart");
    tomcat.start();
    if (kind == Kind.TOMCAT) {
      Manager manager = context.getManager();
      for (int i = 0; i < sessions; i++) {
        TomcatSessions.add(manager, i);
      }
    }
    System.out.println("PORT " + tomcat.getConnector().getLocalPort());
    while (System.in.read() >= 0) {
      System.out.println("INSIDE " + inside.takeMedian());
    }
    tomcat.stop();
    tomcat.destroy();
    System.exit(0);
  }

  private static void add(Context context, String name, Filter filter) {
    FilterDef definition = new FilterDef();
    definition.setFilterName(name);
    definition.setFilter(filter);
    context.addFilterDef(definition);
    FilterMap map = new FilterMap();
    map.setFilterName(name);
    map.addURLPattern("/*");
    context.addFilterMap(map);
  }

  private static @Nullable Filter filter(Kind kind, int sessions) {
    return switch (kind) {
      case NO_SESSION, TOMCAT -> null;
      case EMPTY_FILTER -> (request, response, chain) -> chain.doFilter(request, response);
      case FLOOR -> {
        Floor floor = new Floor(sessions);
        yield new TokenFilter(() -> floor.forAnotherThread()::principal);
      }
      case JWT -> {
        Jwt jwt = jwt(1);
        yield new TokenFilter(() -> jwt::principal);
      }
      case COATCHECK_MEMORY -> {
        InMemorySessionStore store =
            InMemorySessionStore.builder().maximumSessions(4L * sessions).build();
        Coatchecks.fill(store, new Population(sessions), true);
        yield SessionFilter.builder(Coatchecks.manager(store)).build();
      }
      case COATCHECK_JDBC ->
          SessionFilter.builder(Coatchecks.manager(Coatchecks.store(pool()))).build();
      case COATCHECK_NEAR, COATCHECK_NEAR_BUSY ->
          SessionFilter.builder(
                  Coatchecks.manager(NearCacheSessionStore.wrap(Coatchecks.store(pool()))))
              .build();
      case COATCHECK_FEED -> {
        SessionManager manager = Coatchecks.manager(Coatchecks.feedStore(pool()));
        // Each session is seen once, as by a request that reads it: that costs the same as without
        // copies. A value that was first decoded much later would be a young object in an old one,
        // which the garbage collector visits in each of its next 15 runs.
        Population population = new Population(sessions);
        for (int i = 0; i < sessions; i++) {
          if (manager.adapter().resolve(List.of(population.token(i).value()))
              instanceof Resolution.Live live) {
            Object decoded = live.session().attribute(Workload.PRINCIPAL);
            if (decoded == null) {
              throw new IllegalStateException("session " + i + " has no principal");
            }
          }
        }
        yield SessionFilter.builder(manager).build();
      }
      case SPRING_MAP -> {
        MapSessionRepository repository = new MapSessionRepository(new ConcurrentHashMap<>());
        for (int i = 0; i < sessions; i++) {
          Springs.add(repository, Springs.id(i), i);
        }
        yield new SessionRepositoryFilter<>(repository);
      }
      case SPRING_JDBC -> new SessionRepositoryFilter<>(Springs.repository(pool()));
    };
  }

  private static HikariDataSource pool() {
    return Postgres.get().pool(8);
  }

  /** Answers with the principal. */
  private static final class Cart extends HttpServlet {

    private static final long serialVersionUID = 1;

    private final Kind kind;

    Cart(Kind kind) {
      this.kind = kind;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      Object principal = kind.isAnonymous() ? "user-0000000" : principal(request);
      byte[] body = String.valueOf(principal).getBytes(StandardCharsets.ISO_8859_1);
      response.setContentType("text/plain");
      response.setContentLength(body.length);
      response.getOutputStream().write(body);
    }

    private @Nullable Object principal(HttpServletRequest request) {
      if (kind.hasNoHttpSession()) {
        return request.getAttribute(Workload.PRINCIPAL);
      }
      HttpSession session = request.getSession(false);
      return session == null ? null : session.getAttribute(Workload.PRINCIPAL);
    }
  }
}
