package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Leads to the node of a Redis Cluster that serves a slot. A node is used only if it says itself
 * that it is the one; otherwise the one that it names is asked. After a failover or while a slot
 * moves, nodes may not agree for a moment.
 *
 * <p>Thread-safe.
 */
final class SlotRoute implements Route {

  /**
   * How many nodes are asked in one attempt, so that nodes which disagree do not cause an endless
   * loop.
   */
  private static final int MAX_NODES = 12;

  private final Connector servers;
  private final int slot;

  /** The node that was used last, or that a server has named. */
  private volatile @Nullable RedisURI likely;

  SlotRoute(Connector servers, int slot) {
    this.servers = servers;
    this.slot = slot;
  }

  /**
   * A node, as another one names it.
   *
   * @param host null for the host of the node that names it
   */
  private record Node(@Nullable String host, int port, String id) {

    RedisURI address(RedisURI from) {
      RedisURI.Builder address = RedisURI.builder(from).withPort(port);
      return host == null ? address.build() : address.withHost(host).build();
    }
  }

  @Override
  public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
    Deque<RedisURI> candidates = new ArrayDeque<>(servers.nodes());
    RedisURI first = likely;
    if (first != null) {
      candidates.addFirst(first);
    }
    return next(candidates, MAX_NODES, null);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> next(
      Deque<RedisURI> candidates, int left, @Nullable Throwable before) {
    RedisURI node = candidates.poll();
    if (node == null || left == 0) {
      return CompletableFuture.failedFuture(
          before == null ? new RedisCommandExecutionException("CLUSTERDOWN no node") : before);
    }
    return servers
        .connect(node)
        .thenCompose(opened -> useIfOwner(opened, node, candidates, left))
        .handle(
            (opened, failure) ->
                failure == null
                    ? CompletableFuture.completedFuture(opened)
                    : next(candidates, left - 1, failure))
        .thenCompose(stage -> stage);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> useIfOwner(
      StatefulRedisConnection<byte[], byte[]> opened,
      RedisURI address,
      Deque<RedisURI> candidates,
      int left) {
    return opened
        .async()
        .clusterSlots()
        .thenCombine(
            opened.async().clusterMyId(),
            (slots, id) -> {
              Node owner = owner(slots);
              if (owner == null) {
                throw new RedisCommandExecutionException("CLUSTERDOWN no node serves the slot");
              }
              if (owner.id.equals(id)) {
                return true;
              }
              candidates.addFirst(owner.address(address));
              return false;
            })
        .whenComplete(
            (isOwner, failure) -> {
              if (failure != null || !isOwner) {
                servers.abandon(opened);
              }
            })
        .thenCompose(
            isOwner -> {
              if (isOwner) {
                likely = address;
                return CompletableFuture.completedFuture(opened);
              }
              return next(candidates, left - 1, null);
            });
  }

  /** Finds the primary of the slot in the answer to {@code CLUSTER SLOTS}. */
  private @Nullable Node owner(List<Object> ranges) {
    for (Object each : ranges) {
      List<?> range = (List<?>) each;
      if ((Long) range.get(0) <= slot && slot <= (Long) range.get(1)) {
        List<?> primary = (List<?>) range.get(2);
        Object host = primary.get(0);
        return new Node(
            host == null ? null : host(text(host)),
            Math.toIntExact((Long) primary.get(1)),
            text(primary.get(2)));
      }
    }
    return null;
  }

  private static String text(Object value) {
    return value instanceof byte[] bytes ? new String(bytes, UTF_8) : value.toString();
  }

  /** Nodes that do not know their own address name an empty one, or a question mark. */
  private static @Nullable String host(String named) {
    return named.isEmpty() || named.equals("?") ? null : named;
  }

  @Override
  public boolean follow(String moved) {
    likely = named(moved); // If that is none, the nodes of the configuration know.
    return true;
  }

  @Override
  public @Nullable RedisURI asked(String asked) {
    return named(asked);
  }

  /** Returns the node that the message of a server names in its last word, or null. */
  private @Nullable RedisURI named(String message) {
    int address = message.lastIndexOf(' ') + 1;
    int colon = message.lastIndexOf(':');
    if (colon < address) {
      return null;
    }
    RedisURI before = likely;
    try {
      int port = Integer.parseInt(message.substring(colon + 1));
      String host = host(message.substring(address, colon));
      return new Node(host, port, "").address(before == null ? servers.nodes().get(0) : before);
    } catch (IllegalArgumentException noAddress) {
      return null;
    }
  }
}
