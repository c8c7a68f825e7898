package io.coatcheck.session.migration;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Instant;
import java.util.Optional;

/**
 * Where Spring Session keeps its sessions: {@link JdbcSpringSessions} or {@link
 * RedisSpringSessions}. Thread-safe; blocks as the database does.
 *
 * @since 0.1.0
 */
public abstract sealed class SpringSessions permits JdbcSpringSessions, RedisSpringSessions {

  /** The attribute with the name by which Spring Session finds the sessions of a user. */
  static final String INDEXED_NAME =
      "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME";

  /** The maximum size of an attribute, in bytes. */
  static final int MAX_ATTRIBUTE_BYTES = 1 << 20;

  /** The maximum size of all attributes of a session together, in bytes. */
  static final int MAX_SESSION_BYTES = 1 << 24;

  /** The maximum number of attributes of a session. */
  static final int MAX_ATTRIBUTES = 1_000;

  SpringSessions() {}

  /**
   * Reads a session.
   *
   * @param id exactly as stored, a UUID in lower case
   * @return empty if there is none; it may have expired
   * @throws SessionStoreException if it cannot be read
   */
  abstract Optional<SpringSession> find(String id);

  /**
   * Returns whether there is a session that has not expired.
   *
   * @throws SessionStoreException if it cannot be read
   */
  abstract boolean isLive(String id, Instant now);

  /**
   * Deletes a session, if there is one.
   *
   * @throws SessionStoreException if that failed: it may be deleted or not
   */
  abstract void delete(String id);
}
