package io.coatcheck.examples.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.examples.springboot.Panel.Line;
import io.coatcheck.test.clients.Chromium;
import io.micrometer.core.instrument.MeterRegistry;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Needs {@code prometheus} on the path. With {@code -Dpicture=<file>}, which needs {@code chromium}
 * and {@code chromedriver} as well, the picture of the documents is made.
 */
@Tag("long")
@DisplayName("docs/grafana-dashboard.json, with the running example and Prometheus")
class DashboardTest {

  /** Zero in this scene, unless something is wrong or a node does not answer for long enough. */
  private static final List<String> MAY_BE_ZERO =
      List.of(
          "Store failures per minute",
          "Nodes that fail at once",
          "Attributes",
          "Circuit breaker",
          "Credentials of other systems");

  private static final String[] PROPERTIES = {
    "management.endpoints.web.exposure.include=prometheus",
    "coatcheck.clean-up-interval=5s",
    "coatcheck.anonymous-idle-timeout=15s",
    "coatcheck.idle-timeout=30s",
    "coatcheck.sessions-per-user=8",
    "spring.datasource.hikari.maximum-pool-size=4",
    "spring.datasource.hikari.connection-timeout=1000"
  };

  @TempDir(cleanup = CleanupMode.NEVER)
  static Path directory;

  /** Lets Prometheus read the meters without a login. Not found by the scan for components. */
  static class Scraped {

    @Bean
    @Order(0)
    SecurityFilterChain meters(HttpSecurity http) {
      return http.securityMatcher(EndpointRequest.to("prometheus"))
          .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
          .build();
    }
  }

  private static Site node(String database, String... properties) {
    List<String> all = new ArrayList<>(List.of(PROPERTIES));
    all.addAll(List.of(properties));
    return Site.start(
        List.of(Application.class, Scraped.class), database, all.toArray(String[]::new));
  }

  @Test
  @DisplayName("has data in every panel")
  void everyPanel() throws Exception {
    Optional<Path> program = Prometheus.program();
    assumeTrue(program.isPresent(), "no prometheus on the path: the dashboard is not tried");
    String picture = System.getProperty("picture");
    int seconds = picture == null ? 40 : 160;
    try (Site first = node("dashboard");
        Site second = node("dashboard", "spring.sql.init.mode=never");
        Site memory = node("dashboard-memory", "coatcheck.store=memory");
        Prometheus prometheus =
            Prometheus.start(
                program.get(),
                directory,
                new TreeMap<>(
                    Map.of(
                        "node-1",
                        first.port(),
                        "node-2",
                        second.port(),
                        "memory",
                        memory.port())))) {
      Instant begin = Instant.now();
      Crowd crowd =
          new Crowd(
              List.of(first.url(), second.url()),
              memory.url(),
              () -> conflicts(first) + conflicts(second));
      use(crowd, first, begin, seconds);
      Instant end = Instant.now();

      // The first values of a rate need two scrapes.
      Instant from = begin.plusSeconds(4L * Prometheus.INTERVAL);
      DashboardPage page =
          new DashboardPage("Coatcheck", from.getEpochSecond(), end.getEpochSecond());
      for (Panel panel : Panel.read(Path.of("../../docs/grafana-dashboard.json"))) {
        List<Line> lines = panel.evaluate(prometheus, from, end);
        if (!lines.isEmpty() && !MAY_BE_ZERO.contains(panel.title())) {
          assertThat(lines)
              .as(panel.title())
              .anyMatch(line -> line.points().values().stream().anyMatch(value -> value > 0));
        }
        page.add(panel, lines);
      }
      if (picture != null) {
        photograph(page, Path.of(picture));
      }
    }
  }

  private static double conflicts(Site node) {
    MeterRegistry meters = node.context().getBean(MeterRegistry.class);
    return meters.get("coatcheck.saves.conflicts").counter().count();
  }

  /** Four steps a second, and in the middle of them a database that does not answer one node. */
  private static void use(Crowd crowd, Site first, Instant begin, int seconds)
      throws IOException, InterruptedException, SQLException {
    HikariDataSource pool = first.context().getBean(HikariDataSource.class);
    Instant outage = begin.plusSeconds(seconds * 6L / 10);
    Instant recovery = outage.plusSeconds(8);
    Instant end = begin.plusSeconds(seconds);
    List<Connection> held = new ArrayList<>();
    for (int step = 0; Instant.now().isBefore(end); step++) {
      boolean isOut = Instant.now().isAfter(outage) && Instant.now().isBefore(recovery);
      while (isOut && held.size() < pool.getMaximumPoolSize()) {
        held.add(pool.getConnection());
      }
      if (!isOut) {
        giveBack(held);
      }
      crowd.step(step);
      TimeUnit.MILLISECONDS.sleep(250);
    }
    giveBack(held);
  }

  private static void giveBack(List<Connection> held) throws SQLException {
    for (Connection connection : held) {
      connection.close();
    }
    held.clear();
  }

  private static void photograph(DashboardPage page, Path picture) throws IOException {
    Path file = Files.writeString(directory.resolve("dashboard.html"), page.html());
    try (Chromium chromium = new Chromium(Files.createDirectory(directory.resolve("browser")))) {
      ChromeDriver browser =
          chromium.device(
              "dashboard",
              options ->
                  options.addArguments(
                      "--window-size=%d,%d".formatted(DashboardPage.WIDTH, page.height() + 200),
                      "--hide-scrollbars"));
      browser.get(file.toUri().toString());
      BufferedImage window =
          ImageIO.read(new ByteArrayInputStream(browser.getScreenshotAs(OutputType.BYTES)));
      BufferedImage cut =
          new BufferedImage(DashboardPage.WIDTH, page.height(), BufferedImage.TYPE_INT_RGB);
      for (int x = 0; x < cut.getWidth(); x++) {
        for (int y = 0; y < cut.getHeight(); y++) {
          // Sixteen shades of each color are enough, and make a file half as large.
          int half = window.getRGB(x, y) & 0xf0f0f0;
          cut.setRGB(x, y, half | half >> 4);
        }
      }
      if (!ImageIO.write(cut, "png", picture.toFile())) {
        throw new IOException("no PNG can be written here: " + picture);
      }
    }
  }
}
