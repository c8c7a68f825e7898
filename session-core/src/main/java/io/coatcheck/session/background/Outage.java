package io.coatcheck.session.background;

import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;

/**
 * Counts the failures of recurring work since it last succeeded, and decides which of them are
 * logged: each distinct reason once, and no more reasons than a maximum, since a driver may put a
 * time or a port into each. Used by the thread of the work only.
 */
public final class Outage {

  private final Logger log;
  private final int maxReasons;
  private final Set<String> logged = new HashSet<>();
  private int failures;

  /**
   * Begins without failures.
   *
   * @param log that of the work, for interrupts that were ignored
   * @param maxReasons the maximum number of reasons that are logged in one outage, from 1
   */
  public Outage(Logger log, int maxReasons) {
    this.log = log;
    this.maxReasons = maxReasons;
  }

  /**
   * Counts a failure. An {@link InterruptedException}, as {@link RecurringWork} reports it, is none
   * of the work: it is only logged, at level debug.
   *
   * @return whether the caller is to log it
   */
  public boolean add(Throwable failure) {
    if (failure instanceof InterruptedException) {
      log.debug("{}", failure.getMessage());
      return false;
    }
    failures++;
    return logged.size() < maxReasons && logged.add(failure.toString());
  }

  /**
   * Ends the outage, if there is one.
   *
   * @return how many attempts had failed; 0 if there was none
   */
  public int end() {
    int ended = failures;
    if (ended > 0) {
      failures = 0;
      logged.clear();
    }
    return ended;
  }
}
