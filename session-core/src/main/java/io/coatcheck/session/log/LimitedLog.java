package io.coatcheck.session.log;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Logs problems that clients, or something broken, can repeat without limit: the first of each kind
 * at once, then one line in each interval, which says how many were left out. So a frequent problem
 * does not hide a rare one. Kinds beyond the first {@value #MAX_KINDS} share one limit, which
 * bounds the memory. Thread-safe.
 */
public final class LimitedLog {

  static final int MAX_KINDS = 100;

  private static final String OTHERS = "";

  private final Logger log;
  private final Duration interval;
  private final Map<String, LogThrottle> byKind = new ConcurrentHashMap<>();

  /**
   * Creates a limited log.
   *
   * @param interval the least time between two lines of one kind
   */
  public LimitedLog(Logger log, Duration interval) {
    this.log = log;
    this.interval = interval;
  }

  /**
   * Logs an error, unless it is one too many.
   *
   * @param kind what counts as the same problem, such as the name of the class that failed
   */
  public void error(String kind, String message, @Nullable Throwable failure) {
    LogThrottle throttle = of(kind);
    if (throttle.admits()) {
      log.error("{}{}", message, leftOut(throttle), failure);
    }
  }

  /**
   * Logs a warning, unless it is one too many.
   *
   * @param kind what counts as the same problem
   */
  public void warn(String kind, String message) {
    LogThrottle throttle = of(kind);
    if (throttle.admits()) {
      log.warn("{}{}", message, leftOut(throttle));
    }
  }

  private static String leftOut(LogThrottle throttle) {
    long refused = throttle.takeRefused();
    return refused == 0 ? "" : " (" + refused + " more since the last line like this)";
  }

  private LogThrottle of(String kind) {
    LogThrottle known = byKind.get(kind);
    if (known != null) {
      return known;
    }
    return byKind.computeIfAbsent(
        byKind.size() < MAX_KINDS ? kind : OTHERS, any -> new LogThrottle(interval));
  }
}
