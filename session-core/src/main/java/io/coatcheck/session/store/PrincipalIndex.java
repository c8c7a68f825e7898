package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An optional capability of a {@link SessionStore}: finding and ending the sessions of a principal.
 * {@link LoginLimit} keeps their number within a limit.
 *
 * <p>Principals are equal if their code points are: {@code alice}, {@code Alice}, {@code alice }
 * (with a trailing space) and {@code álice} are four. The index always agrees with the sessions
 * that the store holds: a session that {@code find} returns is listed here.
 *
 * <p><b>Bounded.</b> A principal may have any number of sessions, of any size. No operation holds
 * all of them in memory, or all in one transaction: it works in steps that are bounded in rows and
 * in bytes. Each step is atomic, the whole is not.
 *
 * <p>Thread-safe, as the store is; the methods may block and fail like the store's.
 *
 * @since 0.1.0
 */
public interface PrincipalIndex {

  /** The maximum number of sessions in one page of {@link #findByPrincipal}. */
  int MAX_PAGE = 1_000;

  /**
   * Returns a page of the stored sessions of a principal, in ascending order of their ids, expired
   * ones included. They come <b>without attributes</b>, and with all their other parts: never store
   * a snapshot from here. Each session is as it was at some moment during the call, and one that is
   * the principal's throughout is not left out; the moments may differ.
   *
   * @param principal any text; one that is not a valid principal has no sessions
   * @param after the last id of the page before; null for the first page. That session may have
   *     ended since
   * @param limit the size of the page, from 1 to {@value #MAX_PAGE}
   * @return a new list, which the caller may change; fewer than {@code limit} only if there are no
   *     more
   * @throws IllegalArgumentException if {@code limit} is out of range
   * @throws SessionStoreException if the store cannot answer; never a partial page
   */
  List<StoredSession> findByPrincipal(String principal, @Nullable SessionId after, int limit);

  /**
   * Deletes all sessions of a principal except some, in steps. Every session that was stored with
   * this principal before the call began, and is not excepted, is gone when it returns, or throws
   * what {@code deleted} threw. One that begins or logs in during the call may or may not be
   * spared; the call ends, however many there are.
   *
   * @param except the sessions to spare, of any number: only {@link Set#contains} is asked; empty
   *     spares none; not changed during the call
   * @param deleted called once for each session that this call deleted, after it is gone for every
   *     reader, while others may still be there; each is passed to only one caller on all nodes.
   *     When it throws, even an {@code Error}, the call continues, the other sessions are still
   *     handed over, and the first exception is thrown at the end, with some others suppressed in
   *     it
   * @return how many were deleted
   * @throws SessionStoreException if the store failed. The steps before are done and handed over;
   *     of the step that failed, all or none may be gone, without having been handed over. The next
   *     call continues from there
   */
  int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted);

  /**
   * Deletes the surplus of a principal, in steps: of the sessions that are unexpired at {@code now}
   * all but {@code keep}, those that were authenticated longest ago (of two with the same moment,
   * the one with the smaller id). The call first determines the oldest session that is kept, and
   * then deletes those that were authenticated before it. Of the sessions that begin or log in
   * during the call, those that were authenticated later are spared, and others may be deleted or
   * not. One that ends during the call is not replaced by another. Expired sessions are neither
   * counted nor deleted.
   *
   * @param keep at least 1
   * @param deleted as for {@link #deleteByPrincipal}, in no particular order
   * @return how many were deleted
   * @throws IllegalArgumentException if {@code keep} is less than 1
   * @throws SessionStoreException as by {@link #deleteByPrincipal}
   */
  int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted);
}
