package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A primary, and a replica that gets its data through a proxy, which can cut it off. */
abstract class WithReplica {

  static final Duration PATIENCE = Duration.ofMillis(300);

  TestServer primary;
  CuttingProxy proxy;
  TestServer replica;

  @BeforeEach
  void startServers() {
    primary = new TestServer();
    proxy = new CuttingProxy(primary.port);
    replica = new TestServer("replicaof 127.0.0.1 " + proxy.port());
    primary.awaitReplica();
  }

  @AfterEach
  void stopServers() throws Exception {
    replica.close();
    proxy.close();
    primary.close();
  }

  /** Asserts that a call fails since the replica does not have its write after the patience. */
  static void assertUnconfirmed(Runnable call) {
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(call::run)
        .withMessageContaining("is not confirmed: after 300 ms, 0 of 1 replicas had it");
  }

  /** Returns how many commands wait on the primary. */
  long blocked() {
    return TestServer.info(primary.port, "clients")
        .lines()
        .filter(line -> line.startsWith("blocked_clients:"))
        .mapToLong(line -> Long.parseLong(line.substring("blocked_clients:".length()).trim()))
        .sum();
  }
}
