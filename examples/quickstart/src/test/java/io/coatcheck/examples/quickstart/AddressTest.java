package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The page tells everybody the passwords, so only this machine is to see it. */
class AddressTest {

  private static List<InetAddress> addressesOfThisMachine() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> !address.isLoopbackAddress())
        .toList();
  }

  private static boolean answers(InetAddress address, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, port), 2_000);
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  private static int port(Quickstart site) {
    return URI.create(site.url()).getPort();
  }

  @Test
  void default_isTheLoopbackInterfaceOnly() throws Exception {
    try (Quickstart site = Quickstart.start(0)) {
      assertThat(new Browser(site.url()).get("/").statusCode()).isEqualTo(200);
      assertThat(InetAddress.getAllByName("localhost"))
          .as("one of them is what a browser ends up with")
          .anyMatch(address -> answers(address, port(site)));
      assertThat(addressesOfThisMachine()).noneMatch(address -> answers(address, port(site)));
    }
  }

  @Test
  @DisplayName("ADDRESS opens the site to other machines")
  void address_isListenedOn() throws Exception {
    try (Quickstart site = Quickstart.start(0, Map.of("ADDRESS", "0.0.0.0"))) {
      assertThat(new Browser(site.url()).get("/").statusCode()).isEqualTo(200);
      assertThat(addressesOfThisMachine())
          .filteredOn(Inet4Address.class::isInstance)
          .allMatch(address -> answers(address, port(site)));
    }
  }

  @Test
  void address_thatIsNone_isRefused() {
    for (String address : List.of("", "not an address", "999.1.1.1")) {
      assertThatThrownBy(() -> Quickstart.start(0, Map.of("ADDRESS", address)))
          .as(address)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("ADDRESS must be an address of this machine: " + address);
    }
  }

  @Test
  void address_ofAnotherMachine_isSaidSo() {
    // TEST-NET-3 of RFC 5737, which belongs to no host.
    assertThatThrownBy(() -> Quickstart.start(0, Map.of("ADDRESS", "203.0.113.1")))
        .isInstanceOf(IOException.class)
        .hasMessage("Cannot listen on port 0 of 203.0.113.1");
  }
}
