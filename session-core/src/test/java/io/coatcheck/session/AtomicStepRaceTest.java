package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * I4: steps of many requests at once. Without the compare-and-set, about half of the takers of each
 * round would get the value twice, and most of the increments would be lost.
 */
class AtomicStepRaceTest {

  enum Kind {
    LIVE(false, 1, false),
    COPIES(true, 1, false),
    THREE_NODES(true, 3, false),
    THREE_NODES_WITH_NEAR_CACHES(true, 3, true);

    private final boolean copyOnRead;
    private final int nodes;
    private final boolean nearCaches;

    Kind(boolean copyOnRead, int nodes, boolean nearCaches) {
      this.copyOnRead = copyOnRead;
      this.nodes = nodes;
      this.nearCaches = nearCaches;
    }

    List<SessionManager> managers() {
      SessionStore shared = InMemorySessionStore.builder().copyOnRead(copyOnRead).build();
      List<SessionManager> managers = new ArrayList<>();
      for (int i = 0; i < nodes; i++) {
        SessionStore store =
            nearCaches
                ? NearCacheSessionStore.builder(shared).maxStaleness(Duration.ofMinutes(1)).build()
                : shared;
        managers.add(
            SessionManager.builder(store)
                .cleanUpInterval(Duration.ZERO)
                .storeTimeout(Duration.ofMinutes(1))
                .build());
      }
      return managers;
    }
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private List<SessionManager> nodes = List.of();

  @AfterEach
  void close() {
    threads.shutdownNow();
    nodes.forEach(SessionManager::close);
  }

  private <T> List<T> atOnce(int times, Callable<T> task) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(times);
    List<Future<T>> futures = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      futures.add(
          threads.submit(
              () -> {
                barrier.await(60, TimeUnit.SECONDS);
                return task.call();
              }));
    }
    List<T> results = new ArrayList<>();
    for (Future<T> future : futures) {
      results.add(future.get(120, TimeUnit.SECONDS));
    }
    return results;
  }

  private static Session live(SessionManager node, String token) {
    return ((Resolution.Live) node.adapter().resolve(List.of(token))).session();
  }

  private String begin() {
    SessionManager node = nodes.get(0);
    Session session = node.adapter().create(new Resolution.Absent());
    session.setAttribute("n", 0);
    node.save(session);
    String token = session.unsentToken().orElseThrow().value();
    session.markTokenSent();
    return token;
  }

  /** A node by thread: each is used by some. */
  private SessionManager anyNode() {
    return nodes.get((int) (Thread.currentThread().getId() % nodes.size()));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @DisplayName("B38: 20 forms, each sent twice at once, are 20 orders")
  void take_eachFormTwice_isOneOrder(Kind kind) throws Exception {
    nodes = kind.managers();
    String token = begin();
    for (int form = 0; form < 20; form++) {
      String name = "form " + form;
      Session page = live(nodes.get(0), token);
      page.setAttribute(name, "token " + form);
      nodes.get(0).save(page);
      for (SessionManager node : nodes) {
        // Every node has a copy that is as young as it can be.
        assertThat(live(node, token).isStored()).isTrue();
      }

      List<Boolean> sold =
          atOnce(
              2 * nodes.size(),
              () -> {
                SessionManager node = anyNode();
                return node.take(live(node, token), name).isPresent();
              });

      assertThat(sold).as("form %d", form).containsOnlyOnce(true);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @DisplayName("B14: 200 increments, 8 at a time, are 200, each of another number")
  void update_counter_losesNothing(Kind kind) throws Exception {
    nodes = kind.managers();
    String token = begin();
    List<Integer> results = new ArrayList<>();

    for (List<Integer> of :
        atOnce(
            8,
            () -> {
              List<Integer> own = new ArrayList<>();
              for (int i = 0; i < 25; i++) {
                SessionManager node = anyNode();
                own.add(
                    node.update(live(node, token), "n", Integer.class, n -> n.orElse(0) + 1)
                        .orElseThrow());
              }
              return own;
            })) {
      results.addAll(of);
    }

    assertThat(results).hasSize(200).doesNotHaveDuplicates();
    assertThat(nodes.get(0).update(live(nodes.get(0), token), "n", Integer.class, n -> n.get()))
        .contains(200);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @DisplayName("I4: an update that also sets another attribute keeps both, among plain saves")
  void update_amongSaves_losesNothing(Kind kind) throws Exception {
    nodes = kind.managers();
    String token = begin();

    atOnce(
        6,
        () -> {
          String own = "own " + Thread.currentThread().getId();
          for (int i = 1; i <= 20; i++) {
            SessionManager node = anyNode();
            Session session = live(node, token);
            session.setAttribute(own, i);
            if (i % 2 == 0) {
              node.update(session, "n", Integer.class, n -> n.orElse(0) + 1);
            } else {
              node.save(session);
            }
          }
          return own;
        });

    Session after = live(nodes.get(0), token);
    assertThat(nodes.get(0).update(after, "n", Integer.class, n -> n.get())).contains(60);
    assertThat(after.attributeNames()).hasSize(7);
    assertThat(after.attributeNames())
        .filteredOn(name -> name.startsWith("own"))
        .allSatisfy(name -> assertThat(after.attribute(name)).isEqualTo(20));
  }
}
