package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Requests that spend and count at the same time, on one node and on three, on real databases, with
 * copies near and without. With {@code attribute} and {@code save} in place of the steps, most
 * forms are two orders.
 */
@DisplayName("I4: atomic steps on an attribute")
class AtomicStepTest {

  /** Some nodes on one table. */
  private static final class Nodes implements AutoCloseable {

    private final Table table;
    private final List<SessionManager> managers = new ArrayList<>();

    Nodes(TestDatabase database, int count, boolean nearCaches) {
      table = new Table(new Pool(database, database.database, true, null), 8);
      for (int i = 0; i < count; i++) {
        SessionStore store = table.builder().build();
        managers.add(
            SessionManager.builder(
                    nearCaches
                        ? NearCacheSessionStore.builder(store)
                            .maxStaleness(Duration.ofMinutes(1))
                            .build()
                        : store)
                .cleanUpInterval(Duration.ZERO)
                .storeTimeout(Duration.ofMinutes(1))
                .build());
      }
      table.watched.takeKinds();
    }

    String begin() {
      SessionManager node = managers.get(0);
      Session session = node.adapter().create(new Resolution.Absent());
      session.setAttribute("n", 0);
      node.save(session);
      String token = session.unsentToken().orElseThrow().value();
      session.markTokenSent();
      return token;
    }

    SessionManager node(int number) {
      return managers.get(number % managers.size());
    }

    @Override
    public void close() {
      managers.forEach(SessionManager::close);
      table.close();
    }
  }

  private static Session live(SessionManager node, String token) {
    return ((Resolution.Live) node.adapter().resolve(List.of(token))).session();
  }

  @DisplayName("B38: 20 forms, each sent twice at once, are 20 orders")
  @ParameterizedTest(name = "{0}, {1} nodes, near caches: {2}")
  @CsvSource({
    "H2, 1, false", "H2, 3, false", "H2, 3, true",
    "POSTGRESQL, 1, false", "POSTGRESQL, 3, false", "POSTGRESQL, 3, true",
    "MARIADB, 1, false", "MARIADB, 3, false", "MARIADB, 3, true",
  })
  void take_formSentTwice_isOneOrder(TestDatabase database, int count, boolean nearCaches) {
    try (Nodes nodes = new Nodes(database, count, nearCaches)) {
      String token = nodes.begin();
      for (int form = 0; form < 20; form++) {
        String name = "form " + form;
        Session page = live(nodes.node(form), token);
        page.setAttribute(name, "open");
        nodes.node(form).save(page);
        // Each node has seen the session with the form; a copy may be as old as this.
        nodes.managers.forEach(node -> live(node, token).attribute(name));
        List<Callable<Boolean>> requests =
            IntStream.range(form, form + 2)
                .<Callable<Boolean>>mapToObj(
                    number ->
                        () -> {
                          SessionManager node = nodes.node(number);
                          return node.take(live(node, token), name).isPresent();
                        })
                .toList();

        assertThat(Together.run(requests)).as(name).containsOnlyOnce(true);
      }
    }
  }

  @DisplayName("B14: 100 increments, 4 at once, are 100, each of another number")
  @ParameterizedTest(name = "{0}, {1} nodes, near caches: {2}")
  @CsvSource({
    "H2, 1, false",
    "H2, 3, true",
    "POSTGRESQL, 1, false",
    "POSTGRESQL, 3, true",
    "MARIADB, 1, false",
    "MARIADB, 3, true",
  })
  void update_counter_losesNothing(TestDatabase database, int count, boolean nearCaches) {
    try (Nodes nodes = new Nodes(database, count, nearCaches)) {
      String token = nodes.begin();
      List<Callable<List<Integer>>> clients =
          IntStream.range(0, 4)
              .<Callable<List<Integer>>>mapToObj(
                  client ->
                      () -> {
                        List<Integer> seen = new ArrayList<>();
                        for (int i = 0; i < 25; i++) {
                          SessionManager node = nodes.node(client + i);
                          seen.add(
                              node.update(
                                      live(node, token), "n", Integer.class, n -> n.orElse(0) + 1)
                                  .orElseThrow());
                        }
                        return seen;
                      })
              .toList();

      List<Integer> all = Together.run(clients).stream().flatMap(List::stream).toList();

      assertThat(all).hasSize(100).doesNotHaveDuplicates();
      assertThat(nodes.table.store.find(live(nodes.node(0), token).id()).orElseThrow().attributes())
          .containsOnlyKeys("n");
      assertThat(all).contains(100);
    }
  }

  @DisplayName("I7: a step is one UPDATE; one more SELECT and UPDATE for each lost race")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void budget(TestDatabase database) {
    try (Nodes nodes = new Nodes(database, 2, false)) {
      String token = nodes.begin();
      SessionManager node = nodes.node(0);
      Session session = live(node, token);
      Session late = live(nodes.node(1), token);
      WatchedDataSource watched = nodes.table.watched;
      watched.takeKinds();

      session.setAttribute("other", "1");
      node.update(session, "n", Integer.class, n -> n.orElse(0) + 1);
      node.save(session);
      assertThat(watched.takeKinds()).as("with another change").containsExactly("UPDATE");

      node.take(session, "none");
      assertThat(watched.takeKinds()).as("changes nothing").containsExactly("SELECT");

      nodes.node(1).update(late, "n", Integer.class, n -> n.orElse(0) + 1);
      assertThat(watched.takeKinds())
          .as("a lost race")
          .containsExactly("UPDATE", "SELECT", "UPDATE");

      node.take(session, "n");
      watched.takeKinds();
      assertThat(nodes.node(1).take(late, "n")).isEmpty();
      assertThat(watched.takeKinds())
          .as("a lost race for what can be taken once")
          .containsExactly("UPDATE", "SELECT");
    }
  }
}
