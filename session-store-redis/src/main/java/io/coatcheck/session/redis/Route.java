package io.coatcheck.session.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The way from a {@link Link} to its server, which may be another one each time. */
interface Route {

  /**
   * Opens a connection to a server that takes writes. Does not block; ends in bounded time, with a
   * failure that says why there is no connection.
   */
  CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect();

  /**
   * Hints where to look next.
   *
   * @param moved the message of a server that does not serve the slot any more
   * @return whether that may lead to another server
   */
  boolean follow(String moved);

  /**
   * Returns the node that has a key whose slot is being moved there.
   *
   * @param asked the message of a server that serves the slot and does not have the key
   * @return null if the server is not known to be part of a cluster
   */
  @Nullable RedisURI asked(String asked);
}
