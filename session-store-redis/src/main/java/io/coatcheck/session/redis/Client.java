package io.coatcheck.session.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens the connections of a store.
 *
 * <p>The client's own reconnection is off, because it sends again the commands whose answers were
 * lost with the connection: a write would happen twice, and its caller would be given the outcome
 * of the second attempt. ({@code ClientOptions.replayFilter} concerns only commands that could not
 * be written at all.) Without it, such commands fail, and so do those that are given to a
 * connection that is closed.
 *
 * <p>Has one thread, {@code coatcheck-redis-} and a number, while there is something to be done
 * {@linkplain #later later}: it connects again, and closes connections that were replaced.
 *
 * <p>Thread-safe.
 */
final class Client implements Connector, AutoCloseable {

  /** The most commands that wait for their answers on a connection; the next one fails. */
  static final int MAX_WAITING = 20_000;

  /** How long the thread waits for more to do before it ends. */
  private static final Duration THREAD_REST = Duration.ofSeconds(10);

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final RedisClient client;
  private final List<RedisURI> nodes;
  private final Timeouts timeouts;
  private final ScheduledThreadPoolExecutor thread;

  /** Held while connections are closed, so that none is closed twice. */
  private final Object closing = new Object();

  private volatile boolean isClosed;

  /**
   * Creates a client that has no connection yet.
   *
   * @param nodes one server, or nodes of a cluster
   * @param resources its threads and timers; null for its own
   */
  Client(
      List<RedisURI> nodes,
      Timeouts timeouts,
      SslOptions sslOptions,
      @Nullable ClientResources resources) {
    this.nodes = nodes.stream().map(node -> bounded(node, timeouts.command())).toList();
    this.timeouts = timeouts;
    thread = thread("coatcheck-redis-" + NUMBER.incrementAndGet());
    client = resources == null ? RedisClient.create() : RedisClient.create(resources);
    client.setOptions(
        ClientOptions.builder()
            .autoReconnect(false)
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .requestQueueSize(MAX_WAITING)
            .socketOptions(
                SocketOptions.builder().connectTimeout(timeouts.connect()).keepAlive(true).build())
            .sslOptions(sslOptions)
            .timeoutOptions(ofEachCommand(timeouts))
            .build());
  }

  private static ScheduledThreadPoolExecutor thread(String name) {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, name);
              thread.setDaemon(true);
              // It must not keep the class loader of the application that started it alive.
              thread.setContextClassLoader(Client.class.getClassLoader());
              return thread;
            },
            // Work that is due after the end is not needed any more.
            new ThreadPoolExecutor.DiscardPolicy());
    executor.setKeepAliveTime(THREAD_REST.toMillis(), TimeUnit.MILLISECONDS);
    executor.allowCoreThreadTimeOut(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return executor;
  }

  private static TimeoutOptions ofEachCommand(Timeouts timeouts) {
    Duration ordinary = timeouts.command();
    Duration ofWait = timeouts.patience();
    return TimeoutOptions.builder()
        .timeoutCommands(true)
        .timeoutSource(
            new TimeoutOptions.TimeoutSource() {
              @Override
              public long getTimeout(RedisCommand<?, ?, ?> command) {
                return (command.getType() == CommandType.WAIT ? ofWait : ordinary).toMillis();
              }

              @Override
              public TimeUnit getTimeUnit() {
                return TimeUnit.MILLISECONDS;
              }
            })
        .build();
  }

  /** Copies an address with another timeout; the client's own copies leave the Sentinels out. */
  private static RedisURI bounded(RedisURI server, Duration timeout) {
    RedisURI.Builder copy = RedisURI.builder(server).withTimeout(timeout);
    for (RedisURI sentinel : server.getSentinels()) {
      copy.withSentinel(RedisURI.builder(sentinel).withTimeout(timeout).build());
    }
    if (server.getSentinelMasterId() != null) {
      copy.withSentinelMasterId(server.getSentinelMasterId());
    }
    return copy.build();
  }

  @Override
  public List<RedisURI> nodes() {
    return nodes;
  }

  @Override
  public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect(RedisURI server) {
    return reported(() -> client.connectAsync(ByteArrayCodec.INSTANCE, server));
  }

  /** Returns what opens connections to the same servers that can subscribe to channels. */
  Connector subscribing() {
    return new Connector() {

      @Override
      public List<RedisURI> nodes() {
        return nodes;
      }

      @Override
      public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect(RedisURI server) {
        return reported(
            () ->
                client
                    .connectPubSubAsync(ByteArrayCodec.INSTANCE, server)
                    .thenApply(opened -> opened));
      }

      @Override
      public void abandon(StatefulRedisConnection<byte[], byte[]> connection) {
        Client.this.abandon(connection);
      }
    };
  }

  /**
   * Lettuce throws some failures instead of reporting them, as when its shared threads end because
   * another client, the last one that used them, is being closed.
   */
  private static <T> CompletionStage<T> reported(Supplier<CompletionStage<T>> opening) {
    try {
      return opening.get();
    } catch (RuntimeException failure) {
      return CompletableFuture.failedFuture(failure);
    }
  }

  @Override
  public void abandon(StatefulRedisConnection<byte[], byte[]> connection) {
    synchronized (closing) {
      // One that came after all others were closed is still open.
      if (!isClosed || connection.isOpen()) {
        CompletableFuture<Void> unused = connection.closeAsync();
      }
    }
  }

  /** Adds a listener that is notified of each lost connection. */
  void addListener(RedisConnectionStateListener listener) {
    client.addListener(listener);
  }

  /** Returns how long the answer to a command may take at most. */
  Duration patience() {
    return timeouts.patience();
  }

  /** Runs work later, unless this client is closed before. The work must not block. */
  void later(Duration pause, Runnable work) {
    ScheduledFuture<?> unused = thread.schedule(work, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Returns whether this client was closed, as happens when the store is refused at its start. */
  boolean isClosed() {
    return isClosed;
  }

  /** Ends the thread, and closes all connections, without waiting for either. */
  @Override
  public void close() {
    isClosed = true;
    Failures.runEach(List.of(thread::shutdown, this::shutDownClient));
  }

  private void shutDownClient() {
    synchronized (closing) {
      CompletableFuture<Void> unused =
          client.shutdownAsync(0, timeouts.connect().toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
