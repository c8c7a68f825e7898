package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultEventLoopGroupProvider;
import io.lettuce.core.resource.EventLoopGroupProvider;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A connection that is lost or refused is an exception at once, and opened again. */
class RedisReconnectionTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();

  private static SessionStoreException failure(Runnable call) {
    return assertThatExceptionOfType(SessionStoreException.class).isThrownBy(call::run).actual();
  }

  @Test
  @DisplayName(
      "a command that the client cancels, with its connection, fails as others that are lost")
  void cancelledCommand_isAFailureOfTheStore() {
    try (TestServer server = new TestServer();
        Client client = server.client()) {
      Route route = new PrimaryRoute(client, new Keys("a"));
      try (Connection connection =
          new Connection(
              Link.open(client, route), TestServer.PATIENCE, new Breaker(InstantSource.system()))) {
        assertThat(
                failure(
                    () ->
                        connection.run(
                            new Operation("reading"),
                            commands -> {
                              AsyncCommand<byte[], byte[], String> cancelled =
                                  new AsyncCommand<>(new Command<>(CommandType.PING, null));
                              cancelled.cancel();
                              return cancelled;
                            })))
            .hasMessageContaining("reading failed, or its answer was lost");
      }
    }
  }

  @Test
  void serverThatIsAway_isNamed() {
    try (TestServer server = new TestServer()) {
      server.stop();
      assertThat(failure(() -> server.store("a").build())).hasMessageContaining("not connected");
    }
  }

  @Test
  void restart_isSurvived() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.stop();
      failure(() -> store.insert(session));
      server.start();
      TestServer.await("connected again", () -> TestServer.succeeds(() -> store.insert(session)));
      assertThat(store.find(session.id())).contains(session);
    }
  }

  private static boolean isAlive(String thread) {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(each -> each.getName().equals(thread));
  }

  @Test
  void threadThatConnectsAgain_endsWithTheStore() {
    try (TestServer server = new TestServer()) {
      Client client = server.client();
      Set<String> threads = ConcurrentHashMap.newKeySet();
      Route primary = new PrimaryRoute(client, new Keys("a"));
      Link link =
          Link.open(
              client,
              new TestRoute(
                  () -> {
                    threads.add(Thread.currentThread().getName());
                    return primary.connect();
                  }));
      assertThat(link.current()).isNotNull();
      threads.clear();
      server.stop();
      TestServer.await(
          "an attempt on its own thread",
          () -> threads.stream().anyMatch(name -> name.matches("coatcheck-redis-\\d+")));
      assertThat(threads).noneMatch(name -> name.startsWith("ForkJoinPool"));
      String own = threads.stream().filter(name -> name.startsWith("coatcheck-")).findAny().get();
      assertThat(isAlive(own)).isTrue();

      client.close();
      TestServer.await("the end of " + own, () -> !isAlive(own));
    }
  }

  @Test
  @DisplayName("I15: an Error while it connects again does not end that")
  void errorWhileConnecting_isTriedAgain() {
    try (TestServer server = new TestServer()) {
      Client client = server.client();
      Route route = new PrimaryRoute(client, new Keys("a"));
      AtomicInteger attempts = new AtomicInteger();
      Link link =
          Link.open(
              client,
              new TestRoute(
                  () -> {
                    if (attempts.incrementAndGet() == 2) {
                      throw new LinkageError("on purpose");
                    }
                    return route.connect();
                  }));
      StatefulRedisConnection<byte[], byte[]> first = link.current();
      link.replace();

      TestServer.await("another connection", () -> link.current() != null);

      assertThat(link.current()).isNotSameAs(first);
      client.close();
    }
  }

  @Test
  void reasonThatLettuceLost_isAskedForAgain() {
    try (TestServer server = new TestServer("requirepass correct")) {
      Client client = server.client();
      Route route = new PrimaryRoute(client, new Keys("a"));
      AtomicInteger attempts = new AtomicInteger();
      // As Lettuce fails if the server refuses the login very quickly.
      RedisConnectionException lost =
          new RedisConnectionException(
              "Unable to connect", new IllegalStateException("handler not registered"));
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(
              () ->
                  Link.open(
                      client,
                      new TestRoute(
                          () ->
                              attempts.incrementAndGet() == 1
                                  ? CompletableFuture.failedFuture(lost)
                                  : route.connect())))
          .withMessageContaining("NOAUTH, the server requires a password");
      attempts.set(0);
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(
              () ->
                  Link.open(
                      client,
                      new TestRoute(
                          () -> {
                            attempts.incrementAndGet();
                            return CompletableFuture.failedFuture(lost);
                          })))
          .withMessageContaining("Redis is not connected");
      assertThat(attempts).hasValueLessThan(10);
      client.close();
    }
  }

  @Test
  void lettuceThatThrows_isTriedAgain() throws Exception {
    AtomicInteger failures = new AtomicInteger(1);
    EventLoopGroupProvider real = new DefaultEventLoopGroupProvider(2);
    Object failing =
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {EventLoopGroupProvider.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("allocate") && failures.getAndDecrement() > 0) {
                // As it fails if another client, the last one with these threads, is being closed.
                throw new NullPointerException("key is null");
              }
              return method.invoke(real, arguments);
            });
    ClientResources resources =
        ClientResources.builder().eventLoopGroupProvider((EventLoopGroupProvider) failing).build();
    try (TestServer server = new TestServer()) {
      server.store("a").clientResources(resources).build().close();

      failures.set(Integer.MAX_VALUE);
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> server.store("a").clientResources(resources).build())
          .withMessageContaining("connecting to Redis failed unexpectedly")
          .withRootCauseInstanceOf(NullPointerException.class);
      assertThat(failures).hasValueGreaterThan(Integer.MAX_VALUE - 10);
    } finally {
      real.shutdown(0, 5, TimeUnit.SECONDS).get();
      resources.shutdown(0, 5, TimeUnit.SECONDS).get();
    }
  }
}
