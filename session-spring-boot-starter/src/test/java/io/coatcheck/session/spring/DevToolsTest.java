package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.spring.shop.RestartingShop;
import io.coatcheck.test.clients.Visitor;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Spring Boot's DevTools")
@Tag("wide")
class DevToolsTest {

  private static final String COOKIE = "__Host-session";

  /** The file that an editor changes after it has compiled. */
  private static final String TRIGGER = "restart.now";

  @TempDir private Path directory;

  private final BlockingQueue<String> output = new LinkedBlockingQueue<>();
  private final List<String> seen = new ArrayList<>();
  private Process process;

  @AfterEach
  void stop() throws InterruptedException {
    if (process != null) {
      process.destroy();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  @DisplayName("a restart keeps logins and objects of reloaded classes, in a database")
  void restart() throws Exception {
    start("spring.datasource.url=jdbc:h2:file:" + directory.resolve("shop"));
    Visitor ann = new Visitor(ready());
    ann.logIn("ann");
    ann.post("/cart", "article", "hat");
    assertThat(ann.get("/cart").body()).isEqualTo("hat");
    String cookie = ann.cookie(COOKIE);

    Files.writeString(directory.resolve(TRIGGER), "again");
    Visitor back = ann.at(ready());

    assertThat(back.get("/account").body()).isEqualTo("ann");
    assertThat(back.get("/cart").body()).isEqualTo("hat");
    back.post("/cart", "article", "coat");
    assertThat(back.get("/cart").body()).isEqualTo("hat, coat");
    assertThat(back.cookie(COOKIE)).isEqualTo(cookie);
    assertThat(seen).noneMatch(line -> line.contains("without effect"));
  }

  /**
   * Starts the shop with the classes of this module, and DevTools in front of them. As in an
   * application, those of Coatcheck are not reloaded.
   */
  private void start(String database) throws IOException {
    Files.writeString(directory.resolve(TRIGGER), "once");
    Path settings = Files.createDirectories(directory.resolve("META-INF"));
    Files.writeString(
        settings.resolve("spring-devtools.properties"),
        "restart.exclude.libraries=/target/classes/\n");
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                String.join(
                    File.pathSeparator,
                    directory.toString(),
                    Path.of("target", "devtools", "spring-boot-devtools.jar").toString(),
                    classPath),
                RestartingShop.class.getName(),
                "--server.port=0",
                "--spring.devtools.restart.trigger-file=" + TRIGGER,
                "--spring.devtools.restart.poll-interval=200ms",
                "--spring.devtools.restart.quiet-period=100ms",
                "--spring.devtools.livereload.enabled=false",
                "--spring.autoconfigure.exclude=" + Site.NO_REDIS,
                "--coatcheck.jdbc.create-schema=always",
                "--" + database));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    Thread reader = new Thread(() -> lines.lines().forEach(output::add), "output-of-the-shop");
    reader.setDaemon(true);
    reader.start();
  }

  /** Waits until the shop is ready, and returns its address. */
  private String ready() throws InterruptedException {
    while (true) {
      String line = output.poll(120, TimeUnit.SECONDS);
      assertThat(line).as(() -> "no more output after " + seen).isNotNull();
      seen.add(line);
      if (line.startsWith("PORT ")) {
        String[] parts = line.split(" ", 3);
        assertThat(parts[2]).isEqualTo("RestartClassLoader");
        return "http://localhost:" + parts[1];
      }
    }
  }
}
