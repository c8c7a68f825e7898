package io.coatcheck.session.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Opens connections of one kind to the servers of a store. */
interface Connector {

  /** Returns the server, or the configured nodes of a cluster. */
  List<RedisURI> nodes();

  /** Opens a connection to a server, without waiting for it. Reports each failure in the result. */
  CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect(RedisURI server);

  /**
   * Closes a connection without waiting: nothing depends on how that ends. Does nothing once the
   * store is closed, which closes all connections: the driver warns of one that is closed twice.
   */
  void abandon(StatefulRedisConnection<byte[], byte[]> connection);
}
