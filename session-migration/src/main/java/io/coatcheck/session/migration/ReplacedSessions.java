package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.servlet.WebSession;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ends old sessions in place of which new ones were stored. If that fails, the user keeps the new
 * session, and it is tried again when the client presents the old cookie to the same node. The old
 * session opens nothing meanwhile, except in the old application. Thread-safe.
 */
final class ReplacedSessions {

  /** How many failures are remembered. The others end when they expire. */
  private static final int MOST = 1_000;

  private final Set<String> left = ConcurrentHashMap.newKeySet();
  private final ApplicationCode code = new ApplicationCode();

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
    return left.contains(id);
  }

  /**
   * Ends an old session.
   *
   * @param id as the client presents it
   * @param ending may throw
   */
  void end(String id, Runnable ending) {
    if (code.isDone("the end of an old session", id, ending)) {
      left.remove(id);
    } else if (left.size() < MOST) {
      left.add(id);
    }
  }
}
