package io.coatcheck.session.spring;

import io.coatcheck.session.store.SessionStore;
import java.util.List;

/**
 * The connections of Spring Boot to Redis. Names no class of Redis, since applications without it
 * load this one.
 */
interface RedisConnections {

  /** Returns whether there is one connection, or a primary one. */
  boolean isUnique();

  /** Returns the names of the connections that could be injected. */
  List<String> names();

  /**
   * Builds a store with the settings of the connection.
   *
   * @throws InvalidSettingException if there is no such connection, or it is of a kind that the
   *     store does not support
   */
  SessionStore store(CoatcheckProperties.Redis properties, List<StoreObserver> observers);
}
