package io.coatcheck.examples.faces;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.UUID;
import org.h2.jdbcx.JdbcConnectionPool;

/** Where the sessions of the application are. */
enum Store {
  CONTAINER,
  MEMORY,
  COPY_ON_READ,
  H2,
  NEAR_CACHE;

  /** Begins a manager, whose store is empty. */
  SessionManager manager(AttributeCodec codec) {
    return SessionManager.builder(store()).codec(codec).build();
  }

  private SessionStore store() {
    return switch (this) {
      case CONTAINER -> throw new IllegalStateException("the container has no manager");
      case MEMORY -> InMemorySessionStore.builder().build();
      case COPY_ON_READ -> InMemorySessionStore.builder().copyOnRead(true).build();
      case H2 -> h2();
      case NEAR_CACHE -> NearCacheSessionStore.wrap(h2());
    };
  }

  private static SessionStore h2() {
    String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
    return JdbcSessionStore.builder(JdbcConnectionPool.create(url, "sa", ""))
        .createSchema(true)
        .build();
  }
}
