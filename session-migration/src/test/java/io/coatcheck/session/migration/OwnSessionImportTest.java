package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.testkit.MutableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions of an application's own making, on two nodes with one database. */
class OwnSessionImportTest {

  private static final String OLD = "sid=old-1";

  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private final JdbcDataSource dataSource = new JdbcDataSource();
  private OwnSessions old;
  private Node node;
  private Node another;

  @BeforeEach
  void start() throws Exception {
    dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    old = new OwnSessions(dataSource);
    old.insert("old-1", "alice", clock.instant().minusSeconds(60));
    node = node();
    another = node();
  }

  private Node node() throws Exception {
    SessionManager manager =
        SessionManager.builder(JdbcSessionStore.builder(dataSource).createSchema(true).build())
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .listener(events::add)
            .build();
    return new Node(manager, new OwnSessionImport(manager, old));
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
    another.close();
  }

  @Test
  void tenRequestsAtOnce_onTwoNodes_makeOneSession_andAllAreLoggedIn() throws Exception {
    List<CompletableFuture<Node.Answer>> answers = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      answers.add((i % 2 == 0 ? node : another).send("/", "Cookie", OLD));
    }
    for (CompletableFuture<Node.Answer> answer : answers) {
      assertThat(answer.get().principal()).isEqualTo("alice");
    }
    assertThat(node.manager().sessionsOf("alice")).hasSize(1);
    assertThat(events)
        .filteredOn(SessionEvent.ForeignCredential.class::isInstance)
        .singleElement()
        .extracting(event -> ((SessionEvent.ForeignCredential) event).kind())
        .isEqualTo(CredentialKind.OTHER);
  }

  @Test
  void oldId_opensNothing_onceTheNewCookieIsInUse_norAfterALogout() throws Exception {
    String ours = node.get("/", "Cookie", OLD).cookie().orElseThrow();
    assertThat(another.get("/", "Cookie", ours).principal()).isEqualTo("alice");
    clock.advance(Duration.ofSeconds(11));
    assertThat(another.get("/", "Cookie", OLD).principal()).isEqualTo("anonymous");
    node.get("/logout", "Cookie", ours);
    assertThat(another.get("/", "Cookie", OLD).principal()).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void logoutInTheOldApplication_endsTheNewSession_whileTheClientHasTheOldIdOnly()
      throws Exception {
    assertThat(node.get("/", "Cookie", OLD).principal()).isEqualTo("alice");
    old.delete("old-1");
    assertThat(another.get("/", "Cookie", OLD).principal()).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void oldIdBesideOurs_thatComesWithALogout_opensNothingAfterwards() throws Exception {
    String ours = node.get("/", "Cookie", OLD).cookie().orElseThrow();
    old.insert("old-2", "alice", clock.instant().minusSeconds(60));
    node.get("/logout", "Cookie", ours + "; sid=old-2");
    assertThat(another.get("/", "Cookie", "sid=old-2").principal()).isEqualTo("anonymous");
    assertThat(node.manager().sessionsOf("alice")).isEmpty();
  }

  @Test
  void madeUpId_opensNothing() throws Exception {
    for (String id : List.of("x", "OLD-1", "old-1 OR 1=1")) {
      assertThat(node.get("/", "Cookie", "sid=" + id).principal()).isEqualTo("anonymous");
    }
  }
}
