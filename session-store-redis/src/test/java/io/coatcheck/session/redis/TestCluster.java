package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;

import io.lettuce.core.MigrateArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A real Redis Cluster of three primaries, each with a third of the slots. */
final class TestCluster implements AutoCloseable {

  static final int PRIMARIES = 3;

  /** No node counts as gone: a busy machine may stall each of them for a while. */
  private static final Duration ALWAYS_THERE = Duration.ofSeconds(60);

  final List<TestServer> nodes = new ArrayList<>();
  private final TestServer[] owners = new TestServer[SlotHash.SLOT_COUNT];
  private final Path folder;
  private final Duration nodeTimeout;

  /** Starts a cluster none of whose nodes is replaced by another one. */
  TestCluster() {
    this(ALWAYS_THERE);
  }

  /**
   * Starts a cluster.
   *
   * @param nodeTimeout after so long without an answer a node counts as gone
   */
  TestCluster(Duration nodeTimeout) {
    this.nodeTimeout = nodeTimeout;
    try {
      folder = Files.createTempDirectory("redis-cluster");
    } catch (IOException e) {
      throw new UncheckedIOException("there is no folder", e);
    }
    for (int i = 0; i < PRIMARIES; i++) {
      int from = SlotHash.SLOT_COUNT * i / PRIMARIES;
      int to = SlotHash.SLOT_COUNT * (i + 1) / PRIMARIES;
      int epoch = i + 1;
      TestServer node = TestServer.clusterNode(folder, nodeTimeout);
      nodes.add(node);
      for (int slot = from; slot < to; slot++) {
        owners[slot] = node;
      }
      node.run(commands -> commands.clusterAddSlots(IntStream.range(from, to).toArray()));
      node.run(commands -> commands.clusterSetConfigEpoch(epoch));
      meet(node);
    }
    awaitState("ok");
  }

  private void meet(TestServer node) {
    nodes.get(0).run(commands -> commands.clusterMeet("127.0.0.1", node.port));
  }

  /** Waits until all nodes that run have the same view. */
  void awaitState(String state) {
    for (TestServer node : nodes) {
      if (node.isRunning()) {
        await(
            "a cluster that is " + state,
            () -> {
              String info = node.run(commands -> commands.clusterInfo());
              return info.contains("cluster_state:" + state)
                  && info.contains("cluster_known_nodes:" + nodes.size());
            });
      }
    }
  }

  /** Adds a replica of the node that serves the slot of a prefix. */
  TestServer addReplica(String prefix) {
    return addReplica(owner(prefix));
  }

  /** Adds a replica of a primary. */
  TestServer addReplica(TestServer primary) {
    TestServer replica = TestServer.clusterNode(folder, nodeTimeout);
    nodes.add(replica);
    meet(replica);
    awaitState("ok");
    String id = primary.run(commands -> commands.clusterMyId());
    replica.run(commands -> commands.clusterReplicate(id));
    primary.awaitOnlineReplica();
    // The other nodes vote for it only if they know it.
    for (TestServer node : nodes) {
      await(
          "a known replica",
          () -> node.run(commands -> commands.clusterNodes()).contains("slave " + id));
    }
    return replica;
  }

  /** Begins a store that knows all primaries. */
  RedisSessionStore.Builder store(String prefix) {
    return store(prefix, nodes.subList(0, PRIMARIES));
  }

  /** Begins a store that knows some nodes. */
  static RedisSessionStore.Builder store(String prefix, List<TestServer> known) {
    List<RedisURI> addresses = known.stream().map(TestServer::uri).toList();
    return RedisSessionStore.clusterBuilder(addresses)
        .keyPrefix(prefix)
        .commandTimeout(TestServer.PATIENCE)
        .connectTimeout(TestServer.PATIENCE)
        .clientResources(TestServer.RESOURCES);
  }

  static int slot(String prefix) {
    return SlotHash.getSlot("{" + prefix + "}");
  }

