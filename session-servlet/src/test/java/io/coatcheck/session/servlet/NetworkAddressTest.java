package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkAddressTest {

  @ParameterizedTest
  @CsvSource({
    "192.0.2.7, 192.0.2.7",
    "' 192.0.2.7 ', 192.0.2.7",
    "192.0.2.7:8080, 192.0.2.7",
    "2001:db8:1:2:3:4:5:6, 2001:db8:1:2:0:0:0:0/64",
    "2001:db8:1:2::, 2001:db8:1:2:0:0:0:0/64",
    "[2001:db8:1:2::9]:443, 2001:db8:1:2:0:0:0:0/64",
    "[2001:db8:1:2::9], 2001:db8:1:2:0:0:0:0/64",
    "fe80::1%eth0, fe80:0:0:0:0:0:0:0/64",
    "::ffff:192.0.2.7, 192.0.2.7"
  })
  void parse_anAddress_isItsClient(String text, String client) {
    assertThat(NetworkAddress.parse(text).orElseThrow().clientPrefix()).hasToString(client);
  }

  /** None of them may make a name server be asked. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "unknown",
        "_hidden",
        "example.com",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "0x7f.0.0.1",
        "2130706433",
        ":",
        ":::",
        "1:2:3:4:5:6:7:8:9",
        "[::1",
        "::1]",
        "12345::",
        "1.2.3.4, 5.6.7.8",
        "\u0661.2.3.4",
        "::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::"
      })
  void parse_anythingElse_isNone(String text) {
    assertThat(NetworkAddress.parse(text)).isEmpty();
  }

  /** Asks in a separate process whose names come from a file, and tells what it found. */
  static final class Asker {

    private Asker() {}

    public static void main(String[] texts) {
      for (String text : texts) {
        System.out.print(NetworkAddress.parse(text).isPresent() ? "+" : "-");
      }
    }
  }

  @Test
  @DisplayName("a name is not an address, even if it looks like one")
  void parse_looksUpNoName(@TempDir Path directory) throws Exception {
    Path names = directory.resolve("hosts");
    Files.writeString(names, "10.9.8.6 256.1.1.1 1.2.3.999 001.2.3.4567 example.com .::. .:a:b\n");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djdk.net.hosts.file=" + names,
                "-cp",
                System.getProperty("java.class.path"),
                Asker.class.getName(),
                "256.1.1.1",
                "1.2.3.999",
                "001.2.3.4567",
                "example.com",
                ".::.",
                "[.:a:b]:80",
                "10.9.8.6",
                "255.255.255.255",
                "::ffff:10.9.8.6")
            .redirectErrorStream(true)
            .start();

    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("------+++");
    assertThat(process.waitFor()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.1.2, true",
    "10.1.2.3/8, 10.9.9.9, true",
    "10.0.0.0/8, 11.0.0.1, false",
    "10.0.0.7, 10.0.0.7, true",
    "10.0.0.7, 10.0.0.8, false",
    "0.0.0.0/0, 203.0.113.9, true",
    "0.0.0.0/0, ::1, false",
    "fd00::/9, fd7f::1, true",
    "fd00::/9, fd80::1, false",
    "::ffff:10.0.0.7, 10.0.0.7, true"
  })
  void range_containsWhatBeginsAlike(String range, String address, boolean isIn) {
    assertThat(
            NetworkAddress.range("x", range).contains(NetworkAddress.parse(address).orElseThrow()))
        .isEqualTo(isIn);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "/8"})
  void range_ofAnythingElse_isRefused(String text) {
    assertThatThrownBy(() -> NetworkAddress.range("trustedProxies", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("trustedProxies must be an IP address or a range")
        .hasMessageContaining("\"" + text + "\"");
  }

  @Test
  void addresses_areComparedWhole() {
    assertThat(NetworkAddress.range("x", "10.0.0.0/8"))
        .isEqualTo(NetworkAddress.range("x", "10.1.1.1/8"))
        .hasSameHashCodeAs(NetworkAddress.range("x", "10.1.1.1/8"))
        .isNotEqualTo(NetworkAddress.range("x", "10.0.0.0/9"))
        .isNotEqualTo("10.0.0.0/8");
  }
}
