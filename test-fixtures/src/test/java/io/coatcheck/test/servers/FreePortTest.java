package io.coatcheck.test.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A server that is given a free port")
class FreePortTest {

  private final List<ServerSocket> others = new ArrayList<>();
  private int attempts;

  /** Starts a server on a port that another process takes before, a number of times. */
  private ServerSocket serverOn(int port, int taken) throws IOException {
    if (++attempts <= taken) {
      others.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
    }
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }

  private void free() throws IOException {
    for (ServerSocket other : others) {
      other.close();
    }
  }

  @Test
  @DisplayName("is started on another one if that was taken")
  void takenTwice() throws IOException {
    try (ServerSocket server = FreePort.start(port -> serverOn(port, 2))) {
      assertThat(others)
          .extracting(ServerSocket::getLocalPort)
          .hasSize(2)
          .doesNotContain(server.getLocalPort());
    } finally {
      free();
    }
  }

  @Test
  @DisplayName("fails as the third start did")
  void neverStarts() throws IOException {
    assertThatThrownBy(() -> FreePort.start(port -> serverOn(port, 3)))
        .isInstanceOf(BindException.class);
    assertThat(others).hasSize(3);
    free();
  }
}
