package io.coatcheck.session.store;

import java.time.Instant;

/**
 * An optional capability of a {@link SessionStore}: keeping the number of a principal's live
 * sessions within a limit. It is separate from {@link PrincipalIndex} because it needs several
 * sessions to change in one atomic step, which a store that spreads its sessions over partitions
 * cannot do; such a store can still list and revoke. A store that has this has a {@code
 * PrincipalIndex} too.
 *
 * <p>Principals are equal if their code points are, as in the index.
 *
 * <p>Thread-safe, as the store is; the method may block and fail like the store's.
 *
 * @since 0.1.0
 */
public interface LoginLimit {

  /** The maximum number of sessions that one {@link #admit} ends. */
  int MAX_EVICTED = 8;

  /**
   * Stores a session of a principal only within a limit of live sessions. Atomic for each
   * principal, on any number of nodes: no reader ever sees more live sessions than the limit, of
   * those that came through this method.
   *
   * <p>Counted are the principal's sessions that are unexpired at {@code now}, other than this one.
   * If they are fewer than {@code limit}, the session is stored. Otherwise {@code whenFull}
   * decides: as many as needed of those authenticated longest ago are deleted in the same step (of
   * two with the same moment, the one with the smaller id first), or nothing is changed. More than
   * {@value #MAX_EVICTED} are never deleted here: then nothing is changed, and the answer is {@link
   * Admission.Outcome#CROWDED}. If the session cannot be stored, no other is deleted; a session
   * that is both in conflict and to be refused, or in conflict and too many, may be answered either
   * way.
   *
   * @param session has a principal; stored as by {@link SessionStore#insert} if {@code isNew}, else
   *     as by {@link SessionStore#update}
   * @param limit at least 1
   * @throws IllegalArgumentException if {@code session} has no principal or {@code limit} is less
   *     than 1
   * @throws SessionStoreException as by {@code insert} and {@code update}
   */
  Admission admit(StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now);
}
