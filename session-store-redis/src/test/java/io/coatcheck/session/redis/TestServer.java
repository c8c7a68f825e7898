package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Transports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import redis.embedded.RedisExecProvider;
import redis.embedded.RedisServer;
import redis.embedded.RedisServerBuilder;
import redis.embedded.util.OS;

/**
 * A real Redis on a free port of the loopback interface, with nothing on disk: the one that comes
 * with the tests, or the program that the system property {@code coatcheck.test.redis} names.
 */
final class TestServer implements AutoCloseable {

  /** The threads of all clients of a test run. */
  static final ClientResources RESOURCES = resources();

  /**
   * The threads are in use until the end. Otherwise they would end with the last client that uses
   * them, while a client of the next test is being connected.
   */
  private static ClientResources resources() {
    ClientResources resources = ClientResources.create();
    resources.eventLoopGroupProvider().allocate(Transports.eventLoopGroupClass());
    return resources;
  }

  private static final RedisExecProvider PROGRAM = program();

  private static RedisExecProvider program() {
    RedisExecProvider program = RedisExecProvider.defaultProvider();
    String file = System.getProperty("coatcheck.test.redis", "");
    return file.isEmpty() ? program : program.override(OS.UNIX, file);
  }

  /** The first number of the version of the program. */
  static final int VERSION = version();

