package io.coatcheck.session.migration;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.List;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Tag;

/** Two nodes on one H2 database. */
@Tag("long")
class BackChannelLogoutH2Test extends BackChannelLogoutContract {

  @Override
  List<SessionStore> stores() {
    JdbcDataSource dataSource = new JdbcDataSource();
    dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    JdbcSessionStore first = JdbcSessionStore.builder(dataSource).createSchema(true).build();
    return List.of(first, JdbcSessionStore.builder(dataSource).build());
  }
}
