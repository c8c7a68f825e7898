package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The login that a request belongs to: the one that it came with, or its own. Usually the snapshot
 * of its working copy holds this login. If another request has since logged in the same principal,
 * the merged snapshot holds that login instead; the working copy then keeps its own login's time
 * separately.
 */
final class RequestLogin {

  private RequestLogin() {}

  /**
   * Returns the moment that a working copy keeps when it moves to a later snapshot.
   *
   * @param own the moment that it has kept so far; null for the one in the snapshot
   */
  static @Nullable Instant kept(@Nullable Instant own, StoredSession before, StoredSession after) {
    if (own == null && after.generation() != before.generation()) {
      Instant login = before.authenticatedAt().orElse(null);
      if (login != null && !login.equals(after.authenticatedAt().orElse(null))) {
        return login;
      }
    }
    return own;
  }

  /** Returns when the principal logged in by the login of a request. */
  static Optional<Instant> at(WorkingCopy session) {
    // In this order: a snapshot with a later login is written after the moment of the own one.
    StoredSession known = session.snapshot();
    Instant own = session.ownLogin();
    return own == null ? known.authenticatedAt() : Optional.of(own);
  }

  /** Returns {@link #at} in milliseconds since the epoch; negative if it is empty. */
  static long millisOf(WorkingCopy session) {
    StoredSession known = session.snapshot();
    Instant own = session.ownLogin();
    return own == null ? known.authenticatedAtMillis() : own.toEpochMilli();
  }

  /**
   * Returns whether there has been a login, of any principal, since the one that a request belongs
   * to. A new secret alone does not count.
   */
  static boolean isReplaced(WorkingCopy session, StoredSession now) {
    synchronized (session) {
      return SessionEnder.isLoggedInAnew(session.snapshot(), now)
          || !now.authenticatedAt().equals(at(session));
    }
  }

  /**
   * Returns whether there has been no login of another principal and no explicit renewal between
   * two snapshots of one id, and both are of the same session.
   *
   * <p>Fences are not compared by order. An imported session begins with a random one, so that of
   * another attempt to import it, which is stored late under the same id, may be lower or higher.
   */
  static boolean hasSameFence(StoredSession one, StoredSession other) {
    return one.fence() == other.fence();
  }

  /**
   * Returns whether a snapshot belongs to the same login, or lack of a login, as a request. A
   * periodic renewal does not change that. An explicit renewal does, and so does a new login, even
   * of the same principal and even if the request has seen it.
   */
  static boolean isSame(WorkingCopy session, StoredSession now) {
    synchronized (session) {
      return hasSameFence(session.snapshot(), now) && !isReplaced(session, now);
    }
  }
}
