package io.coatcheck.session.redis;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens the connections of a store and checks its servers.
 *
 * @param isCluster whether the client knows nodes of a cluster
 * @param buckets over how many hash tags sessions are spread
 */
record Opening(
    Client client,
    boolean isCluster,
    String keyPrefix,
    int buckets,
    Duration commandTimeout,
    ConfirmedWrites.Confirmation confirmation,
    InstantSource time) {

  /** Shorter than the time after which firewalls forget a connection without traffic. */
  private static final Duration ANNOUNCEMENTS_CHECKED = Duration.ofSeconds(30);

  /**
   * Opens the buckets.
   *
   * @throws SessionStoreException if a server cannot be reached, refuses the login, or takes no
   *     writes
   */
  Buckets open() {
    List<Bucket> opened = new ArrayList<>();
    for (int i = 0; i < buckets; i++) {
      opened.add(open(new Keys(buckets == 1 ? keyPrefix : Keys.prefixOfBucket(keyPrefix, i))));
      new ServerCheck(opened.get(i), confirmation.replicas(), isCluster).run(i == 0);
    }
    Buckets all = new Buckets(opened);
    checkOneOrSeveral(opened.get(0).redis());
    if (!all.isOne()) {
      ServerCheck.checkBuckets(opened.get(0), buckets);
    }
    return all;
  }

  /** Refuses several buckets where there was one, and one where there were several. */
  private void checkOneOrSeveral(Connection first) {
    Keys other = new Keys(buckets == 1 ? Keys.prefixOfBucket(keyPrefix, 0) : keyPrefix);
    if (!isCluster) {
      ServerCheck.checkOneOrSeveral(first, other, buckets);
      return;
    }
    try (Connection itsNode = connection(other)) {
      ServerCheck.checkOneOrSeveral(itsNode, other, buckets);
    } catch (SessionStoreException unreachable) {
      ServerCheck.notChecked(unreachable);
    }
  }

  private Bucket open(Keys keys) {
    Connection redis = connection(keys);
    List<Connection> own = new ArrayList<>();
    int count =
        buckets == 1 ? ConfirmedWrites.CONNECTIONS : ConfirmedWrites.CONNECTIONS_OF_A_BUCKET;
    for (int i = 0; i < count && confirmation.isWanted(); i++) {
      own.add(connection(keys));
    }
    List<Connection> all = new ArrayList<>(own);
    all.add(redis);
    Connection.replaceTogether(all);
    return new Bucket(redis, new ConfirmedWrites(redis, own, confirmation), keys);
  }

  private Connection connection(Keys keys) {
    Link link = Link.open(client, route(client, keys));
    return new Connection(link, commandTimeout, new Breaker(time));
  }

  private Route route(Connector servers, Keys keys) {
    return isCluster
        ? new SlotRoute(servers, SlotHash.getSlot(keys.changes()))
        : new PrimaryRoute(servers, keys);
  }

  /**
   * Returns what listens to the announcements of all buckets, and has no connection yet. On a
   * cluster, each node passes on what is published on any of them.
   */
  Announcements announcements(Buckets opened) {
    List<byte[]> channels = opened.all().stream().map(bucket -> bucket.keys().changes()).toList();
    Keys first = opened.all().get(0).keys();
    return new Announcements(
        client, route(client.subscribing(), first), channels, ANNOUNCEMENTS_CHECKED);
  }
}
