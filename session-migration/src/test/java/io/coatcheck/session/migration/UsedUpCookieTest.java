package io.coatcheck.session.migration;

import static io.coatcheck.session.migration.OldApplication.cookie;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.testkit.MutableClock;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** What the cookie of a session that was imported and has ended costs the old database. */
class UsedUpCookieTest {

  /** Counts the connections. */
  private static final class Counted extends DelegatingDataSource {

    final AtomicInteger connections = new AtomicInteger();

    Counted(JdbcDataSource target) {
      super(target);
    }

    @Override
    public Connection getConnection() throws SQLException {
      connections.incrementAndGet();
      return super.getConnection();
    }
  }

  /** A program that keeps only its old cookie sends it with every request. */
  @Test
  void request_deletesTheOldSessionOnceAMinute_whereThatIsAskedFor() throws Exception {
    JdbcDataSource database = new JdbcDataSource();
    database.setURL("jdbc:h2:mem:used-up;DB_CLOSE_DELAY=-1");
    OldApplication<?> old = new SpringSessionJdbc(database, "h2", "SPRING_SESSION").application();
    Counted counted = new Counted(database);
    MutableClock clock = MutableClock.at(Instant.now());
    SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build()).clock(clock).build();
    Node node =
        new Node(
            manager,
            SpringSessionImport.builder(
                    manager,
                    JdbcSpringSessions.builder(counted).build(),
                    SpringSessionImportContract.CODEC)
                .deleteImported(true)
                .build());
    try {
      String cookies = cookie(old.begin(SpringSessionImportContract.login("alice")));
      assertThat(node.get("/", "Cookie", cookies).principal()).isEqualTo("alice");
      manager.revokeAllOf("alice");
      counted.connections.set(0);
      for (int request = 0; request < 3; request++) {
        clock.advance(Duration.ofSeconds(19));
        assertThat(node.get("/", "Cookie", cookies).principal()).isEqualTo("anonymous");
      }
      assertThat(counted.connections).as("was deleted less than a minute ago").hasValue(0);
      for (int request = 0; request < 3; request++) {
        clock.advance(Duration.ofSeconds(3));
        assertThat(node.get("/", "Cookie", cookies).principal()).isEqualTo("anonymous");
      }
      assertThat(counted.connections).as("another minute").hasValue(1);
    } finally {
      node.close();
    }
  }
}
