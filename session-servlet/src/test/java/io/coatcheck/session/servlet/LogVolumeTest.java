package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

@DisplayName("What requests can repeat is logged, and does not fill the log")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LogVolumeTest {

  private static final int REQUESTS = 20;

  @Parameter Container container;

  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(SessionFilter.class);

  @BeforeEach
  void listen() {
    lines.start();
    logger.addAppender(lines);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(lines);
  }

  private List<String> lines(Level level, String start) {
    return lines.list.stream()
        .filter(line -> line.getLevel() == level)
        .map(ILoggingEvent::getFormattedMessage)
        .filter(line -> line.startsWith(start))
        .toList();
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
      assertThat(lines(Level.WARN, "The store failed, and that a session was used is not stored"))
          .hasSize(1);
    }
  }
}
