package io.coatcheck.session.migration;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.servers.PostgresServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Old and new sessions in one PostgreSQL database, the old ones in a table of another name. */
@Tag("wide")
class SpringSessionPostgresTest extends SpringSessionImportContract {

  private static EmbeddedPostgres server;
  private static DataSource dataSource;
  private SpringSessionJdbc spring;

  @BeforeAll
  static void startServer() throws Exception {
    server = PostgresServer.start(settings -> settings.setServerConfig("fsync", "off"));
    dataSource = server.getPostgresDatabase();
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  @Override
  OldApplication<?> oldApplication() throws Exception {
    spring = new SpringSessionJdbc(dataSource, "postgresql", "OLD_SESSION");
    return spring.application();
  }

  @Override
  SpringSessions oldSessions() {
    return JdbcSpringSessions.builder(dataSource).tableName("public.OLD_SESSION").build();
  }

  @Override
  void breakOldSessions(boolean isBroken) {
    spring.rename(isBroken);
  }

  @Override
  List<SessionStore> stores() {
    return List.of(store(), store());
  }

  private SessionStore store() {
    return JdbcSessionStore.builder(dataSource).createSchema(true).build();
  }
}
