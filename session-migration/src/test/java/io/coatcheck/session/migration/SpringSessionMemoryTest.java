package io.coatcheck.session.migration;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.List;
import org.h2.jdbcx.JdbcDataSource;

/** Old sessions in H2, new ones in memory. */
class SpringSessionMemoryTest extends SpringSessionImportContract {

  private final JdbcDataSource dataSource = new JdbcDataSource();
  private final SessionStore store = InMemorySessionStore.builder().build();
  private SpringSessionJdbc spring;

  SpringSessionMemoryTest() {
    dataSource.setURL("jdbc:h2:mem:import-to-memory;DB_CLOSE_DELAY=-1");
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
    return List.of(store, store);
  }
}
