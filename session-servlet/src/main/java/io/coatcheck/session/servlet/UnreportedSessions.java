package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Session;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The sessions that logins have just begun and that were not reported to listeners yet. They are
 * reported once the login is known to hold. If one ends before that, because its condition does not
 * hold or another request ends it, listeners are notified of neither its beginning nor its end.
 * Thread-safe.
 */
final class UnreportedSessions {

  private final Set<SessionId> ids = ConcurrentHashMap.newKeySet();

  /**
   * The session that the login of this thread has begun, in a list that is immutable while it is
   * empty; null outside of a login, and in one that continues a session that was reported.
   */
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable List<SessionId>> begun = new ThreadLocal<>();

  /**
   * Logs in. The session that begins is not reported until {@link #remove}.
   *
   * @param before the session that is logged in to; null if there is none. One that this request
   *     has begun was reported then, and continues under its own or another id.
   */
  LoginOutcome during(@Nullable Session before, Supplier<LoginOutcome> login) {
    boolean isOwn = before != null && !before.isStored() && !before.isEnded();
    List<SessionId> outer = begun.get();
    begun.set(isOwn ? null : List.of());
    boolean isGranted = false;
    try {
      LoginOutcome outcome = login.get();
      isGranted = outcome instanceof LoginOutcome.Granted;
      return outcome;
    } finally {
      List<SessionId> mine = begun.get();
      // Not removed: the thread would need another entry at its next login.
      begun.set(outer);
      if (mine != null && !isGranted) {
        mine.forEach(ids::remove);
      }
    }
  }

  /**
   * Records that a session was stored for the first time. Anonymous sessions are ignored, since no
   * login began them.
   */
  void created(StoredSession session) {
    List<SessionId> mine = session.principal().isPresent() ? begun.get() : null;
    if (mine != null) {
      ids.add(session.id());
      if (mine.isEmpty()) {
        mine = new ArrayList<>(1);
        begun.set(mine);
      }
      mine.add(session.id());
    }
  }

  /**
   * Reports a session from now on, or records that it has ended.
   *
   * @return whether it was unreported until now
   */
  boolean remove(SessionId id) {
    return !ids.isEmpty() && ids.remove(id);
  }
}
