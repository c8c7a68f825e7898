package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplicationAotProcessor;

@DisplayName("An application that was processed ahead of time, on the JVM")
@Tag("wide")
class AheadOfTimeTest {

  private static final String CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  @TempDir private Path directory;

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

  @ParameterizedTest
  @ValueSource(strings = {"session", "principal"})
  @DisplayName("keeps sessions, logins and attributes in a database as any other")
  void shop(String context) throws Exception {
    String setting = "--coatcheck.security.context=" + context;
    process(setting);
    Visitor ann = new Visitor(start(setting));

    ann.logIn("ann");
    ann.post("/cart", "article", "hat");

    assertThat(ann.get("/account").body()).isEqualTo("ann");
    assertThat(ann.get("/cart").body()).isEqualTo("hat");
    assertThat(ann.hasCookie("__Host-session")).isTrue();
    assertThat(ann.hasCookie("JSESSIONID")).isFalse();
    assertThat(seen).anyMatch(line -> line.contains("in the table http_session"));
  }

  @Test
  @DisplayName("does not start if a part is switched off that was on: it would have an effect")
  void switches() throws Exception {
    process("--coatcheck.security.context=principal");
    assertRefused("coatcheck.security.context", "--coatcheck.security.context=session");
    assertRefused(
        "coatcheck.enabled", "--coatcheck.enabled=false", "--coatcheck.security.context=principal");
  }

  @Test
  @DisplayName("does not start if a part is switched on that was off: it would have no effect")
  void switchedOn() throws Exception {
    process("--coatcheck.enabled=false");
    assertRefused("coatcheck.enabled");
  }

  private void assertRefused(String property, String... settings) {
    seen.clear();
    assertThatThrownBy(() -> start(settings))
        .hasMessageContaining(
            property + " must be what it was when the application was processed ahead of time");
  }

  /** Generates and compiles the classes that make the beans. */
  private void process(String setting) throws Exception {
    Path sources = directory.resolve("sources");
    Path classes = Files.createDirectories(directory.resolve("classes"));
    launch(
        CLASS_PATH,
        List.of(),
        SpringApplicationAotProcessor.class,
        RestartingShop.class.getName(),
        sources.toString(),
        classes.toString(),
        classes.toString(),
        "io.coatcheck",
        "shop",
        "--spring.datasource.url=jdbc:h2:mem:ahead-of-time",
        "--spring.autoconfigure.exclude=" + Site.NO_REDIS,
        setting);
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      lines.lines().forEach(seen::add);
    }
    assertThat(process.waitFor()).as(() -> String.join("\n", seen)).isZero();
    List<String> arguments =
        new ArrayList<>(
            List.of("-proc:none", "-nowarn", "-cp", processed(), "-d", classes.toString()));
    try (Stream<Path> files = Files.walk(sources)) {
      files.filter(Files::isRegularFile).map(Path::toString).forEach(arguments::add);
    }
    assertThat(arguments).anyMatch(file -> file.contains("ProcessedSwitches__"));
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, arguments.toArray(String[]::new)))
        .isZero();
  }

  /** The generated classes and those of this module. */
  private String processed() {
    return directory.resolve("classes") + File.pathSeparator + CLASS_PATH;
  }

  /** Starts the processed application, and returns its address when it is ready. */
  private String start(String... settings) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(settings));
    arguments.add("--server.port=0");
    arguments.add("--spring.datasource.url=jdbc:h2:mem:ahead-of-time");
    launch(
        processed(),
        List.of("-Dspring.aot.enabled=true"),
        RestartingShop.class,
        arguments.toArray(String[]::new));
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      seen.add(line);
      if (line.startsWith("PORT ")) {
        Thread rest = new Thread(() -> lines.lines().forEach(one -> {}), "output-of-the-shop");
        rest.setDaemon(true);
        rest.start();
        return "http://localhost:" + line.split(" ", 3)[1];
      }
    }
    throw new AssertionError("not started:\n" + String.join("\n", seen));
  }

  private void launch(String classPath, List<String> options, Class<?> main, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.addAll(List.of("-cp", classPath, main.getName()));
    command.addAll(List.of(arguments));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
