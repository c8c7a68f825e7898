package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.servlet.WebSession;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ends old sessions in place of which new ones were stored. If that fails, the user keeps the new
 * session, and later requests that present the old cookie to the same node retry it: one in ten
 * seconds, since the old application's database may be slow to fail. The old session opens nothing
 * meanwhile, except in the old application. Thread-safe.
 */
final class ReplacedSessions {

  /** How many failures are remembered, the latest. Older ones end when they expire. */
  private static final int MOST = 1_000;

  private static final Duration PAUSE = Duration.ofSeconds(10);

  /** When it was last tried to end an old session, by its id. */
  private final Map<String, Instant> left = new ConcurrentHashMap<>();

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

  /** Returns whether an old session could not be ended. */
  boolean isLeft(String id) {
    return left.containsKey(id);
  }

  /**
   * Ends an old session, unless that has failed a moment ago or another request retries it.
   *
   * @param id as the client presents it
   * @param ending may throw
   */
  void end(String id, Runnable ending) {
    Instant now = clock.instant();
    if (mayTry(id, now)) {
      end(id, now, ending);
    }
  }

  /** Ends an old session, even if that has failed a moment ago. For a logout. */
  void endNow(String id, Runnable ending) {
    end(id, clock.instant(), ending);
  }

  private void end(String id, Instant now, Runnable ending) {
    if (code.isDone("the end of an old session", id, ending)) {
      left.remove(id);
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

  private void remember(String id, Instant now) {
    left.put(id, now);
    if (left.size() > MOST) {
      left.entrySet().stream()
          .min(Map.Entry.comparingByValue())
          .map(Map.Entry::getKey)
          .ifPresent(left::remove);
    }
  }
}
