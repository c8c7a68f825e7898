package io.coatcheck.examples.frameworks.trial;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;

/** Where an application's sessions are. */
public enum Store {
  /** Sessions of Tomcat, without Coatcheck. */
  CONTAINER,
  MEMORY,
  COPY_ON_READ,
  H2,
  NEAR_CACHE;

  /** Returns whether the store keeps bytes, and not the objects themselves. */
  public boolean keepsBytes() {
    return this != CONTAINER && this != MEMORY;
  }

  /** Returns an empty store. */
  SessionStore create() {
    return switch (this) {
      case CONTAINER -> throw new IllegalStateException("Tomcat keeps its sessions by itself");
      case MEMORY -> InMemorySessionStore.builder().build();
      case COPY_ON_READ -> InMemorySessionStore.builder().copyOnRead(true).build();
      case H2 -> h2(inMemory());
      case NEAR_CACHE -> NearCacheSessionStore.wrap(h2(inMemory()));
    };
  }

  /** Returns a store in a database, which may hold sessions from before. */
  public static SessionStore h2(String url) {
    JdbcDataSource database = new JdbcDataSource();
    database.setURL(url);
    return JdbcSessionStore.builder(database).createSchema(true).build();
  }

  private static String inMemory() {
    return "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
  }
}
