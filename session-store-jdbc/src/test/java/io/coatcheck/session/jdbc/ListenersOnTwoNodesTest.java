package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two nodes on one database, with the listeners of the application on each. If an end were told by
 * both nodes, or by none, the lists of what was heard would have a line too many, or too few.
 */
@Tag("wide")
@DisplayName("The end of a session is reported once on all nodes together, with its attributes")
class ListenersOnTwoNodesTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final int SESSIONS = 24;

  /** A value that hears of its end, and what it could read then. */
  record Ticket(String name) implements HttpSessionBindingListener, Serializable {

    static final List<String> HEARD = new CopyOnWriteArrayList<>();

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add(event.getName() + " unbound from " + name + textOf(event.getSession()));
    }
  }

  /** A listener as an application has it on each node. */
  private static final class Ear implements HttpSessionListener {

    private final List<String> heard = new CopyOnWriteArrayList<>();

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      heard.add(
          "destroyed "
              + ((Ticket) event.getSession().getAttribute("ticket")).name()
              + textOf(event.getSession()));
    }
  }

  private static String textOf(HttpSession session) {
    return " with note " + session.getAttribute("note");
  }

  private static final class Setting implements AutoCloseable {

    private final MutableClock clock = MutableClock.at(NOW);
    private final Table table;
    private final List<Ear> ears = new ArrayList<>();
    private final List<SessionManager> managers = new ArrayList<>();
    private final List<AppNode> nodes = new ArrayList<>();

    Setting(TestDatabase database) {
      Ticket.HEARD.clear();
      table = new Table(new Pool(database, database.database, true, null), 8);
      for (int i = 0; i < 2; i++) {
        Ear ear = new Ear();
        SessionManager manager =
            SessionManager.builder(table.builder().build())
                .clock(clock)
                .codec(JavaSerializationCodec.builder().allow(Ticket.class.getName()).build())
                .sessionsPerPrincipal(SESSIONS, WhenFull.EVICT_OLDEST)
                .cleanUpInterval(Duration.ZERO)
                .storeTimeout(Duration.ofMinutes(1))
                .build();
        ears.add(ear);
        managers.add(manager);
        nodes.add(new AppNode(manager, filter -> filter.listener(ear)));
      }
    }

    /** Begins a session on one node, and uses it on the other. */
    AppClient begin(int number) throws IOException {
      AppClient client = new AppClient();
      client.get(nodes.get(number % 2).port(), "/ticket?name=ticket&value=s" + number);
      client.get(nodes.get((number + 1) % 2).port(), "/set?name=note&value=n" + number);
      return client;
    }

    static SessionId idOf(AppClient client) {
      String cookie = client.cookie();
      return SessionId.parse(cookie.substring(cookie.indexOf('=') + 1, cookie.indexOf('.')))
          .orElseThrow();
    }

    /** Both nodes do something at once. */
    void both(Work work) {
      List<Callable<Object>> each = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        SessionManager manager = managers.get(i);
        int port = nodes.get(i).port();
        each.add(
            () -> {
              work.on(manager, port);
              return "done";
            });
      }
      Together.run(each);
    }

    void assertNotifiedOnce(List<Integer> numbers) {
      List<String> destroyed = new ArrayList<>(ears.get(0).heard);
      destroyed.addAll(ears.get(1).heard);
      assertThat(destroyed)
          .containsExactlyInAnyOrderElementsOf(
              numbers.stream().map(n -> "destroyed s" + n + " with note n" + n).toList());
      assertThat(Ticket.HEARD)
          .containsExactlyInAnyOrderElementsOf(
              numbers.stream().map(n -> "ticket unbound from s" + n + " with note n" + n).toList());
    }

    @Override
    public void close() {
      try {
        nodes.forEach(AppNode::close);
      } finally {
        table.close();
      }
    }
  }

  /** What a node does. */
  private interface Work {
    void on(SessionManager manager, int port) throws IOException;
  }

  private static List<Integer> numbers() {
    return IntStream.range(0, SESSIONS).boxed().toList();
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void expiry(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database)) {
      for (int number : numbers()) {
        setting.begin(number);
      }
      setting.clock.advance(Duration.ofDays(1));

      setting.both((manager, port) -> manager.cleanUp());
      setting.both((manager, port) -> manager.cleanUp());

      assertThat(setting.table.count()).isZero();
      setting.assertNotifiedOnce(numbers());
    }
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void revocation(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database)) {
      for (int number : numbers()) {
        SessionId id = Setting.idOf(setting.begin(number));
        setting.both((manager, port) -> manager.revoke(id));
      }

      setting.assertNotifiedOnce(numbers());
    }
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void revocationByPrincipal(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database)) {
      for (int number : numbers()) {
        setting.begin(number).get(setting.nodes.get(number % 2).port(), "/login?value=alice");
      }

      setting.both((manager, port) -> manager.revokeAllOf("alice"));

      setting.assertNotifiedOnce(numbers());
    }
  }

  @DisplayName("logout by two requests of one session at once, on two nodes")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void logout(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database)) {
      for (int number : numbers()) {
        AppClient client = setting.begin(number);
        String cookie = client.cookie();
        setting.both(
            (manager, port) -> {
              AppClient request = new AppClient();
              request.present(cookie);
              request.get(port, "/logout");
            });
      }

      setting.assertNotifiedOnce(numbers());
    }
  }

  @DisplayName(
      "the limit of sessions, while both nodes log in: each evicted session is reported once")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void evictionByTheLimit(TestDatabase database) throws IOException {
    try (Setting setting = new Setting(database)) {
      for (int number : numbers()) {
        setting.begin(number).get(setting.nodes.get(number % 2).port(), "/login?value=alice");
        setting.clock.advance(Duration.ofSeconds(1));
      }

      setting.both((manager, port) -> new AppClient().get(port, "/login?value=alice"));

      setting.assertNotifiedOnce(List.of(0, 1));
    }
  }
}
