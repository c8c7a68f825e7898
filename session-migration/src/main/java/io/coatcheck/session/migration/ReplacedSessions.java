package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.servlet.WebSession;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ends the sessions of the old application that a session of Coatcheck has replaced. If that fails,
 * the user keeps the new session, and later requests that present the old cookie to the same node
 * retry it: one in ten seconds, since the old application's database may be slow to fail. Until
 * then the old session opens nothing, except in the old application.
 *
 * <p>A program that sends only its old cookie does so with every request. So {@link #endOnce} does
 * nothing for a minute after the session was ended, and remembers the last 10,000. It does not
 * remember them for longer, since a request in progress in the old application may store the
 * session again. Thread-safe; holds no lock while it ends a session.
 */
final class ReplacedSessions {

  /**
   * How many sessions that could not be ended are remembered. Beyond that, the one that was tried
   * longest ago is forgotten, and ends when it expires.
   */
  private static final int MAX_SESSIONS = 1_000;

  private static final Duration PAUSE = Duration.ofSeconds(10);

  private static final int MAX_ENDED = 10_000;
  private static final Duration STAYS_ENDED = Duration.ofMinutes(1);

  /** When the last attempt to end a session failed or began, by the id of the session. */
  private final Map<String, Instant> left = new ConcurrentHashMap<>();

  /** When a session was ended, by its id; guarded by itself. */
  private final Map<String, Instant> ended =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MAX_ENDED;
        }
      };

  private final ApplicationCode code = new ApplicationCode();
  private final InstantSource clock;

  ReplacedSessions(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Returns whether a request ends the old session before it opens the new one: if that fails, the
   * old one must not stay.
   */
  static boolean isDueAtOnce(ImportResult result) {
    return result.status() == ImportResult.Status.IMPORTED
        || result.status() == ImportResult.Status.SPENT;
  }

  /**
   * Returns whether a request that has opened a session which another one imported ends the old
   * one. It does so only a minute later, since the other may still check that it is live.
   */
  static boolean isDueLater(ImportResult result, WebSession session, Instant now) {
    return result.status() == ImportResult.Status.FOUND && OldCookie.isReplaced(session, now);
  }

  /** Returns whether an old session could not be ended, and is still to be retried. */
  boolean isLeft(String id) {
    return left.containsKey(id);
  }

  /**
   * Ends an old session. Does nothing if an attempt failed less than ten seconds ago, or if another
   * request is retrying it.
   *
   * @param id as the client presents it
   * @param ending ends it; what it throws is logged, and it is retried later
   */
  void end(String id, Runnable ending) {
    Instant now = clock.instant();
    if (mayTry(id, now)) {
      end(id, now, ending);
    }
  }

  /** Does the same, except if the session was ended less than a minute ago. */
  void endOnce(String id, Runnable ending) {
    if (isLeft(id) || !isEnded(id, clock.instant())) {
      end(id, ending);
    }
  }

  /** Ends an old session at a logout, whenever it was ended or an attempt failed before. */
  void endNow(String id, Runnable ending) {
    end(id, clock.instant(), ending);
  }

  private void end(String id, Instant now, Runnable ending) {
    if (code.tryToEnd(id, ending)) {
      left.remove(id);
      rememberEnd(id, now);
    } else {
      remember(id, now);
    }
  }

  private boolean mayTry(String id, Instant now) {
    Instant tried = left.get(id);
    if (tried == null) {
      return true;
    }
    boolean isPaused = !now.isBefore(tried) && now.isBefore(tried.plus(PAUSE));
    return !isPaused && left.replace(id, tried, now);
  }

  private boolean isEnded(String id, Instant now) {
    synchronized (ended) {
      Instant before = ended.get(id);
      return before != null && !now.isBefore(before) && now.isBefore(before.plus(STAYS_ENDED));
    }
  }

  private void rememberEnd(String id, Instant now) {
    synchronized (ended) {
      ended.remove(id);
      ended.put(id, now);
    }
  }

  private void remember(String id, Instant now) {
    left.put(id, now);
    if (left.size() > MAX_SESSIONS) {
      left.entrySet().stream()
          .min(Map.Entry.comparingByValue())
          .map(Map.Entry::getKey)
          .ifPresent(left::remove);
    }
  }
}
