package io.coatcheck.benchmarks.lines;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.benchmarks.lines.shared.Accounts;
import io.coatcheck.benchmarks.lines.shared.Site;
import io.coatcheck.test.clients.Visitor;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;

@DisplayName("The same features with Coatcheck and with Spring Session")
class LinesTest {

  private static final String COOKIE = "__Host-session";
  private static final Path SOURCES = Path.of("src/main/java/io/coatcheck/benchmarks/lines");
  private static final Path RESOURCES = Path.of("src/main/resources/lines");

  @Configuration
  @ComponentScan("io.coatcheck.benchmarks.lines.coatcheck")
  static class WithCoatcheck {}

  @Configuration
  @ComponentScan("io.coatcheck.benchmarks.lines.springsession")
  static class WithSpringSession {}

  private static final String NO_REDIS =
      "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration";

  /** Both libraries are on the class path of this test, and Redis: each keeps the others out. */
  private static ConfigurableApplicationContext start(String variant) {
    String other =
        variant.equals("coatcheck")
            ? "--spring.autoconfigure.exclude="
                + NO_REDIS
                + ",org.springframework.boot.session.autoconfigure.SessionAutoConfiguration,"
                + "org.springframework.boot.session.jdbc.autoconfigure.JdbcSessionAutoConfiguration"
            : "--spring.autoconfigure.exclude=" + NO_REDIS;
    Class<?> features = variant.equals("coatcheck") ? WithCoatcheck.class : WithSpringSession.class;
    return new SpringApplicationBuilder(Site.class, features)
        .run(
            "--spring.config.location=classpath:lines/" + variant + "/application.properties",
            "--spring.datasource.url=jdbc:h2:mem:lines-" + variant,
            "--server.port=0",
            "--logging.level.root=error",
            "--coatcheck.enabled=" + variant.equals("coatcheck"),
            other);
  }

  private static Visitor loggedIn(ConfigurableApplicationContext site, String agent)
      throws Exception {
    String port = site.getEnvironment().getRequiredProperty("local.server.port");
    Visitor visitor = new Visitor("http://localhost:" + port).with("User-Agent", agent);
    visitor.logIn("ann");
    assertThat(visitor.get("/account").body()).isEqualTo("ann");
    return visitor;
  }

  private static boolean isIn(Visitor visitor) throws Exception {
    HttpResponse<String> answer = visitor.get("/account");
    assertThat(answer.statusCode()).isIn(200, 302);
    return answer.statusCode() == 200;
  }

  @DisplayName("work alike: devices, roles as they are now, a limit, remember-me")
  @ParameterizedTest
  @ValueSource(strings = {"coatcheck", "springsession"})
  void features(String variant) throws Exception {
    try (ConfigurableApplicationContext site = start(variant)) {
      Accounts accounts = site.getBean(Accounts.class);
      accounts.put("ann", true, true);

      Visitor laptop = loggedIn(site, "laptop");
      Visitor phone = loggedIn(site, "phone");
      String list = laptop.get("/devices").body();
      assertThat(list)
          .contains("\"laptop\"", "\"phone\"", "127.0.0.1")
          .doesNotContain(laptop.cookie(COOKIE));
      Matcher id = Pattern.compile("\"id\":\"([^\"]+)\",\"browser\":\"phone\"").matcher(list);
      assertThat(id.find()).isTrue();
      laptop.post("/devices/" + id.group(1) + "/sign-out");
      assertThat(isIn(phone)).isFalse();
      assertThat(isIn(laptop)).isTrue();

      assertThat(laptop.get("/admin").statusCode()).isEqualTo(200);
      accounts.put("ann", false, true);
      assertThat(laptop.get("/admin").statusCode()).isEqualTo(403);
      accounts.put("ann", false, false);
      assertThat(isIn(laptop)).isFalse();
      accounts.put("ann", true, true);
      assertThat(isIn(laptop)).isFalse();

      Visitor first = loggedIn(site, "first");
      Visitor second = loggedIn(site, "second");
      Visitor third = loggedIn(site, "third");
      Visitor fourth = loggedIn(site, "fourth");
      assertThat(isIn(first)).isFalse();
      assertThat(List.of(isIn(second), isIn(third), isIn(fourth))).containsOnly(true);

      fourth.post("/devices/sign-out-everywhere");
      assertThat(List.of(isIn(second), isIn(third), isIn(fourth))).containsOnly(false);

      HttpResponse<String> remembered =
          second.post("/login", "username", "ann", "password", "ticket", "remember-me", "on");
      assertThat(remembered.headers().allValues("Set-Cookie"))
          .anyMatch(
              cookie ->
                  cookie.startsWith(COOKIE)
                      && cookie.contains("Max-Age=")
                      && cookie.contains("Secure"));
    }
  }

  @Test
  @DisplayName("take as many lines as docs/SPRING.md says")
  void lines() throws IOException {
    String page = Files.readString(Path.of("../../docs/SPRING.md"));
    assertThat(page)
        .contains(
            row("dependencies", "dependency.xml"),
            row("properties", "application.properties"),
            row("Java", null));
  }

  private static String row(String what, @Nullable String file) throws IOException {
    return "| "
        + what
        + " | "
        + count("coatcheck", file)
        + " | "
        + count("springsession", file)
        + " |";
  }

  private static long count(String variant, @Nullable String file) throws IOException {
    if (file != null) {
      return count(RESOURCES.resolve(variant).resolve(file));
    }
    long all = 0;
    try (Stream<Path> files = Files.list(SOURCES.resolve(variant))) {
      for (Path source : files.filter(one -> !one.endsWith("package-info.java")).toList()) {
        all += count(source);
      }
    }
    return all;
  }

  /** Blank lines, comments and imports do not count. */
  private static long count(Path file) throws IOException {
    return Files.readString(file)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.matches("(//|/\\*|\\*|import |package ).*"))
        .count();
  }
}
