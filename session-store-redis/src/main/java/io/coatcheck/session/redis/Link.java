package io.coatcheck.session.redis;

import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection to the server, opened anew whenever it is lost.
 *
 * <p>The client's own reconnection is off, because it sends again the commands whose answers were
 * lost with the connection: a write would happen twice, and its caller would be given the outcome
 * of the second attempt. ({@code ClientOptions.replayFilter} concerns only commands that could not
 * be written at all.) Without it, such commands fail, and so do those that are given to a
 * connection that is closed.
 *
 * <p>Thread-safe. Connects again in the background: at once, then every {@value #PAUSE_MILLIS}
 * milliseconds until it reaches a primary.
 */
final class Link implements RedisConnectionStateListener {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);

  /** The most commands that wait for their answers on the connection; the next one fails. */
  static final int MAX_WAITING = 20_000;

  private static final int PAUSE_MILLIS = 100;

  private final RedisClient client;
  private final RedisURI server;
  private final Duration shutdownTimeout;
  private final AtomicBoolean isConnecting = new AtomicBoolean();
  private volatile @Nullable StatefulRedisConnection<byte[], byte[]> connection;
  private volatile boolean isClosed;
  private volatile boolean wasLogged;

  private Link(RedisClient client, RedisURI server, Duration shutdownTimeout) {
    this.client = client;
    this.server = server;
    this.shutdownTimeout = shutdownTimeout;
  }

  /**
   * Connects for the first time.
   *
   * @throws SessionStoreException if the server cannot be reached or refuses the login
   */
  static Link open(
      RedisURI server,
      Duration commandTimeout,
      Duration connectTimeout,
      SslOptions sslOptions,
      @Nullable ClientResources resources) {
    RedisURI bounded = bounded(server, commandTimeout);
    RedisClient client =
        resources == null ? RedisClient.create(bounded) : RedisClient.create(resources, bounded);
    client.setOptions(
        ClientOptions.builder()
            .autoReconnect(false)
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .requestQueueSize(MAX_WAITING)
            .socketOptions(
                SocketOptions.builder().connectTimeout(connectTimeout).keepAlive(true).build())
            .sslOptions(sslOptions)
            .timeoutOptions(TimeoutOptions.enabled(commandTimeout))
            .build());
    Link link = new Link(client, bounded, connectTimeout);
    try {
      link.connection = client.connect(ByteArrayCodec.INSTANCE, bounded);
    } catch (RedisException failure) {
      link.close();
      Throwable reason = failure.getCause() instanceof RedisException cause ? cause : failure;
      throw RedisFailure.of(new Operation("connecting to Redis"), reason);
    }
    client.addListener(link);
    return link;
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

  /**
   * Returns the commands of the connection, or null while it is not connected, or for good after
   * {@link #close()}.
   */
  @Nullable RedisAsyncCommands<byte[], byte[]> commands() {
    StatefulRedisConnection<byte[], byte[]> current = connection;
    if (current != null && current.isOpen()) {
      return current.async();
    }
    connect();
    return null;
  }

  /** Replaces a connection whose other end may be gone, or has become a replica. */
  void replace() {
    StatefulRedisConnection<byte[], byte[]> current = connection;
    if (current != null) {
      connection = null;
      abandon(current);
    }
    connect();
  }

  @Override
  public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
    if (lost == connection) {
      connect();
    }
  }

  private void connect() {
    if (!isClosed && isConnecting.compareAndSet(false, true)) {
      attempt();
    }
  }

  private void attempt() {
    try {
      CompletionStage<?> unused =
          client
              .connectAsync(ByteArrayCodec.INSTANCE, server)
              .whenComplete(
                  (opened, failure) -> {
                    if (opened == null) {
                      logOnce(failure);
                      attemptLater();
                    } else {
                      useIfPrimary(opened);
                    }
                  });
    } catch (RuntimeException failure) { // Otherwise nothing would connect again.
      logOnce(failure);
      attemptLater();
    }
  }

  /** Logs why the server is away, once for each outage. */
  private void logOnce(@Nullable Throwable failure) {
    if (failure == null || isClosed || wasLogged) {
      return;
    }
    wasLogged = true;
    Throwable reason = failure;
    while (reason.getCause() instanceof RedisException cause) {
      reason = cause;
    }
    LOG.warn(
        "Redis is not connected, and operations fail until it is: {}",
        RedisFailure.of(new Operation("connecting to Redis"), reason).getMessage());
  }

  private void attemptLater() {
    if (!isClosed) {
      CompletableFuture.delayedExecutor(PAUSE_MILLIS, TimeUnit.MILLISECONDS).execute(this::attempt);
    }
  }

  /**
   * Uses a connection unless it leads to a replica: after a failover the address may still be that
   * of the old primary, which would show sessions that have ended meanwhile. A server whose user
   * may not see the role is used.
   */
  private void useIfPrimary(StatefulRedisConnection<byte[], byte[]> opened) {
    CompletionStage<?> unused =
        opened
            .async()
            .role()
            .whenComplete(
                (role, failure) -> {
                  boolean isUsable =
                      role == null
                          ? failure instanceof RedisCommandExecutionException
                          : !ServerCheck.isReplica(role);
                  if (!isUsable) {
                    abandon(opened);
                    attemptLater();
                    return;
                  }
                  connection = opened;
                  isConnecting.set(false);
                  if (wasLogged) {
                    wasLogged = false;
                    LOG.info("Redis is connected again");
                  }
                  if (isClosed) {
                    abandon(opened);
                  } else if (!opened.isOpen()) {
                    connect();
                  }
                });
  }

  /** Closes a connection without waiting: nothing depends on how that ends. */
  private static void abandon(StatefulRedisConnection<byte[], byte[]> connection) {
    CompletableFuture<Void> unused = connection.closeAsync();
  }

  /** Closes the connection for good, without waiting for it. */
  void close() {
    isClosed = true;
    CompletableFuture<Void> unused =
        client.shutdownAsync(0, shutdownTimeout.toMillis(), TimeUnit.MILLISECONDS);
  }
}
