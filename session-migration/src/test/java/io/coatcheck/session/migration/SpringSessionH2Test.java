package io.coatcheck.session.migration;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.List;
import org.h2.jdbcx.JdbcDataSource;

/** Old and new sessions in one H2 database. */
class SpringSessionH2Test extends SpringSessionImportContract {

  private final JdbcDataSource dataSource = new JdbcDataSource();
  private SpringSessionJdbc spring;

  SpringSessionH2Test() {
    dataSource.setURL("jdbc:h2:mem:import;DB_CLOSE_DELAY=-1");
  }

  @Override
  OldApplication<?> oldApplication() throws Exception {
    spring = new SpringSessionJdbc(dataSource, "h2", "SPRING_SESSION");
    return spring.application();
  }

  @Override
  SpringSessions oldSessions() {
    return JdbcSpringSessions.builder(dataSource).build();
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
