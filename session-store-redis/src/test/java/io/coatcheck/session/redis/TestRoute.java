package io.coatcheck.session.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A route to a server outside of a cluster, which a test chooses at each attempt. */
record TestRoute(Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> connecting)
    implements Route {

  @Override
  public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
    return connecting.get();
  }

  @Override
  public boolean follow(String moved) {
    return false;
  }

  @Override
  public @Nullable RedisURI asked(String asked) {
    return null;
  }
}
