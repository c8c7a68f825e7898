package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A Redis that does not answer, used by the filter in Tomcat")
class RedisBehindFilterTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Three waits for an answer, and the rest for a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  @TempDir private Path base;

  private TestSite site;
  private TestServer server;
  private CuttingProxy proxy;
  private RedisSessionStore store;
  private String cookie = "";

  @BeforeEach
  void start() throws Exception {
    server = new TestServer();
    proxy = new CuttingProxy(server.port);
    serve(store().build());
  }

  private RedisSessionStore.Builder store() {
    return RedisSessionStore.builder(TestServer.uri("127.0.0.1", proxy.port()))
        .commandTimeout(TestServer.PATIENCE)
        .connectTimeout(TestServer.PATIENCE)
        .clientResources(TestServer.RESOURCES);
  }

  private void serve(RedisSessionStore sessions) throws Exception {
    store = sessions;
    site = new TestSite(base, Map.of("", store));
    cookie = site.login("", "alice");
    assertThat(site.awaitAnswer("/me", cookie).body()).isEqualTo("alice");
  }

  @AfterEach
  void stop() throws Exception {
    stopServing();
    proxy.close();
    server.close();
  }

  private void stopServing() throws Exception {
    site.close();
    cookie = "";
  }

  private CompletableFuture<HttpResponse<String>> send(String path) {
    return site.send(path, cookie);
  }

  @Test
  @DisplayName("I9: every request is answered by a 503 in time, at once later on, and it recovers")
  void hungServer() throws Exception {
    stopServing();
    serve(TestServer.built(store().commandTimeout(Duration.ofSeconds(3))));
    proxy.mode = CuttingProxy.Mode.HOLDING;
    long start = System.nanoTime();
    List<CompletableFuture<HttpResponse<String>>> requests = new ArrayList<>();
    for (int i = 0; i < 10 * TestSite.THREADS; i++) {
      requests.add(send("/me"));
    }
    for (CompletableFuture<HttpResponse<String>> request : requests) {
      HttpResponse<String> answer = request.get(60, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      assertThat(answer.headers().firstValue("Set-Cookie")).isEmpty();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);

    proxy.mode = CuttingProxy.Mode.PASSING;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    HttpResponse<String> answer = send("/me").join();
    while (answer.statusCode() != 200) {
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(System.nanoTime() - deadline).as("recovery").isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      answer = send("/me").join();
    }
    assertThat(answer.body()).isEqualTo("alice");
    assertThat(store.isFailingFast()).isFalse();
  }

  @Test
  @DisplayName("I9: a Redis that is unreachable is a 503 at once, and the session is kept")
  void serverAway() throws Exception {
    proxy.mode = CuttingProxy.Mode.CUTTING;
    assertThat(send("/me").join().statusCode()).isEqualTo(503);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (send("/me").join().statusCode() != 200) {
      assertThat(System.nanoTime() - deadline).as("recovery").isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
    assertThat(send("/me").join().body()).isEqualTo("alice");
  }

  @Test
  @Tag("wide")
  @DisplayName("so is the end of another device's session, until it is confirmed")
  void unconfirmedRevocation() throws Exception {
    stopServing();
    try (TestServer replica = new TestServer("replicaof 127.0.0.1 " + server.port)) {
      server.awaitReplica();
      serve(store().confirmReplicas(1, Duration.ofSeconds(2)).build());
      String device = idOf(site.login("", "alice"));
      replica.stop();
      assertThat(send("/revoke/" + device).join().statusCode()).isEqualTo(503);
      assertThat(send("/revoke/" + device).join().statusCode()).as("again").isEqualTo(503);
      assertThat(send("/revoke/" + SessionId.generate(NOW, RANDOM)).join().statusCode())
          .as("one that never was, which looks the same")
          .isEqualTo(503);

      replica.start();
      TestServer.await(
          "a confirmed end", () -> send("/revoke/" + device).join().statusCode() == 200);
      assertThat(send("/me").join().body()).isEqualTo("alice");
    }
  }

  private static String idOf(String cookie) {
    return cookie.replaceAll("^[^=]*=", "").replaceAll("\\..*", "");
  }

  @Test
  @Tag("wide")
  @DisplayName("a logout and a login that no replica confirms are a 503, and reading goes on")
  void unconfirmed() throws Exception {
    stopServing();
    try (TestServer replica = new TestServer("replicaof 127.0.0.1 " + server.port)) {
      server.awaitReplica();
      serve(store().confirmReplicas(1, Duration.ofSeconds(2)).build());
      String alice = cookie;

      replica.stop();
      assertThat(send("/me").join().body()).isEqualTo("alice");
      HttpResponse<String> logout = send("/logout").join();
      assertThat(logout.statusCode()).isEqualTo(503);
      assertThat(logout.headers().firstValue("Retry-After")).isPresent();
      assertThat(logout.headers().firstValue("Set-Cookie")).isEmpty();
      cookie = "";
      HttpResponse<String> login = send("/login/alice").join();
      assertThat(login.statusCode()).isEqualTo(503);
      assertThat(login.headers().firstValue("Set-Cookie")).isEmpty();
      cookie = alice;
      assertThat(send("/me").join().body()).as("it has ended on the primary").isEqualTo("null");

      assertThat(send("/logout").join().statusCode()).as("the second one").isEqualTo(503);
      cookie = alice + "; " + alice.replaceAll("=[^.]*", "=" + SessionId.generate(NOW, RANDOM));
      assertThat(send("/logout").join().statusCode()).as("two tokens").isEqualTo(503);
      cookie = alice;
      assertThat(send("/revoke/" + idOf(alice)).join().statusCode()).as("by its id").isEqualTo(503);

      replica.start();
      TestServer.await("a logout", () -> send("/logout").join().statusCode() == 200);
      cookie = "";
      TestServer.await("a login", () -> send("/login/alice").join().statusCode() == 200);
    }
  }
}
