package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The server of the benchmarks over HTTP")
class ServerTest {

  private static final int SESSIONS = 10;

  @DisplayName("answers with the user of each token, and with the time in the application")
  @ParameterizedTest
  @EnumSource(names = {"NO_SESSION", "FLOOR", "JWT", "TOMCAT", "COATCHECK_MEMORY"})
  void answers(Server.Kind kind) throws Exception {
    try (Node node = Node.start(kind, SESSIONS, null)) {
      assertThat(node.takeInside()).isZero();

      Load load =
          new Load(
              List.of(node.port()),
              kind.cookies(SESSIONS),
              kind.isAnonymous(),
              new Workload(SESSIONS));
      Duration inside = Duration.ZERO;
      // A request is recorded after it was answered.
      for (int i = 0; inside.isZero() && i < 50; i++) {
        // It throws an exception if an answer names another user.
        assertThat(load.run(Duration.ofMillis(100), Http.UNLIMITED).requests()).isPositive();
        inside = node.takeInside();
      }
      assertThat(inside).isPositive();
    }
  }
}
