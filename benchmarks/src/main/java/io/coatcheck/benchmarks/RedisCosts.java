package io.coatcheck.benchmarks;

import io.coatcheck.test.servers.Redis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Measures the cost of requests in Redis: the commands of each request, the memory of a session,
 * and how many requests a second several threads of one process can send.
 */
final class RedisCosts {

  private static final int THREADS = 4;

  private final int sessions;
  private final Duration time;
  private final Workload workload;
  private final AtomicLong commands = new AtomicLong();

  RedisCosts(int sessions, Duration time) {
    this.sessions = sessions;
    this.time = time;
    workload = new Workload(sessions / THREADS);
  }

  /** Measures each library, one after the other in each round. */
  void run(Results memory, Results requests, int rounds) throws Exception {
    Redis server = Redis.start();
    CommandLatencyRecorder counter =
        (local, remote, command, firstResponse, completion) -> commands.incrementAndGet();
    ClientResources client = ClientResources.builder().commandLatencyRecorder(counter).build();
    try {
      for (int round = 1; round <= rounds; round++) {
        for (OnRedis.Kind kind : OnRedis.Kind.values()) {
          measure(kind, round, server.port(), client, memory, requests);
        }
      }
    } finally {
      client.shutdown().get();
      server.close();
    }
  }

  private void measure(
      OnRedis.Kind kind,
      int round,
      int port,
      ClientResources client,
      Results memory,
      Results requests)
      throws Exception {
    RedisClient admin = RedisClient.create(RedisURI.create("redis://127.0.0.1:" + port));
    try (StatefulRedisConnection<String, String> connection = admin.connect()) {
      connection.sync().flushall();
      long empty = usedMemory(connection);
      try (OnRedis library = kind.open(port, client, sessions)) {
        memory.add(kind.shown, sessions, (usedMemory(connection) - empty) / sessions);
        List<Contestant> contestants = Stream.generate(library::contestant).limit(THREADS).toList();
        for (Visit.Kind visit :
            List.of(Visit.Kind.READ, Visit.Kind.WRITE, Visit.Kind.CREATE, Visit.Kind.LOGIN)) {
          during(contestants, visit, time.dividedBy(2));
          commands.set(0);
          long answered = during(contestants, visit, time);
          requests.add(
              kind.shown,
              visit,
              round,
              answered * 1_000_000_000 / time.toNanos(),
              Results.rounded(commands.get() / (double) answered));
        }
      }
    } finally {
      admin.shutdown();
    }
  }

  private static long usedMemory(StatefulRedisConnection<String, String> connection) {
    return connection
        .sync()
        .info("memory")
        .lines()
        .filter(line -> line.startsWith("used_memory:"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
        .findFirst()
        .orElseThrow();
  }

  /**
   * Sends requests for some time, and returns how many were answered. Each thread has its own
   * sessions, since a login replaces the cookie that it knows.
   */
  private long during(List<Contestant> contestants, Visit.Kind kind, Duration period)
      throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<Long>> counts = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int share = i;
        counts.add(threads.submit(() -> send(contestants.get(share), kind, share, done)));
      }
      Thread.sleep(period.toMillis());
      done.set(true);
      long answered = 0;
      for (Future<Long> count : counts) {
        answered += count.get();
      }
      return answered;
    } finally {
      threads.shutdownNow();
    }
  }

  private long send(Contestant contestant, Visit.Kind kind, int share, AtomicBoolean done) {
    long answered = 0;
    while (!done.get()) {
      int visitor = workload.visitor(answered) * THREADS + share;
      if (contestant.request(kind, visitor) == null) {
        throw new IllegalStateException(kind + " of session " + visitor + " found none");
      }
      answered++;
    }
    return answered;
  }
}
