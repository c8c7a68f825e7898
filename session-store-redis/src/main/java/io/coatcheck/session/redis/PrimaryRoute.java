package io.coatcheck.session.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Leads to the one server, or to the primary that Sentinels name, unless it is a replica: after a
 * failover the address may still be that of the old primary, which would show sessions that have
 * ended meanwhile. A server that does not report its role must prove that it takes writes.
 */
final class PrimaryRoute implements Route {

  private final Connector servers;
  private final byte[] nothing;

  /**
   * Creates a route.
   *
   * @param keys of the store; if the server does not report its role, a key that never exists is
   *     deleted
   */
  PrimaryRoute(Connector servers, Keys keys) {
    this.servers = servers;
    nothing = keys.nothing();
  }

  @Override
  public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
    return servers.connect(servers.nodes().get(0)).thenCompose(this::usedIfPrimary);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> usedIfPrimary(
      StatefulRedisConnection<byte[], byte[]> opened) {
    return opened
        .async()
        .role()
        .handle(
            (role, failure) -> {
              if (failure == null) {
                return ServerCheck.isReplica(role)
                    ? refused(opened, new RedisCommandExecutionException("READONLY a replica"))
                    : used(opened);
              }
              return RedisFailure.isAnswer(failure)
                  ? usedIfItTakesWrites(opened)
                  : refused(opened, failure);
            })
        .thenCompose(stage -> stage);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> usedIfItTakesWrites(
      StatefulRedisConnection<byte[], byte[]> opened) {
    return opened
        .async()
        .del(nothing)
        .handle(
            (deleted, failure) ->
                failure == null || RedisFailure.isOfPrimary(failure)
                    ? used(opened)
                    : refused(opened, failure))
        .thenCompose(stage -> stage);
  }

  private static CompletionStage<StatefulRedisConnection<byte[], byte[]>> used(
      StatefulRedisConnection<byte[], byte[]> opened) {
    return CompletableFuture.completedFuture(opened);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> refused(
      StatefulRedisConnection<byte[], byte[]> opened, Throwable failure) {
    servers.abandon(opened);
    return CompletableFuture.failedFuture(failure);
  }

  @Override
  public boolean follow(String moved) {
    return false; // The server is part of a cluster, and the store was not built for one.
  }

  @Override
  public @Nullable RedisURI asked(String asked) {
    return null;
  }
}
