package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("TLS, with a certificate for localhost")
class RedisTlsTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  @TempDir private static Path folder;

  private static TestCertificate certificate;
  private static TestServer server;
  private static int port;

  @BeforeAll
  static void start() {
    certificate = TestCertificate.create(folder, "dns:localhost");
    ReservedPort free = new ReservedPort();
    port = free.number;
    free.close();
    server =
        new TestServer(
            "tls-port " + port,
            "tls-cert-file " + certificate.certificate(),
            "tls-key-file " + certificate.key(),
            "tls-auth-clients no");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static RedisSessionStore.Builder store(String host) {
    RedisURI address = RedisURI.create("rediss://" + host + ":" + port);
    return RedisSessionStore.builder(address)
        .commandTimeout(TestServer.PATIENCE)
        .connectTimeout(TestServer.PATIENCE)
        .clientResources(TestServer.RESOURCES);
  }

  private static SslOptions trusting() {
    return SslOptions.builder()
        .jdkSslProvider()
        .trustManager(certificate.certificate().toFile())
        .build();
  }

  @Test
  @DisplayName("a store works, and connects again")
  void trusted() {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    try (RedisSessionStore store = store("localhost").sslOptions(trusting()).build()) {
      store.insert(session);
      assertThat(store.find(session.id())).contains(session);
      ChangeFeed.Subscription unused =
          store.changeFeed().orElseThrow().subscribe(new RedisAnnouncementsTest.Changes());
      server.awaitSubscribers("coatcheck", 1);
      server.run(commands -> commands.clientKill(KillArgs.Builder.typeNormal().skipme(true)));
      TestServer.await("connected again", () -> finds(store, session));
    }
  }

  private static boolean finds(RedisSessionStore store, StoredSession session) {
    try {
      return store.find(session.id()).isPresent();
    } catch (SessionStoreException notYet) {
      return false;
    }
  }

  @Test
  @DisplayName("a server whose certificate the platform does not know is refused")
  void unknown() {
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store("localhost").build())
        .withMessageContaining("Redis is not connected")
        .withStackTraceContaining("unable to find valid certification path");
  }

  @Test
  @DisplayName("a server whose certificate has another name is refused")
  void otherName() {
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> store("127.0.0.1").sslOptions(trusting()).build())
        .withStackTraceContaining("127.0.0.1");
  }

  @Test
  @DisplayName("a server that speaks no TLS is refused, in time")
  void noTls() {
    RedisURI plain = RedisURI.create("rediss://127.0.0.1:" + server.port);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(
            () ->
                RedisSessionStore.builder(plain)
                    .clientResources(TestServer.RESOURCES)
                    .connectTimeout(Duration.ofMillis(500))
                    .build());
  }
}
