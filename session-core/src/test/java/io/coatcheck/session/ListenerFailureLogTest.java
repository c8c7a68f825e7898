package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("A listener that always fails does not let clients fill the log")
class ListenerFailureLogTest {

  private static final class First implements SessionListener {
    @Override
    public void onEvent(SessionEvent event) {
      throw new IllegalStateException("broken");
    }
  }

  private static final class Second implements SessionListener {
    @Override
    public void onEvent(SessionEvent event) {
      throw new AssertionError("broken too");
    }
  }

  private final Logger logger = (Logger) LoggerFactory.getLogger(SessionManager.class);
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
  private final EngineFixture fixture =
      new EngineFixture(builder -> builder.listener(new First()).listener(new Second()));

  @BeforeEach
  void listen() {
    appender.start();
    logger.addAppender(appender);
  }

  @AfterEach
  void close() {
    logger.detachAppender(appender);
    fixture.close();
  }

  @Test
  @DisplayName(
      "each listener is named at once, with its exception, and then not again for a minute")
  void manyRefusedTokens_areOneLineForEachListener() {
    for (int i = 0; i < 100; i++) {
      fixture.manager.adapter().resolve(List.of("no token " + i));
    }

    assertThat(fixture.eventsOf(SessionEvent.TokenRefused.class)).hasSize(100);
    assertRefusals();
  }

  @Test
  @DisplayName("its failure on another event, such as an end, is named too")
  void otherEvent_isLogged() {
    fixture.manager.adapter().resolve(List.of("no token"));
    fixture.loggedIn("alice");
    fixture.manager.revokeAllOf("alice");

    assertThat(appender.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .contains("A session listener failed on Ended: " + First.class.getName());
  }

  private void assertRefusals() {
    assertThat(appender.list).hasSize(2).allMatch(line -> line.getThrowableProxy() != null);
    assertThat(appender.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "A session listener failed on TokenRefused: " + First.class.getName(),
            "A session listener failed on TokenRefused: " + Second.class.getName());
  }
}
