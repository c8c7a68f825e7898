package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * An optional capability: looks at many sessions at about the cost of one. Thread-safe, as the
 * store is; the methods may block and fail like the store's.
 *
 * @since 0.1.0
 */
public interface BatchLookup {

  /** The maximum number of ids in one call. */
  int MAX_IDS = 1_000;

  /**
   * Shows whether a copy of a session is still current.
   *
   * @param version as {@link StoredSession#version()}
   * @param lastSeenAt as {@link StoredSession#lastSeenAt()}
   */
  record Stamp(long version, Instant lastSeenAt) {}

  /**
   * Returns the stamps of those of the sessions that are stored, expired or not, each as it is at
   * some moment during the call.
   *
   * @param ids at most {@value #MAX_IDS}; an empty set is allowed, and asks the backend nothing
   * @return a map that the caller owns; a session that is not in it does not exist
   * @throws IllegalArgumentException if there are too many ids
   * @throws SessionStoreException if the store cannot answer; never a partial answer
   */
  Map<SessionId, Stamp> stamps(Set<SessionId> ids);
}
