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
 * ended meanwhile. A server whose user may not see the role is used.
 */
final class PrimaryRoute implements Route {

  private final Client client;

  PrimaryRoute(Client client) {
    this.client = client;
  }

  @Override
  public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
    return client
        .connect(client.nodes().get(0))
        .thenCompose(
            opened ->
                opened
                    .async()
                    .role()
                    .handle(
                        (role, failure) ->
                            role == null
                                ? failure instanceof RedisCommandExecutionException
                                : !ServerCheck.isReplica(role))
                    .thenCompose(isUsable -> isUsable ? used(opened) : refused(opened)));
  }

  private static CompletionStage<StatefulRedisConnection<byte[], byte[]>> used(
      StatefulRedisConnection<byte[], byte[]> opened) {
    return CompletableFuture.completedFuture(opened);
  }

  private static CompletionStage<StatefulRedisConnection<byte[], byte[]>> refused(
      StatefulRedisConnection<byte[], byte[]> opened) {
    Link.abandon(opened);
    return CompletableFuture.failedFuture(
        new RedisCommandExecutionException(
            "READONLY: the server is a replica, or did not report its role"));
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
