package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
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

  /** What the login of this thread began with; null outside of a login. */
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable PreviousSession> logins = new ThreadLocal<>();

  /**
   * Logs in. The session that begins is not reported until {@link #remove}.
   *
   * @param before the session that is logged in to. One that this request has begun was reported
   *     then, and continues under its own or another id.
   */
  LoginOutcome during(PreviousSession before, Supplier<LoginOutcome> login) {
    PreviousSession outer = logins.get();
    logins.set(before);
    boolean isGranted = false;
    try {
      LoginOutcome outcome = login.get();
      isGranted = outcome instanceof LoginOutcome.Granted;
      return outcome;
    } finally {
      // Not removed: the thread would need another entry at its next login.
      logins.set(outer);
      if (!isGranted) {
        before.begun().forEach(ids::remove);
      }
    }
  }

  /**
   * Records that a session was stored for the first time. Anonymous sessions are ignored, since no
   * login began them.
   */
  void created(StoredSession session) {
    PreviousSession login = session.principal().isPresent() ? logins.get() : null;
    if (login != null && login.began(session.id())) {
      ids.add(session.id());
    }
  }

  /**
   * Returns the generation of a session that listeners know, when it has ended: a login of this
   * thread may have given it a new secret, which is reported only if the login holds.
   */
  long announced(StoredSession ended) {
    PreviousSession login = logins.get();
    return login == null ? ended.generation() : login.announced(ended);
  }

  /** Records that the values of a session are reported as unbound with its end. */
  void unbound(EndedSession ended) {
    PreviousSession login = logins.get();
    if (login != null) {
      login.unbound(ended);
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