  private static int version() {
    try {
      Process asked = new ProcessBuilder(PROGRAM.get().getPath(), "--version").start();
      String answer = new String(asked.getInputStream().readAllBytes(), US_ASCII);
      return Integer.parseInt(answer.replaceFirst("(?s).* v=(\\d+)\\..*", "$1"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How long a store of a test waits for an answer, or for a connection, on a busy machine. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Far longer than what is waited for takes, however busy the machine is. */
  private static final Duration AWAITED = Duration.ofMinutes(1);

  /** How much higher than its port is the one by which a node talks to other nodes. */
  private static final int CLUSTER_BUS = 10_000;

  final int port;
  private final List<ReservedPort> ports;
  private final RedisServer server;
  private boolean isRunning;

  /** Starts a server with settings as they stand in redis.conf. */
  TestServer(String... settings) {
    this(started(TestServer::freePort, port -> List.of(settings)));
  }

  /**
   * Starts a node of a cluster, which knows no other one yet.
   *
   * @param timeout after so long without an answer a node counts as gone
   */
  static TestServer clusterNode(Path folder, Duration timeout) {
    return new TestServer(
        started(
            TestServer::freePortWithBus,
            port ->
                List.of(
                    "dir " + folder,
                    "cluster-enabled yes",
                    "cluster-config-file nodes-" + port + ".conf",
                    "cluster-node-timeout " + timeout.toMillis())));
  }

  private static List<ReservedPort> freePort() {
    return List.of(new ReservedPort());
  }

  private static List<ReservedPort> freePortWithBus() {
    while (true) {
      ReservedPort port = new ReservedPort();
      int bus = port.number + CLUSTER_BUS;
      try {
        if (bus <= 65_535) {
          return List.of(port, new ReservedPort(bus));
        }
      } catch (UncheckedIOException taken) {
        // Another pair may be free.
      }
      port.close();
    }
  }

  private TestServer(Started started) {
    ports = started.ports;
    port = ports.get(0).number;
    server = started.server;
    isRunning = true;
  }

  private record Started(List<ReservedPort> ports, RedisServer server) {}

  /** Starts a server; on another port if another process takes the free one at that moment. */
  private static Started started(
      Supplier<List<ReservedPort>> free, IntFunction<List<String>> settings) {
    for (int attempt = 1; ; attempt++) {
      List<ReservedPort> ports = free.get();
      int port = ports.get(0).number;
      RedisServer server = configured(port, settings.apply(port));
      ports.forEach(ReservedPort::free);
      try {
        server.start();
        return new Started(ports, server);
      } catch (RuntimeException taken) {
        if (attempt == 3) {
          throw taken;
        }
      }
    }
  }

  private static RedisServer configured(int port, List<String> settings) {
    RedisServerBuilder builder =
        RedisServer.builder()
            .redisExecProvider(PROGRAM)
            .bind("127.0.0.1")
            .port(port)
            // Otherwise that of the program: what a replica has received would be left there, and
            // a server of another version would fail to read it.
            .setting("dir " + ownFolder())
            .setting("rdb-del-sync-files yes")
            .setting("save \"\"")
            .setting("repl-diskless-sync-delay 0");
    if (VERSION >= 7) {
      builder.setting("shutdown-timeout 0"); // Before, a server that ended waited for no replica.
    }
    for (String setting : settings) {
      // Before version 7 there is no such setting, and the command works without it.
      if (VERSION >= 7 || !setting.startsWith("enable-debug-command ")) {
        builder.setting(setting);
      }
    }
    return builder.build();
  }

  private static Path ownFolder() {
    try {
      return Files.createTempDirectory(Path.of("target").toAbsolutePath(), "redis-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  RedisURI uri() {
    return uri("127.0.0.1", port);
  }

  static RedisURI uri(String host, int port) {
    return RedisURI.builder().withHost(host).withPort(port).build();
  }

  /**
   * Loads the scripts. A call of one that the server does not know is answered before it has run,
   * and sent again with its text.
   */
  void loadScripts() {
    run(
        commands -> {
          for (Script script : Script.values()) {
            commands.scriptLoad(script.text);
          }
          return true;
        });
  }

  /** Starts the server, empty, unless it runs. */
  void start() {
    if (!isRunning) {
      ports.forEach(ReservedPort::free);
      server.start();
      isRunning = true;
    }
  }

  /** Stops the server, if it runs, and keeps its port for it. */
  void stop() {
    if (isRunning) {
      isRunning = false;
      server.stop();
      ports.forEach(ReservedPort::reserve);
    }
  }

  /** Waits until something has happened. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + AWAITED.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as(what).isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** Returns whether the operation of a store succeeds by now. */
  static boolean succeeds(Runnable operation) {
    try {
      operation.run();
      return true;
    } catch (SessionStoreException notYet) {
      return false;
    }
  }

  boolean isRunning() {
    return isRunning;
  }

  /** Waits until a replica has what its primary has. */
  void awaitReplica() {
    awaitOnlineReplica();
    await("a replica that follows", () -> run(this::isConfirmed));
  }

  void awaitOnlineReplica() {
    await("a replica", () -> info(port, "replication").contains("state=online"));
  }

  private boolean isConfirmed(RedisCommands<byte[], byte[]> commands) {
    commands.set("awaited".getBytes(US_ASCII), new byte[0]);
    return commands.waitForReplication(1, 1_000) == 1;
  }

  /** Returns a client of this server alone, which has the threads of the tests. */
  Client client() {
    Timeouts timeouts = new Timeouts(PATIENCE, PATIENCE, Duration.ZERO);
    return new Client(List.of(uri()), timeouts, SslOptions.create(), RESOURCES);
  }

  /** Begins a store that shares the threads of the tests. */
  RedisSessionStore.Builder store(String prefix) {
    return RedisSessionStore.builder(uri())
        .keyPrefix(prefix)
        .commandTimeout(PATIENCE)
        .connectTimeout(PATIENCE)
        .clientResources(RESOURCES);
  }

  /**
   * Builds a store whose timeouts are shorter than a busy machine may stall: what they are to bound
   * comes later.
   */
  static RedisSessionStore built(RedisSessionStore.Builder impatient) {
    long deadline = System.nanoTime() + AWAITED.toNanos();
    while (true) {
      try {
        return impatient.build();
      } catch (SessionStoreException late) {
        if (System.nanoTime() - deadline > 0) {
          throw late;
        }
      }
    }
  }

  /** Returns what a server, or a Sentinel, says of itself. */
  static String info(int port, String section) {
    return run(uri("127.0.0.1", port), commands -> commands.info(section));
  }

  /**
   * Returns whether something is so, as a server says that a Sentinel may reconfigure at any time.
   * The Sentinel then has all connections to it closed, the test's own included: whether it was so
   * is not known.
   */
  static boolean isKnown(BooleanSupplier asked) {
    try {
      return asked.getAsBoolean();
    } catch (RedisException closed) {
      return false;
    }
  }

  /** Runs commands of the test's own. */
  <T> T run(Function<RedisCommands<byte[], byte[]>, T> commands) {
    return run(uri(), commands);
  }

  private static <T> T run(RedisURI server, Function<RedisCommands<byte[], byte[]>, T> commands) {
    RedisClient client = RedisClient.create(RESOURCES, server);
    try (StatefulRedisConnection<byte[], byte[]> connection =
        client.connect(ByteArrayCodec.INSTANCE)) {
      return commands.apply(connection.sync());
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
    }
  }

  /** Returns how many clients listen to the announcements of a store. */
  long subscribers(String prefix) {
    Map<byte[], Long> number = run(commands -> commands.pubsubNumsub(new Keys(prefix).changes()));
    return number.values().iterator().next();
  }

  void awaitSubscribers(String prefix, long number) {
    await("subscribers: " + number, () -> subscribers(prefix) == number);
  }

  /** Returns the keys that begin with a prefix. */
  List<byte[]> keys(String prefix) {
    return matching("{" + prefix + "}*");
  }

  /** Returns the keys that match a pattern. */
  List<byte[]> matching(String pattern) {
    return run(
        commands -> {
          List<byte[]> keys = new ArrayList<>();
          ScanIterator.scan(commands, ScanArgs.Builder.matches(pattern))
              .forEachRemaining(keys::add);
          return keys;
        });
  }

  @Override
  public void close() {
    stop();
    ports.forEach(ReservedPort::close);
  }
}
