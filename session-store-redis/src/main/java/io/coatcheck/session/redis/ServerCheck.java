package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.SetArgs;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks when a store is built whether the server takes writes and keeps them. */
final class ServerCheck {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);

  /** The oldest version on which the scripts and the user of docs/REDIS.md are known to work. */
  private static final int OLDEST_VERSION = 6;

  private static final Operation CHECK = new Operation("checking Redis");

  private final Connection redis;
  private final Keys keys;
  private final int replicas;
  private final boolean isCluster;

  /**
   * Creates a check of the server that has a bucket.
   *
   * @param replicas how many replicas must confirm logins and logouts
   * @param isCluster whether the server is a node of a cluster
   */
  ServerCheck(Bucket bucket, int replicas, boolean isCluster) {
    redis = bucket.redis();
    keys = bucket.keys();
    this.replicas = replicas;
    this.isCluster = isCluster;
  }

  /**
   * Checks the server.
   *
   * @param isFirst whether to check the settings too, which is done for the first node only
   * @throws SessionStoreException if it cannot be asked, or is a replica
   * @throws IllegalArgumentException if it is too old
   */
  void run(boolean isFirst) {
    redis.run(CHECK, commands -> commands.ping());
    String info = isFirst ? info() : "";
    // First, since an older server would refuse what follows without saying why.
    requireVersion(info);
    if (!isCluster) {
      refuseReplica();
    }
    // If a deletion could not be recorded, other nodes would keep their copies.
    redis.run(CHECK, commands -> ChangeLog.mark(commands, keys));
    if (replicas > 0) {
      checkReplicas();
    }
    if (!info.isEmpty()) {
      checkSettings(info);
    }
  }

  /**
   * Refuses another number of buckets than the one that sessions were stored with: each node would
   * look for them where they are not.
   */
  static void checkBuckets(Bucket first, int buckets) {
    byte[] key = first.keys().buckets();
    byte[] number = SessionRecord.text(buckets);
    first.redis().run(CHECK, commands -> commands.set(key, number, SetArgs.Builder.nx()));
    byte[] stored = first.redis().<byte @Nullable []>run(CHECK, commands -> commands.get(key));
    if (stored == null || !Arrays.equals(stored, number)) {
      throw otherNumber(
          stored == null ? "the stored number, which is missing" : new String(stored, US_ASCII),
          buckets);
    }
  }

  private static IllegalArgumentException otherNumber(String stored, int buckets) {
    return new IllegalArgumentException(
        "buckets must be "
            + stored
            + ", as the sessions under this key prefix were stored: "
            + buckets);
  }

  /**
   * Refuses several buckets if there are sessions that were stored in one, and one if there were
   * several before. Skipped if the user may not look at the keys of the other kind.
   *
   * @param redis a connection to the server that has those keys
   * @param other the keys of one bucket if there are several now, and of the first of several if
   *     there is one now
   */
  static void checkOneOrSeveral(Connection redis, Keys other, int buckets) {
    String stored;
    try {
      stored = buckets == 1 ? severalStored(redis, other) : oneStored(redis, other);
    } catch (SessionStoreException notPermitted) {
      notChecked(notPermitted);
      return;
    }
    if (stored != null) {
      throw otherNumber(stored, buckets);
    }
  }

  private static @Nullable String severalStored(Connection redis, Keys first) {
    byte[] number = redis.<byte @Nullable []>run(CHECK, commands -> commands.get(first.buckets()));
    return number == null ? null : new String(number, US_ASCII);
  }

  private static @Nullable String oneStored(Connection redis, Keys one) {
    return redis.<Long>run(CHECK, commands -> commands.exists(one.expiry())) == 0 ? null : "1";
  }

  /** Logs that the check of one or several buckets could not be made. */
  static void notChecked(SessionStoreException reason) {
    LOG.info(
        "Whether the sessions were stored in one bucket or in several was not checked: {}",
        reason.getMessage());
  }

  /** Returns the information that the server gives about itself; empty if the user may not ask. */
  private String info() {
    try {
      return redis.run(CHECK, commands -> commands.info());
    } catch (SessionStoreException notPermitted) {
      LOG.info(
          "Redis does not show its settings, so whether it evicts or forgets sessions was not checked: {}",
          notPermitted.getMessage());
      return "";
    }
  }

  private static void checkSettings(String info) {
    String policy = setting(info, "maxmemory_policy");
    if (!policy.isEmpty() && !policy.equals("noeviction")) {
      LOG.warn(
          "Redis may evict sessions when its memory is full, which logs users out without an event, and"
              + " lists of users' sessions, without which a sign-out everywhere misses some:"
              + " maxmemory-policy is {}, set it to noeviction",
          policy);
    }
    if (setting(info, "aof_enabled").equals("0") && setting(info, "connected_slaves").equals("0")) {
      LOG.warn(
          "Redis has neither a replica nor an append-only file: sessions and logouts since its last"
              + " snapshot are lost when it restarts");
    }
  }

  /**
   * Refuses a server that is too old. Valkey reports the version of Redis that it corresponds to.
   */
  static void requireVersion(String info) {
    String version = setting(info, "redis_version");
    String major = version.split("\\.", 2)[0];
    if (major.matches("[0-9]{1,4}") && Integer.parseInt(major) < OLDEST_VERSION) {
      throw new IllegalArgumentException(
          "server must be Redis " + OLDEST_VERSION + " or later: " + version);
    }
  }

  /**
   * Asks for confirmation by no replica. The server answers at once, with the number of replicas.
   */
  private void checkReplicas() {
    long connected = redis.<Long>run(CHECK, commands -> commands.waitForReplication(0, 1));
    if (connected < replicas) {
      LOG.warn(
          "logins and logouts will fail: confirmReplicas needs {} replicas, but {} are connected",
          replicas,
          connected);
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
