package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.store.SessionStoreException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at the server when a store is built: whether it takes writes, and keeps them. */
final class ServerCheck {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final Operation CHECK = new Operation("checking Redis");

  private final Connection redis;
  private final Keys keys;

  ServerCheck(Connection redis, Keys keys) {
    this.redis = redis;
    this.keys = keys;
  }

  /**
   * Checks the server.
   *
   * @throws SessionStoreException if it cannot be asked, or is a replica
   */
  void run() {
    redis.run(CHECK, commands -> commands.ping());
    refuseReplica();
    // A deletion that could not be recorded would leave copies on other nodes as they are.
    redis.run(CHECK, commands -> ChangeReader.mark(commands, keys));
    String info;
    try {
      info = redis.run(CHECK, commands -> commands.info());
    } catch (SessionStoreException notPermitted) {
      LOG.info(
          "Redis does not show its settings, so whether it evicts or forgets sessions was not checked: {}",
          notPermitted.getMessage());
      return;
    }
    String policy = setting(info, "maxmemory_policy");
    if (!policy.isEmpty() && !policy.equals("noeviction")) {
      LOG.warn(
          "Redis may evict sessions when its memory is full, which logs users out without an event:"
              + " maxmemory-policy is {}, set it to noeviction",
          policy);
    }
    if (setting(info, "aof_enabled").equals("0") && setting(info, "connected_slaves").equals("0")) {
      LOG.warn(
          "Redis has neither a replica nor an append-only file: sessions and logouts since its last"
              + " snapshot are lost when it restarts");
    }
  }

  private void refuseReplica() {
    List<Object> role;
    try {
      role = redis.run(CHECK, commands -> commands.role());
    } catch (SessionStoreException notPermitted) {
      LOG.info(
          "Redis does not show its role, so whether it takes writes was not checked: {}",
          notPermitted.getMessage());
      return;
    }
    if (isReplica(role)) {
      throw new SessionStoreException(
          "the Redis server is a replica, which takes no writes: connect to the primary");
    }
  }

  /** Returns whether the answer to {@code ROLE} is that of a replica. */
  static boolean isReplica(List<Object> role) {
    return new String((byte[]) role.get(0), UTF_8).equals("slave");
  }

  private static String setting(String info, String name) {
    return info.lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).trim())
        .findFirst()
        .orElse("");
  }
}
