package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to the server, reopened whenever it is lost.
 *
 * <p>Thread-safe. Connects again in the background: at once, then every {@value #PAUSE_MILLIS}
 * milliseconds until its {@link Route} leads to a server that takes writes.
 */
final class Link implements RedisConnectionStateListener {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final Operation CONNECTING = new Operation("connecting to Redis");
  private static final int PAUSE_MILLIS = 100;

  /** How often the first connection is tried if Lettuce itself fails. */
  private static final int ATTEMPTS = 6;

  /** Causes may form a cycle. */
  private static final int MAX_CAUSES = 20;

  private final Client client;
  private final Route route;
  private final AtomicReference<@Nullable StatefulRedisConnection<byte[], byte[]>> connection =
      new AtomicReference<>();
  private final Object change = new Object();

  /** Guarded by {@link #change}, as every change of the connection to another one is. */
  private boolean isConnecting;

  /** Guarded by {@link #change}. */
  private @Nullable Detour detour;

  /**
   * How often the server was found to be a replica. A connection whose opening began before the
   * last time may lead to that replica. Guarded by {@link #change}.
   */
  private long demotions;

  private final OutageLog outage = new OutageLog(LOG, System::nanoTime);
  private volatile boolean isClosed;

  private Link(Client client, Route route) {
    this.client = client;
    this.route = route;
  }

  /**
   * Connects for the first time.
   *
   * @throws SessionStoreException if the server cannot be reached or refuses the login
   */
  static Link open(Client client, Route route) {
    Link link = new Link(client, route);
    try {
      link.connection.set(connect(route));
    } catch (ExecutionException failure) {
      throw RedisFailure.of(CONNECTING, reason(failure));
    } catch (InterruptedException interrupted) {
      throw RedisFailure.interrupted(CONNECTING, interrupted);
    }
    client.addListener(link);
    return link;
  }

  /**
   * Connects. Nothing was done if Lettuce itself fails, so this method tries again: if the server
   * refuses the login before Lettuce looks for its answer, Lettuce loses the reason, and throws an
   * {@code IllegalStateException}; and it fails while the threads that it is to share are ending.
   */
  private static StatefulRedisConnection<byte[], byte[]> connect(Route route)
      throws ExecutionException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        return route.connect().toCompletableFuture().get();
      } catch (ExecutionException failure) {
        Throwable root = root(failure);
        boolean isOfLettuce = root instanceof RuntimeException && !(root instanceof RedisException);
        if (attempt == ATTEMPTS || !isOfLettuce) {
          throw failure;
        }
      }
    }
  }

  /**
   * Returns the connection; null while there is none, and for good once this or the client is
   * closed.
   */
  @Nullable StatefulRedisConnection<byte[], byte[]> current() {
    StatefulRedisConnection<byte[], byte[]> current = connection.get();
    if (current != null && current.isOpen()) {
      return current;
    }
    connect();
    return null;
  }

  /**
   * Waits for a connection that replaces an unusable one, and returns it.
   *
   * @return null if there is none in time
   */
  @Nullable StatefulRedisConnection<byte[], byte[]> awaitAnother(
      StatefulRedisConnection<byte[], byte[]> before, Duration patience)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (change) {
      StatefulRedisConnection<byte[], byte[]> current = current();
      long left = patience.toMillis();
      while ((current == null || current == before) && left > 0) {
        change.wait(left);
        current = current();
        left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      }
      return current == before ? null : current;
    }
  }

  /** Replaces the connection, whose other end may be gone. */
  void replace() {
    replace(connection.get());
  }

  /** Replaces a connection, unless that was done already. */
  void replace(@Nullable StatefulRedisConnection<byte[], byte[]> unusable) {
    if (unusable != null && connection.compareAndSet(unusable, null)) {
      client.abandon(unusable);
    }
    if (connection.get() == null) {
      connect();
    }
  }

  /**
   * Replaces a connection whose server was found to be a replica, unless that was done already.
   *
   * @return whether this call replaced it
   */
  boolean demoted(StatefulRedisConnection<byte[], byte[]> unusable) {
    synchronized (change) {
      if (!connection.compareAndSet(unusable, null)) {
        return false;
      }
      demotions++;
    }
    client.abandon(unusable);
    connect();
    return true;
  }

  /**
   * Replaces the connection, since its server was found to be a replica over another one. Commands
   * that were sent over it may still be answered.
   */
  void demoted() {
    StatefulRedisConnection<byte[], byte[]> before;
    synchronized (change) {
      demotions++;
      before = connection.getAndSet(null);
    }
    retire(before);
    connect();
  }

  /**
   * If there are several servers, looks for the one that the server of a connection names. Until
   * the new one is connected, the connection stays in use: other threads wait for answers on it,
   * and it passes their further commands on as well.
   *
   * @return whether there may be another server
   */
  boolean follow(StatefulRedisConnection<byte[], byte[]> left, String moved) {
    if (connection.get() == left) {
      if (!route.follow(moved)) {
        return false;
      }
      connect();
    }
    return true;
  }

  /**
   * A connection to a node to which the slot is being moved, and with it some of the keys.
   *
   * @param asked the message of the server that names the node
   */
  private record Detour(
      String asked, CompletableFuture<StatefulRedisConnection<byte[], byte[]>> connection) {

    boolean isUsable() {
      return !connection.isDone()
          || (!connection.isCompletedExceptionally() && connection.join().isOpen());
    }
  }

  /**
   * Opens a connection to the node that has a key while the slot is being moved there, unless there
   * is one. Only commands after an {@code ASKING} may use it.
   *
   * @param asked the message of the server that names the node
   * @return null if there is no such node
   */
  @Nullable CompletableFuture<StatefulRedisConnection<byte[], byte[]>> detour(String asked) {
    synchronized (change) {
      Detour known = detour;
      if (known != null && known.asked.equals(asked) && known.isUsable()) {
        return known.connection;
      }
      RedisURI node = route.asked(asked);
      if (node == null || isOver()) {
        return null;
      }
      retire(known);
      Detour next = new Detour(asked, client.connect(node).toCompletableFuture());
      detour = next;
      return next.connection;
    }
  }

  /** Closes the connection to a node that has the whole slot by now, or is not asked any more. */
  private void retire(@Nullable Detour before) {
    if (before != null) {
      CompletableFuture<Void> unused = before.connection.thenAccept(this::retire);
    }
  }

  @Override
  public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
    if (lost == connection.get()) {
      connect();
    }
  }

  private void connect() {
    synchronized (change) {
      if (isOver() || isConnecting) {
        return;
      }
      isConnecting = true;
    }
    attempt();
  }

  private void attempt() {
    if (isOver()) {
      return;
    }
    long known;
    synchronized (change) {
      known = demotions;
    }
    try {
      CompletionStage<?> unused =
          route
              .connect()
              .whenComplete(
                  (opened, failure) -> {
                    if (opened == null) {
                      attemptLater(failure);
                    } else {
                      use(opened, known);
                    }
                  });
    } catch (Throwable failure) { // Otherwise nothing would connect again.
      attemptLater(failure);
    }
  }

  /** Returns the cause that the client reports, which may be nested in others. */
  static Throwable reason(Throwable failure) {
    Throwable reason = failure;
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
      if (cause instanceof RedisException) {
        reason = cause;
      }
      cause = cause.getCause();
    }
    return reason;
  }

  /** Describes a failure, with what was wrong on the way to the server. */
  static String describe(Throwable failure) {
    Throwable reason = reason(failure);
    String description = String.valueOf(RedisFailure.of(CONNECTING, reason).getMessage());
    Throwable root = root(reason);
    return root instanceof RedisException ? description : description + ": " + root;
  }

  private static Throwable root(Throwable failure) {
    Throwable root = failure;
    for (int depth = 0; root.getCause() != null && depth < MAX_CAUSES; depth++) {
      root = root.getCause();
    }
    return root;
  }

  private void attemptLater(@Nullable Throwable failure) {
    try {
      if (failure != null && !isOver()) {
        outage.failed(describe(failure));
      }
      // If there still is a connection, its server has passed keys on to one that is unreachable.
      // Without the connection, operations fail at once, instead of waiting for the other server.
      retire(connection.getAndSet(null));
    } finally {
      client.later(Duration.ofMillis(PAUSE_MILLIS), this::attempt);
    }
  }

  private void use(StatefulRedisConnection<byte[], byte[]> opened, long known) {
    StatefulRedisConnection<byte[], byte[]> before = null;
    Detour passed = null;
    boolean isOutdated;
    synchronized (change) {
      isOutdated = known != demotions;
      if (!isOutdated) {
        before = connection.getAndSet(opened);
        isConnecting = false;
        passed = detour;
        detour = null;
        change.notifyAll();
      }
    }
    if (isOutdated) {
      client.abandon(opened);
      attemptLater(null);
      return;
    }
    retire(before);
    retire(passed);
    outage.ended();
    if (isOver()) {
      end();
    } else if (!opened.isOpen()) {
      connect();
    }
  }

  /** Closes a connection when every command that was sent over it has been answered, or is late. */
  private void retire(@Nullable StatefulRedisConnection<byte[], byte[]> before) {
    if (before != null) {
      client.later(client.patience(), () -> client.abandon(before));
    }
  }

  private boolean isOver() {
    return isClosed || client.isClosed();
  }

  /** Closes its connections, and opens no other one. The client may stay in use. */
  void close() {
    isClosed = true;
    end();
  }

  private void end() {
    StatefulRedisConnection<byte[], byte[]> last = connection.getAndSet(null);
    if (last != null) {
      client.abandon(last);
    }
    Detour passed;
    synchronized (change) {
      passed = detour;
      detour = null;
    }
    if (passed != null) {
      CompletableFuture<Void> unused = passed.connection.thenAccept(client::abandon);
    }
  }
}
