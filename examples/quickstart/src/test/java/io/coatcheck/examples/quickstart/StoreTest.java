package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.test.servers.Redis;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What STORE says is so. */
class StoreTest {

  @TempDir private Path directory;

  private Map<String, String> file() {
    return Map.of(
        "STORE",
        "jdbc:h2:file:" + directory.resolve("sessions") + ";USER=keeper;PASSWORD=hushhush");
  }

  @Test
  void memory_isTheDefault_andIsShown() throws Exception {
    try (Quickstart site = Quickstart.start(0)) {
      assertThat(new Browser(site.url()).get("/").body()).contains("Sessions are kept in memory.");
    }
  }

  @Test
  void h2File_survivesARestart() throws Exception {
    Browser browser;
    try (Quickstart first = Quickstart.start(0, file())) {
      browser = new Browser(first.url());
      browser.logIn("alice", "wonderland-1");
      browser.post("/note", "text", "buy milk");
    }
    try (Quickstart second = Quickstart.start(0, file())) {
      String page = browser.at(second.url()).get("/").body();

      assertThat(page)
          .contains("You are alice", "buy milk", "Sessions are kept in H2 2.")
          .doesNotContain("hushhush", "keeper", directory.getFileName().toString());
    }
  }

  @Test
  void userAndPassword_mayStandBesideTheUrl() throws Exception {
    Map<String, String> right =
        Map.of(
            "STORE", "jdbc:h2:file:" + directory.resolve("sessions"),
            "STORE_USER", "keeper",
            "STORE_PASSWORD", "hushhush");
    Quickstart.start(0, right).close();
    Quickstart.start(0, file()).close();

    Map<String, String> wrong =
        Map.of("STORE", right.get("STORE"), "STORE_USER", "keeper", "STORE_PASSWORD", "wrong-one");
    assertThatThrownBy(() -> Quickstart.start(0, wrong))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageStartingWith("STORE cannot be opened, SQLState ")
        .hasMessageNotContaining("wrong-one")
        .hasNoCause();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "jdbc:oracle:thin:scott/tiger@db", "postgres://u:tiger@db/x"})
  void otherStores_areRefused_withoutQuotingThem(String store) {
    assertThatThrownBy(() -> Quickstart.start(0, Map.of("STORE", store)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "STORE must be memory, or begin with jdbc:h2:, jdbc:postgresql:, redis: or rediss:");
  }

  @Test
  void redis_survivesARestart_andShowsNoAddress() throws Exception {
    try (Redis server = Redis.start("requirepass hushhush")) {
      Map<String, String> inUrl =
          Map.of("STORE", "redis://:hushhush@127.0.0.1:" + server.port() + "/1");
      Map<String, String> beside =
          Map.of(
              "STORE",
              "redis://127.0.0.1:" + server.port() + "/1",
              "STORE_USER",
              "default",
              "STORE_PASSWORD",
              "hushhush",
              "COPIES",
              "true");
      Browser browser;
      try (Quickstart first = Quickstart.start(0, inUrl)) {
        browser = new Browser(first.url());
        browser.logIn("alice", "wonderland-1");
        browser.post("/note", "text", "buy milk");
      }
      try (Quickstart second = Quickstart.start(0, beside)) {
        assertThat(browser.at(second.url()).get("/").body())
            .contains("You are alice", "buy milk", "Sessions are kept in Redis.")
            .doesNotContain("hushhush", "127.0.0.1:" + server.port());
      }
    }
  }

  @Test
  void redis_thatRefusesThePassword_isNoStore() throws Exception {
    try (Redis server = Redis.start("requirepass hushhush")) {
      assertThatThrownBy(
              () ->
                  Quickstart.start(
                      0, Map.of("STORE", "redis://:wrong-one@127.0.0.1:" + server.port())))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("WRONGPASS")
          .hasMessageNotContaining("wrong-one");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis://:tiger@", "redis://u:tiger@a b", "rediss:tiger"})
  void wrongRedisUrl_isRefused_withoutQuotingIt(String store) {
    assertThatThrownBy(() -> Quickstart.start(0, Map.of("STORE", store)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("STORE must be redis://host")
        .hasMessageNotContaining("tiger")
        .hasNoCause();
  }
}
