package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.test.log.RecordedLog;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

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

  @AutoClose private final RecordedLog log = RecordedLog.of(SessionManager.class);

  @AutoClose
  private final EngineFixture fixture =
      new EngineFixture(builder -> builder.listener(new First()).listener(new Second()));

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

    assertThat(log.lines())
        .contains("A session listener failed on Ended: " + First.class.getName());
  }

  private void assertRefusals() {
    assertThat(log.events()).hasSize(2).allMatch(line -> line.getThrowableProxy() != null);
    assertThat(log.lines())
        .containsExactly(
            "A session listener failed on TokenRefused: " + First.class.getName(),
            "A session listener failed on TokenRefused: " + Second.class.getName());
  }
}
