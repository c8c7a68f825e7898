package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.background.Operation;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to what the scripts publish when sessions end or get a new secret, so that the log of
 * changes is read at once and not at the end of its interval.
 *
 * <p>No promise depends on it: messages may be lost, and whatever they announce is in the log. So
 * nothing waits for its connection, and no operation fails without it.
 *
 * <p>The connection is opened in the background when {@link #listen} is called. If it is lost, or
 * its server does not answer, another one is opened until there is one. From time to time it
 * subscribes again, which changes nothing, except that it shows whether the server is still there,
 * and whether it permits now what it refused before.
 *
 * <p>Thread-safe; never blocks.
 */
final class Announcements implements RedisConnectionStateListener {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final Operation SUBSCRIBING = new Operation("subscribing to the ends of sessions");
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Client client;
  private final Route route;
  private final List<byte[]> channels;
  private final Duration checkInterval;
  private final AtomicBoolean isStarted = new AtomicBoolean();

  /** Null while there is none; after {@link #listen}, one is then being opened. */
  private final AtomicReference<@Nullable StatefulRedisPubSubConnection<byte[], byte[]>>
      connection = new AtomicReference<>();

  /** The connection over which the server has confirmed the subscription. */
  private final AtomicReference<@Nullable StatefulRedisPubSubConnection<byte[], byte[]>>
      subscribed = new AtomicReference<>();

  /** Whether the log says that there is no connection. */
  private final AtomicBoolean isMissing = new AtomicBoolean();

  /** Whether the log says that the server refuses the subscription. */
  private final AtomicBoolean isRefused = new AtomicBoolean();

  private volatile Runnable heard = () -> {};

  /**
   * Creates a listener without a connection.
   *
   * @param route opens connections that can subscribe
   * @param channels one, or one of each bucket
   * @param checkInterval how often the connection is checked
   */
  Announcements(Client client, Route route, List<byte[]> channels, Duration checkInterval) {
    this.client = client;
    this.route = route;
    this.channels = List.copyOf(channels);
    this.checkInterval = checkInterval;
  }

  /**
   * Begins to listen. Does nothing if that was done already.
   *
   * @param poll is called at each announcement, and after each subscription, before which there may
   *     have been some. Must not block
   */
  void listen(Runnable poll) {
    if (isStarted.compareAndSet(false, true)) {
      heard = poll;
      client.addListener(this);
      client.later(Duration.ZERO, this::connect);
      checkLater();
    }
  }

  /** Replaces the connection, which may lead to another server than the one that is used now. */
  void renew() {
    replace(connection.get());
  }

  private void connect() {
    if (client.isClosed()) {
      return;
    }
    try {
      CompletionStage<?> unused =
          route
              .connect()
              .whenComplete(
                  (opened, failure) -> {
                    if (opened == null) {
                      connectLater(failure);
                    } else {
                      use((StatefulRedisPubSubConnection<byte[], byte[]>) opened);
                    }
                  });
    } catch (Throwable failure) { // Otherwise nothing would connect again.
      connectLater(failure);
    }
  }

  private void connectLater(Throwable failure) {
    client.later(PAUSE, this::connect); // First: an error below must not end the attempts.
    if (!client.isClosed() && !isMissing.getAndSet(true)) {
      LOG.info(
          "ends of sessions are not announced until the connection for them is open: {}",
          Link.describe(failure));
    }
  }

  private void use(StatefulRedisPubSubConnection<byte[], byte[]> opened) {
    opened.addListener(
        new RedisPubSubAdapter<>() {
          @Override
          public void message(byte[] channel, byte[] message) {
            heard.run();
          }
        });
    connection.set(opened);
    if (client.isClosed()) {
      client.abandon(opened);
    } else if (opened.isOpen()) {
      subscribe(opened);
    } else {
      replace(opened);
    }
  }

  private void subscribe(StatefulRedisPubSubConnection<byte[], byte[]> over) {
    try {
      CompletionStage<?> unused =
          over.async()
              .subscribe(channels.toArray(byte[][]::new))
              .whenComplete((nothing, failure) -> answered(over, failure));
    } catch (RuntimeException failure) {
      answered(over, failure);
    }
  }

  private void answered(
      StatefulRedisPubSubConnection<byte[], byte[]> over, @Nullable Throwable failure) {
    if (failure == null) {
      if (subscribed.getAndSet(over) != over) {
        heard.run();
      }
      boolean wasMissing = isMissing.getAndSet(false);
      if (isRefused.getAndSet(false) || wasMissing) {
        LOG.info("ends of sessions are announced to this node again");
      }
    } else if (!RedisFailure.isAnswer(failure)) {
      replace(over);
    } else if (!client.isClosed() && !isRefused.getAndSet(true)) {
      LOG.warn(
          "ends of sessions are not announced to this node, which finds them when it next reads the"
              + " changes; a user needs +subscribe, +publish and {}: {}",
          permission(),
          RedisFailure.of(SUBSCRIBING, failure).getMessage());
    }
  }

  /** Returns what a user needs to be permitted the channels. */
  private String permission() {
    String first = new String(channels.get(0), UTF_8);
    return channels.size() == 1 ? "&" + first : "&" + first.substring(0, first.indexOf('/')) + "/*";
  }

  private void check() {
    checkLater(); // First: an error below must not end the checks.
    StatefulRedisPubSubConnection<byte[], byte[]> current = connection.get();
    if (current != null && !client.isClosed()) {
      subscribe(current);
    }
  }

  private void checkLater() {
    client.later(checkInterval, this::check);
  }

  @Override
  public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
    StatefulRedisPubSubConnection<byte[], byte[]> current = connection.get();
    if (lost == current) {
      replace(current);
    }
  }

  private void replace(@Nullable StatefulRedisPubSubConnection<byte[], byte[]> unusable) {
    // Once the client is closed, it closes them all.
    if (unusable != null && !client.isClosed() && connection.compareAndSet(unusable, null)) {
      client.abandon(unusable);
      client.later(PAUSE, this::connect);
    }
  }
}
