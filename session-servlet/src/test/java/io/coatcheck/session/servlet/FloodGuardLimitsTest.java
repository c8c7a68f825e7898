package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;
import static org.mockito.Mockito.withSettings;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What the flood guard counts, remembers and refuses")
class FloodGuardLimitsTest {

  private static HttpServletRequest from(String address) {
    HttpServletRequest request = mock(HttpServletRequest.class, withSettings().stubOnly());
    when(request.getRemoteAddr()).thenReturn(address);
    return request;
  }

  private static int admitted(FloodGuard guard, HttpServletRequest request, Instant now) {
    int count = 0;
    try {
      while (count < 1_000) {
        guard.admit(guard.clientOf(request), now);
        count++;
      }
    } catch (FloodGuard.TooManySessions e) {
      assertThat(e.retryAfterSeconds()).isPositive();
    }
    return count;
  }

  @Test
  @DisplayName("memory does not grow with the clients, and a frequent client is not forgotten")
  void manyClients_areBounded() {
    FloodGuard guard = FloodGuard.builder(1).maximumClients(1_000).build();
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    HttpServletRequest persistent = from("192.0.2.1");
    int again = 0;
    AtomicInteger next = new AtomicInteger();
    HttpServletRequest many = mock(HttpServletRequest.class, withSettings().stubOnly());
    when(many.getRemoteAddr())
        .thenAnswer(
            call -> {
              int i = next.getAndIncrement();
              return "10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255);
            });
    for (int i = 0; i < 50_000; i++) {
      guard.admit(guard.clientOf(many), now);
      if (i % 10 == 0) {
        again += admitted(guard, persistent, now);
      }
    }

    assertThat(guard.clients()).isLessThanOrEqualTo(1_000);
    assertThat(again).as("of 5,000 tries in one second").isLessThan(50);
  }

  @Test
  @DisplayName("a burst, a clock that steps back, and a client without an address")
  void oddTimesAndAddresses() {
    FloodGuard guard = FloodGuard.builder(1).burst(10).build();
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    HttpServletRequest client = from("192.0.2.1");
    assertThat(admitted(guard, client, now)).isEqualTo(10);
    assertThat(admitted(guard, client, now.plusSeconds(3))).isEqualTo(3);

    Instant earlier = now.minus(Duration.ofDays(1));
    assertThat(admitted(guard, client, earlier)).isZero();
    assertThat(admitted(guard, client, earlier.plusSeconds(10))).isEqualTo(10);

    assertThat(admitted(guard, from(null), now)).isEqualTo(10);
    assertThat(admitted(guard, from("/run/socket"), now)).as("the same for all").isZero();
    assertThatThrownBy(() -> guard.admit(guard.clientOf(from("")), now))
        .isInstanceOf(FloodGuard.TooManySessions.class)
        .hasMessageContaining("flood guard");
  }

  @Test
  @DisplayName("exact under concurrent requests")
  void manyThreads_getTheBurst() {
    FloodGuard guard = FloodGuard.builder(1).burst(100).build();
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    HttpServletRequest client = from("192.0.2.1");

    long admitted =
        IntStream.range(0, 1_000)
            .parallel()
            .filter(
                i -> {
                  try {
                    guard.admit(guard.clientOf(client), now);
                    return true;
                  } catch (FloodGuard.TooManySessions e) {
                    return false;
                  }
                })
            .count();

    assertThat(admitted).isEqualTo(100);
  }

  @Test
  @DisplayName("I11: settings out of range are refused")
  void settings_areChecked() {
    for (Consumer<Integer> setting :
        List.<Consumer<Integer>>of(
            FloodGuard::builder,
            value -> FloodGuard.builder(1).burst(value),
            value -> FloodGuard.builder(1).maximumClients(value))) {
      for (int value : new int[] {0, -1, Integer.MAX_VALUE}) {
        assertThatThrownBy(() -> setting.accept(value))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("must be between 1 and")
            .hasMessageContaining(": " + value);
      }
    }
    assertThatThrownBy(() -> FloodGuard.builder(1).trustedProxies("proxy.example"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("trustedProxies");
  }
}
