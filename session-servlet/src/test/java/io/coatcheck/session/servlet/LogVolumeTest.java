package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("What requests can repeat is logged, and does not fill the log")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LogVolumeTest {

  private static final int REQUESTS = 20;

  @Parameter Container container;

  @AutoClose private final RecordedLog log = RecordedLog.of(SessionFilter.class);

  private List<String> lines(Level level, String start) {
    return log.lines(level).stream().filter(line -> line.startsWith(start)).toList();
  }

  private Site site(UnaryOperator<SessionFilterBuilder> options) {
    return new Site(
        container, true, manager -> manager.touchInterval(Duration.ofMinutes(1)), options);
  }

  @Test
  @DisplayName("requests of other sites that are refused: the rule, once")
  void refusedRequests_areNamedOnce() {
    try (Site site = site(UnaryOperator.identity())) {
      Browser browser = site.browser();
      for (int i = 0; i < REQUESTS; i++) {
        assertThat(browser.send("POST", "/login", "Sec-Fetch-Site", "cross-site").status())
            .isEqualTo(403);
      }
      assertThat(lines(Level.WARN, "Cross-origin request refused: its Sec-Fetch-Site")).hasSize(1);
    }
  }

  @Test
  @DisplayName("a client check that always fails: once, with its exception")
  void failingClientCheck_isLoggedOnce() {
    try (Site site =
        site(
            filter ->
                filter
                    .recordClient(true)
                    .clientCheck(
                        (before, now) -> {
                          throw new IllegalStateException("broken");
                        }))) {
      Browser browser = site.browser();
      browser.get("/login");
      for (int i = 0; i < REQUESTS; i++) {
        assertThat(browser.get("/me").body()).doesNotContain("alice");
      }
      assertThat(lines(Level.ERROR, "The client check failed")).hasSize(1);
    }
  }

  @Test
  @DisplayName("activity that cannot be stored, in requests that do not need the session: once")
  void lostActivity_isLoggedOnce() {
    try (Site site = site(UnaryOperator.identity())) {
      site.on("/page", (request, response) -> response.getWriter().print("page"));
      Browser browser = site.browser();
      browser.get("/login");
      site.clock.advance(Duration.ofMinutes(2));
      for (int i = 0; i < REQUESTS; i++) {
        site.store.fail("touch");
        assertThat(browser.get("/page").body()).isEqualTo("page");
      }
      assertThat(lines(Level.WARN, "The store failed, and the use of a session was not stored"))
          .hasSize(1);
    }
  }
}
