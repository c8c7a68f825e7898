package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * An optional capability of a {@link SessionStore}: finding and ending the sessions of a principal,
 * and keeping their number within a limit.
 *
 * <p>Principals are equal if their code points are: {@code alice}, {@code Alice}, {@code alice }
 * (with a space behind) and {@code álice} are four. The index always agrees with the sessions that
 * the store holds: whoever sees a session by {@code find} sees it here. Thread-safe, as the store
 * is; the methods may block and fail like the store's.
 *
 * @since 0.1.0
 */
public interface PrincipalIndex {

  /**
   * Returns the stored sessions of a principal, in no particular order, expired ones included.
   *
   * @return a new list, which the caller may change; empty if there are none
   * @throws SessionStoreException if the store cannot tell; never a partial list
   */
  List<StoredSession> findByPrincipal(String principal);

  /**
   * Deletes all sessions of a principal but some. Every session that was stored with this principal
   * before the call began, and is not excepted, is gone when it returns.
   *
   * @param except the sessions to spare; empty spares none
   * @param deleted called once for each session that this call deleted, after it is gone for every
   *     reader; when it throws, the other sessions are handed over nevertheless and the first
   *     exception is thrown at the end, the others suppressed in it
   * @return how many were deleted
   * @throws SessionStoreException if the store failed: none, some or all may be gone
   */
  int deleteByPrincipal(String principal, Set<SessionId> except, Consumer<StoredSession> deleted);

  /**
   * Stores a session of a principal only within a limit of live sessions. Atomic for each
   * principal, on any number of nodes: no reader ever sees more live sessions than the limit, of
   * those that came through this method.
   *
   * <p>Counted are the principal's sessions that are unexpired at {@code now}, other than this one.
   * If they are fewer than {@code limit}, the session is stored. Otherwise {@code whenFull}
   * decides: as many as needed of those authenticated longest ago are deleted in the same step (of
   * two with the same moment, the one with the smaller id first), or nothing is changed. If the
   * session cannot be stored, no other is deleted; a newcomer that is both in conflict and to be
   * refused may be answered either way.
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
