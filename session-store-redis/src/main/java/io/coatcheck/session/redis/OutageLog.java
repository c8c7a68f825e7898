package io.coatcheck.session.redis;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Logs why a server is unreachable: at once when an outage begins, and again when the reason
 * changes. For example, a server may hang at first, and ask for a password after it was started
 * again. After a line there is none for a while, however often reasons change.
 *
 * <p>Thread-safe.
 */
final class OutageLog {

  /** The least time between two lines about one outage. */
  static final Duration PAUSE = Duration.ofSeconds(5);

  private final Logger log;
  private final LongSupplier nanoTime;

  /** The reason that was logged last; null while there is no outage. */
  private @Nullable String logged;

  private long loggedAt;

  /** Creates a log for one connection, with a clock as {@link System#nanoTime}. */
  OutageLog(Logger log, LongSupplier nanoTime) {
    this.log = log;
    this.nanoTime = nanoTime;
  }

  /** Records that the server could not be reached. */
  void failed(String reason) {
    String before = replaced(reason);
    if (before == null) {
      log.warn("Redis is not connected, and operations fail until it is: {}", reason);
    } else if (!before.equals(reason)) {
      log.warn("Redis is still not connected, now for another reason: {}", reason);
    }
  }

  /** Returns the previous reason, or the new one itself if nothing is to be logged. */
  private synchronized @Nullable String replaced(String reason) {
    String before = logged;
    long now = nanoTime.getAsLong();
    if (before != null && now - loggedAt < PAUSE.toNanos()) {
      return reason;
    }
    if (!reason.equals(before)) {
      logged = reason;
      loggedAt = now;
    }
    return before;
  }

  /** Records that the server is connected. */
  void ended() {
    boolean wasOutage;
    synchronized (this) {
      wasOutage = logged != null;
      logged = null;
    }
    if (wasOutage) {
      log.info("Redis is connected again");
    }
  }
}
