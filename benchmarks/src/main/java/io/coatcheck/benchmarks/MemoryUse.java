package io.coatcheck.benchmarks;

import io.coatcheck.session.memory.InMemorySessionStore;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.springframework.session.MapSessionRepository;

/**
 * Measures how much heap a live session takes, with three small attributes and everything that
 * refers to it.
 */
final class MemoryUse {

  private static final MemoryMXBean HEAP = ManagementFactory.getMemoryMXBean();

  private final Results results;
  private final int sessions;

  MemoryUse(Results results, int sessions) {
    this.results = results;
    this.sessions = sessions;
  }

  void run() {
    measure("bare strings in a map", MemoryUse::strings);
    measure("Coatcheck in memory; anonymous", n -> coatcheck(n, false));
    measure("Coatcheck in memory; logged in", n -> coatcheck(n, true));
    measure("Spring Session map", MemoryUse::spring);
    measure("Tomcat", TomcatSessions::new);
  }

  private void measure(String name, IntFunction<Object> filled) {
    // Once with few, so that classes are loaded already.
    close(filled.apply(100));
    long before = used();
    Object all = filled.apply(sessions);
    try {
      if (all instanceof TomcatSessions tomcat) {
        tomcat.forgetCookies();
      }
      results.add(name, sessions, Results.rounded((used() - before) / (double) sessions));
    } finally {
      Reference.reachabilityFence(all);
      close(all);
    }
  }

  private static void close(Object all) {
    if (all instanceof Contestant contestant) {
      contestant.close();
    }
  }

  private static long used() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    return HEAP.getHeapMemoryUsage().getUsed();
  }

  private static Object strings(int sessions) {
    Map<String, String[]> all = new ConcurrentHashMap<>();
    for (int i = 0; i < sessions; i++) {
      all.put(
          Springs.id(i),
          new String[] {Workload.principal(i), Workload.locale(i), Workload.cart(i)});
    }
    return all;
  }

  private static Object coatcheck(int sessions, boolean areLoggedIn) {
    InMemorySessionStore store =
        InMemorySessionStore.builder().maximumSessions(4L * sessions).build();
    Coatchecks.fill(store, new Population(sessions), areLoggedIn);
    return store;
  }

  private static Object spring(int sessions) {
    MapSessionRepository repository = new MapSessionRepository(new ConcurrentHashMap<>());
    for (int i = 0; i < sessions; i++) {
      Springs.add(repository, Springs.id(i), i);
    }
    return repository;
  }
}
