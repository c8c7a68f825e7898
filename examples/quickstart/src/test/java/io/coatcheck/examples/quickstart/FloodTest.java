package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Visitors who store what they may, until a small heap would be full. */
@Tag("long")
class FloodTest {

  private static final int VISITORS = 30_000;
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static HttpRequest note(String url) {
    return HttpRequest.newBuilder(URI.create(url + "/note"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .timeout(Duration.ofMinutes(2))
        .POST(HttpRequest.BodyPublishers.ofString("text=" + "%E2%82%AC".repeat(2_000)))
        .build();
  }

  @Test
  @DisplayName("a flood of anonymous notes neither ends the site nor logs a user out")
  void notesOfStrangers_fillNoHeap() throws Exception {
    ProcessBuilder java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                Quickstart.class.getName())
            .redirectErrorStream(true);
    java.environment().put("PORT", "0");
    Process site = java.start();
    ExecutorService threads = Executors.newFixedThreadPool(5);
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(site.getInputStream(), StandardCharsets.UTF_8))) {
      String ready = out.readLine();
      while (!ready.contains("is ready")) {
        ready = out.readLine();
      }
      String url = ready.replaceAll(".*(http://localhost:\\d+).*", "$1");
      Future<?> log = threads.submit(() -> out.lines().forEach(line -> {}));
      Browser alice = new Browser(url);
      alice.logIn("alice", "wonderland-1");
      List<Future<Void>> floods = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Callable<Void> flood =
            () -> {
              for (int visitor = 0; visitor < VISITORS / 4; visitor++) {
                CLIENT.send(note(url), HttpResponse.BodyHandlers.discarding());
              }
              return null;
            };
        floods.add(threads.submit(flood));
      }
      for (Future<Void> flood : floods) {
        flood.get(4, TimeUnit.MINUTES);
      }

      assertThat(alice.get("/me").statusCode()).isEqualTo(200);
      assertThat(site.isAlive()).isTrue();
      site.destroy();
      log.get(2, TimeUnit.MINUTES);
    } finally {
      site.destroyForcibly();
      threads.shutdownNow();
    }
  }
}
