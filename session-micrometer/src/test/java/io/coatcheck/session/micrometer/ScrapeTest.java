package io.coatcheck.session.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionToken;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A scrape by Prometheus of a site on Tomcat and H2")
class ScrapeTest {

  private MeteredSite site;

  @BeforeEach
  void start() throws Exception {
    site = new MeteredSite(false);
  }

  @AfterEach
  void stop() throws Exception {
    site.close();
  }

  /** Returns the series and their values. */
  private Map<String, Double> scrape() {
    return site.registry
        .scrape()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .collect(
            Collectors.toMap(
                line -> line.substring(0, line.lastIndexOf(' ')),
                line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
  }

  @Test
  void lag_isAbsent_whereNothingKeepsTheCopiesCurrent() throws Exception {
    assertThat(scrape()).doesNotContainKey("coatcheck_nearcache_lag_seconds");
    try (MeteredSite comparing = new MeteredSite(true)) {
      assertThat(comparing.registry.get("coatcheck.nearcache.lag").timeGauge().value())
          .isPositive();
    }
  }

  private long databaseCalls() {
    return Arrays.stream(StoreOperation.values()).mapToLong(site.database::calls).sum();
  }

  private long databaseCalls(StoreOperation operation) {
    return site.database.calls(operation);
  }

  @Test
  void requests_areCounted() throws Exception {
    String anonymous = site.get("/set?value=apples", null).cookie().orElseThrow();
    String alice = site.get("/login?value=alice", anonymous).cookie().orElseThrow();
    for (int i = 0; i < 5; i++) {
      assertThat(site.get("/me", alice).body()).isEqualTo("alice");
    }
    site.get("/me", "__Host-session=nonsense");
    site.get("/me", anonymous);
    assertThat(site.get("/logout", alice).status()).isEqualTo(200);
    site.get("/me", alice);
    site.sessions.cleanUp();

    assertThat(scrape())
        .containsEntry("coatcheck_sessions_created_sessions_total", 1.0)
        .containsEntry("coatcheck_sessions_authenticated_total", 1.0)
        .containsEntry("coatcheck_sessions_ended_total{reason=\"logout\"}", 1.0)
        .containsEntry("coatcheck_sessions_ended_total{reason=\"idle\"}", 0.0)
        .containsEntry("coatcheck_sessions_age_seconds_count", 1.0)
        .containsEntry("coatcheck_sessions_refused_total{reason=\"malformed\"}", 1.0)
        .containsEntry("coatcheck_sessions_refused_total{reason=\"superseded\"}", 1.0)
        .containsEntry("coatcheck_sessions_refused_total{reason=\"unknown\"}", 1.0)
        .containsEntry("coatcheck_cleanup_seconds_count", 1.0);
  }

  @Test
  void storeCalls_areThoseThatReachTheDatabase() throws Exception {
    String anonymous = site.get("/set?value=apples", null).cookie().orElseThrow();
    String alice = site.get("/login?value=alice", anonymous).cookie().orElseThrow();
    site.get("/me", alice);
    site.get("/me", anonymous);

    Map<String, Double> series = scrape();
    for (StoreOperation operation : StoreOperation.values()) {
      String labels = "{operation=\"" + operation.methodName() + "\",outcome=\"success\"}";
      assertThat(series)
          .containsEntry(
              "coatcheck_store_seconds_count" + labels, (double) databaseCalls(operation));
    }
    assertThat(databaseCalls(StoreOperation.INSERT)).isEqualTo(1);
    assertThat(databaseCalls(StoreOperation.UPDATE)).isEqualTo(1);
    assertThat(databaseCalls(StoreOperation.FIND)).isPositive();
  }

  @Test
  void copies_thatAnswer_areHits_andCallNoStore() throws Exception {
    String cookie = site.get("/set?value=apples", null).cookie().orElseThrow();
    site.get("/me", cookie);
    double hits = scrape().get("coatcheck_nearcache_requests_total{result=\"hit\"}");
    double misses = scrape().get("coatcheck_nearcache_requests_total{result=\"miss\"}");
    long calls = databaseCalls();

    for (int i = 0; i < 10; i++) {
      site.get("/me", cookie);
    }

    assertThat(databaseCalls()).isEqualTo(calls);
    assertThat(scrape())
        .containsEntry("coatcheck_nearcache_requests_total{result=\"hit\"}", hits + 10)
        .containsEntry("coatcheck_nearcache_requests_total{result=\"miss\"}", misses)
        .containsEntry("coatcheck_nearcache_age_seconds_count", hits + 10)
        .containsEntry("coatcheck_nearcache_size", 1.0);
    assertThat(scrape().get("coatcheck_nearcache_age_seconds_sum")).isPositive();
  }

  @Test
  void failures_ofTheDatabase_areCounted() throws Exception {
    String cookie = site.get("/set?value=apples", null).cookie().orElseThrow();
    site.database.failAlways();
    assertThat(site.get("/me", cookie).status()).isEqualTo(503);
    site.database.heal();

    assertThat(scrape())
        .containsEntry("coatcheck_store_failures_total{operation=\"find\"}", 1.0)
        .containsEntry(
            "coatcheck_store_seconds_count{operation=\"find\",outcome=\"failure\"}", 1.0);
  }

  @Test
  void scrape_callsNoStore() throws Exception {
    site.get("/set?value=apples", null);
    long before = databaseCalls();
    assertThat(scrape()).isNotEmpty();
    assertThat(databaseCalls()).isEqualTo(before).isPositive();
  }

  @Test
  void scrape_containsNothingOfAUser() throws Exception {
    String anonymous = site.get("/set?value=apples-and-pears", null).cookie().orElseThrow();
    String alice = site.get("/login?value=alice-the-principal", anonymous).cookie().orElseThrow();
    site.get("/me", anonymous);
    site.get("/logout", alice);
    site.get("/me", alice);

    String token = alice.substring(alice.indexOf('=') + 1);
    String id = SessionToken.parse(token).orElseThrow().id().toString();
    assertThat(site.registry.scrape())
        .contains("coatcheck_sessions_ended_total{reason=\"logout\"} 1.0")
        .doesNotContain(
            id, token, "alice-the-principal", "apples", "cart", "127.0.0.1", "Java-http-client");
  }
}