  /** Returns the primary of the slot of a prefix. */
  TestServer owner(String prefix) {
    return owners[slot(prefix)];
  }

  /** Returns a node that does not serve the slot of a prefix. */
  TestServer other(String prefix) {
    return nodes.get((nodes.indexOf(owner(prefix)) + 1) % PRIMARIES);
  }

  /** Runs commands where the slot of a prefix is. */
  <T> T run(String prefix, Function<RedisCommands<byte[], byte[]>, T> commands) {
    return owner(prefix).run(commands);
  }

  /** Returns the keys of all nodes that match a pattern. */
  List<byte[]> keys(String pattern) {
    List<byte[]> keys = new ArrayList<>();
    nodes.subList(0, PRIMARIES).forEach(node -> keys.addAll(node.matching(pattern)));
    return keys;
  }

  /** Begins to move a slot, so that both nodes know of it and no key has moved. */
  TestServer beginToMove(String prefix) {
    TestServer from = owner(prefix);
    TestServer to = other(prefix);
    String fromId = from.run(commands -> commands.clusterMyId());
    String toId = to.run(commands -> commands.clusterMyId());
    to.run(commands -> commands.clusterSetSlotImporting(slot(prefix), fromId));
    from.run(commands -> commands.clusterSetSlotMigrating(slot(prefix), toId));
    return to;
  }

  /** Moves some keys of a slot that moves, and returns whether there were any. */
  boolean moveKeys(String prefix, TestServer to) {
    return run(
        prefix,
        commands -> {
          List<byte[]> keys = commands.clusterGetKeysInSlot(slot(prefix), 100);
          if (!keys.isEmpty()) {
            commands.migrate("127.0.0.1", to.port, 0, 30_000, MigrateArgs.Builder.keys(keys));
          }
          return !keys.isEmpty();
        });
  }

  /** Moves a slot with all its keys. */
  void move(String prefix) {
    TestServer to = beginToMove(prefix);
    while (moveKeys(prefix, to)) {
      // All of the keys.
    }
    endMove(prefix, to);
  }

  /** Moves a slot without any key, so that its node serves it until the other one does. */
  void moveEmpty(String prefix) {
    run(prefix, commands -> commands.del(new Keys(prefix).changes()));
    TestServer to = other(prefix);
    String from = owner(prefix).run(commands -> commands.clusterMyId());
    to.run(commands -> commands.clusterSetSlotImporting(slot(prefix), from));
    endMove(prefix, to);
  }

  /**
   * Ends the move of a slot: notifies each node, and waits until each knows the epoch in which the
   * slot has its new node. With an older one, a node that is given the slot next would lose it
   * again to what it hears late.
   */
  void endMove(String prefix, TestServer to) {
    String id = to.run(commands -> commands.clusterMyId());
    List<TestServer> others = new ArrayList<>(nodes.subList(0, PRIMARIES));
    others.remove(to);
    others.sort(Comparator.comparing(node -> node != owner(prefix)));
    to.run(commands -> commands.clusterSetSlotNode(slot(prefix), id));
    for (TestServer node : others) {
      node.run(commands -> commands.clusterSetSlotNode(slot(prefix), id));
    }
    owners[slot(prefix)] = to;
    String epoch = epoch(to, id);
    for (TestServer node : others) {
      await("the epoch of the slot", () -> epoch(node, id).equals(epoch));
    }
  }

  /** Returns the epoch in which one node sees another one. */
  private static String epoch(TestServer node, String id) {
    return node.run(commands -> commands.clusterNodes())
        .lines()
        .filter(line -> line.startsWith(id))
        .map(line -> line.split(" ", -1)[6])
        .findFirst()
        .orElseThrow();
  }

  void start() {
    if (!nodes.stream().allMatch(TestServer::isRunning)) {
      nodes.forEach(TestServer::start);
      awaitState("ok");
    }
  }

  void stop() {
    nodes.forEach(TestServer::stop);
  }

  @Override
  public void close() {
    nodes.forEach(TestServer::close);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("the folder stays", e);
    }
  }
}
