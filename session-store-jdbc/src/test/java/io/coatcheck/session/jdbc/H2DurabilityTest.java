package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I5 on H2 in a file: acknowledged changes are on disk")
@Tag("wide")
class H2DurabilityTest {

  @TempDir private Path directory;

  /** A node that logs alice in, says so, and stays. */
  static final class Node {

    private Node() {}

    public static void main(String[] arguments) throws IOException {
      try (HikariDataSource pool = pool(arguments[0]);
          SessionManager manager = manager(pool)) {
        for (int login = 0; login < Integer.parseInt(arguments[1]); login++) {
          LoginOutcome granted = manager.authenticate(null, "alice", LoginOptions.defaults());
          System.out.println(token(granted));
        }
        System.out.flush();
        System.in.read();
      }
    }
  }

  @DisplayName("I5: a node that is killed right after the answer has kept the login")
  @Test
  void killedRightAfterTheAnswer_loginIsThere() throws Exception {
    String url = "jdbc:h2:file:" + directory.resolve("sessions") + ";WRITE_DELAY=0";
    // One login, which writes the first page of all, and one more.
    for (int logins = 1; logins <= 2; logins++) {
      String last = killedAfter(url, logins);

      try (HikariDataSource pool = pool(url);
          SessionManager manager = manager(pool)) {
        assertThat(manager.adapter().resolve(List.of(last))).isInstanceOf(Resolution.Live.class);
      }
    }
  }

  static String killedAfter(String url, int logins) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Node.class.getName(),
                url,
                String.valueOf(logins))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String answer = "";
      for (int login = 0; login < logins; ) {
        answer = answers.readLine();
        assertThat(answer).as("the node has ended by itself").isNotNull();
        // Log lines come between.
        login += answer.matches("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+") ? 1 : 0;
      }
      process.destroyForcibly().waitFor();
      return answer;
    } finally {
      process.destroyForcibly();
    }
  }

  @DisplayName("I5: a write delay is warned of when the store is built")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ";WRITE_DELAY=500",
        ";WRITE_DELAY=1",
        ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE",
        ";DATABASE_TO_UPPER=FALSE"
      })
  void build_fileWithWriteDelay_warns(String settings) {
    assertThat(warnings("jdbc:h2:file:" + directory.resolve("late") + settings))
        .singleElement()
        .asString()
        .contains("WRITE_DELAY=0")
        .contains("lost");
  }

  @Test
  void build_noWriteDelay_doesNotWarn() {
    assertThat(warnings("jdbc:h2:file:" + directory.resolve("now") + ";WRITE_DELAY=0")).isEmpty();
  }

  @Test
  void build_inMemory_doesNotWarn() {
    assertThat(warnings("jdbc:h2:mem:volatile")).isEmpty();
  }

  private static List<String> warnings(String url) {
    try (HikariDataSource pool = pool(url)) {
      return Warnings.during(
          () ->
              JdbcSessionStore.builder(pool)
                  .createSchema(true)
                  .queryTimeout(Table.PATIENCE)
                  .build());
    }
  }

  private static SessionManager manager(HikariDataSource pool) {
    return SessionManager.builder(
            JdbcSessionStore.builder(pool).createSchema(true).queryTimeout(Table.PATIENCE).build())
        .build();
  }

  private static HikariDataSource pool(String url) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(2);
    return new HikariDataSource(config);
  }

  private static String token(LoginOutcome granted) {
    return ((LoginOutcome.Granted) granted).session().unsentToken().orElseThrow().value();
  }
}
