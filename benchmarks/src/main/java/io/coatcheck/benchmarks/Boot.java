package io.coatcheck.benchmarks;

import com.auth0.jwt.algorithms.Algorithm;
import io.coatcheck.test.clients.Visitor;
import io.coatcheck.test.servers.Redis;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * Measures one Spring Boot application with form login, whose sessions are kept in different ways:
 * how long it takes to start, and the cost of a user's request. Each kind runs in its own process,
 * and all are started again in each round.
 */
final class Boot {

  /** How the sessions are kept. */
  enum Kind {
    CONTAINER("container", "JSESSIONID"),
    TOKEN("token", "token"),
    COATCHECK("coatcheck", "__Host-session"),
    /** With users of a class of the application. */
    COATCHECK_MEMBERS("coatcheck", "__Host-session"),
    /** The same, and the class is declared immutable. */
    COATCHECK_IMMUTABLE("coatcheck", "__Host-session"),
    COATCHECK_PRINCIPAL("coatcheck", "__Host-session"),
    COATCHECK_JDBC("coatcheck", "__Host-session"),
    SPRING_SESSION("spring-session", "SESSION"),
    COATCHECK_REDIS("coatcheck-redis", "__Host-session"),
    SPRING_SESSION_REDIS("spring-session-redis", "SESSION");

    private final String classPath;
    private final String cookie;

    Kind(String classPath, String cookie) {
      this.classPath = classPath;
      this.cookie = cookie;
    }

    private List<String> properties() {
      String createSchema = "coatcheck.jdbc.create-schema=always";
      String members = "shop.members=true";
      return switch (this) {
        case CONTAINER, COATCHECK_REDIS, SPRING_SESSION_REDIS -> List.of();
        case TOKEN -> List.of("spring.profiles.active=token", "shop.key=" + KEY);
        case COATCHECK -> List.of(createSchema);
        case COATCHECK_MEMBERS -> List.of(createSchema, members);
        case COATCHECK_IMMUTABLE ->
            List.of(
                createSchema,
                members,
                "coatcheck.attributes.immutable=io.coatcheck.benchmarks.boot.Member");
        case COATCHECK_PRINCIPAL -> List.of(createSchema, "coatcheck.security.context=principal");
        case COATCHECK_JDBC -> List.of(createSchema, "coatcheck.near-cache.enabled=false");
        case SPRING_SESSION -> List.of("spring.session.jdbc.initialize-schema=always");
      };
    }

    String title() {
      return switch (this) {
        case CONTAINER -> "Tomcat; in memory";
        case TOKEN -> "no session; JSON Web Token HS256";
        case COATCHECK -> "Coatcheck JDBC + near cache";
        case COATCHECK_MEMBERS -> "Coatcheck JDBC + near cache; own class of users";
        case COATCHECK_IMMUTABLE ->
            "Coatcheck JDBC + near cache; own class of users, declared immutable";
        case COATCHECK_PRINCIPAL -> "Coatcheck JDBC + near cache; names only";
        case COATCHECK_JDBC -> "Coatcheck JDBC";
        case SPRING_SESSION -> "Spring Session JDBC";
        case COATCHECK_REDIS -> "Coatcheck Redis + near cache";
        case SPRING_SESSION_REDIS -> "Spring Session Redis";
      };
    }
  }

  /** Signs the tokens of the measurement, which the application verifies. */
  private static final String KEY = "%064x".formatted(7);

  private final Path module;
  private final Results results;
  private final int users;
  private final Duration warmUp;
  private final Duration time;

  /**
   * Prepares a comparison.
   *
   * @param module the folder of the application, which has been compiled
   * @param users how many users log in, and then come in the order of {@link Workload}
   * @param warmUp how long requests are sent that do not count
   * @param time how long requests are sent that do
   */
  Boot(Path module, Results results, int users, Duration warmUp, Duration time) {
    this.module = module;
    this.results = results;
    this.users = users;
    this.warmUp = warmUp;
    this.time = time;
  }

  static Results results(Path directory) {
    return Results.begin(
        directory,
        "boot",
        "entrant",
        "round",
        "start",
        "perSecond",
        "p50",
        "p99",
        "micros",
        "cpu",
        "bytes");
  }

  void run(int rounds, List<Kind> kinds) throws Exception {
    try (Postgres postgres = Postgres.start();
        Redis redis = Redis.start()) {
      List<String> servers =
          List.of(
              "--spring.datasource.url=" + postgres.url(),
              "--spring.data.redis.host=127.0.0.1",
              "--spring.data.redis.port=" + redis.port());
      for (int round = 1; round <= rounds; round++) {
        for (Kind kind : kinds) {
          measure(kind, round, servers);
        }
      }
    }
  }

  private void measure(Kind kind, int round, List<String> servers) throws Exception {
    long begin = System.nanoTime();
    try (Node node = Node.start(command(kind, servers), kind.title())) {
      long started = System.nanoTime() - begin;
      Load load = new Load(List.of(node.port()), logIn(kind, node), false, new Workload(users));
      load.run(warmUp, Http.UNLIMITED);
      Measured before = Measured.of(node);
      Load.Outcome outcome = load.run(time, Http.UNLIMITED);
      Measured during = Measured.of(node).minus(before);
      Histogram latency = outcome.microseconds();
      results.add(
          kind.title(),
          round,
          started / 1_000_000,
          Results.rounded(outcome.perSecond()),
          latency.getValueAtPercentile(50),
          latency.getValueAtPercentile(99),
          Results.rounded(during.nanos() / 1e3 / during.requests()),
          Results.rounded(during.cpu() / 1e3 / during.requests()),
          during.bytes() / during.requests());
    }
  }

  private List<String> command(Kind kind, List<String> servers) throws IOException {
    Path target = module.resolve("target");
    String libraries = Files.readString(target.resolve("classpath-" + kind.classPath));
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms512m",
                "-Xmx512m",
                "-cp",
                target.resolve("classes") + File.pathSeparator + libraries,
                "io.coatcheck.benchmarks.boot.Shop",
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--server.tomcat.threads.max=8",
                "--server.tomcat.max-keep-alive-requests=-1",
                "--spring.main.banner-mode=off",
                "--logging.level.root=error"));
    command.addAll(servers);
    kind.properties().forEach(property -> command.add("--" + property));
    return command;
  }

  /** Logs every user in by the form, or signs a token, and returns the cookies. */
  private String[] logIn(Kind kind, Node node) throws Exception {
    String[] cookies = new String[users];
    for (int i = 0; i < users; i++) {
      if (kind == Kind.TOKEN) {
        cookies[i] = kind.cookie + "=" + Jwt.token(Algorithm.HMAC256(KEY), i);
        continue;
      }
      Visitor visitor = new Visitor("http://localhost:" + node.port());
      visitor.logIn(Workload.principal(i));
      cookies[i] = kind.cookie + "=" + visitor.cookie(kind.cookie);
    }
    return cookies;
  }

  /** The sums that the application has counted since its start. */
  private record Measured(long requests, long nanos, long bytes, long cpu) {

    static Measured of(Node node) throws Exception {
      String answer = new Visitor("http://localhost:" + node.port()).get("/measured").body();
      long[] sums = Arrays.stream(answer.split(" ")).mapToLong(Long::parseLong).toArray();
      return new Measured(sums[0], sums[1], sums[2], sums[3]);
    }

    Measured minus(Measured earlier) {
      return new Measured(
          requests - earlier.requests,
          nanos - earlier.nanos,
          bytes - earlier.bytes,
          cpu - earlier.cpu);
    }
  }
}
