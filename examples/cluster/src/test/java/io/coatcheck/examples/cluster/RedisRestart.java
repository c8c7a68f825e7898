package io.coatcheck.examples.cluster;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Stops the Redis of a cluster, and starts it again with what it holds. */
final class RedisRestart {

  private RedisRestart() {}

  /** What is done while it is stopped. */
  interface Meanwhile {
    void run() throws Exception;
  }

  /** Stops it, does something, and starts it. No other process is given its port meanwhile. */
  static void of(Cluster cluster, Meanwhile meanwhile) throws Exception {
    Backend.Redis redis = (Backend.Redis) cluster.backend();
    redis.close();
    try (Socket holder = new Socket()) {
      // As servers do: connections of the one before may be on their way.
      holder.setReuseAddress(true);
      holder.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), redis.port()));
      meanwhile.run();
    }
    redis.start();
  }
}
