package io.coatcheck.session.migration;

import io.coatcheck.session.event.CredentialOutcome;
import java.util.concurrent.atomic.LongAdder;

/**
 * How often a bridge or the logout endpoint was used since it was made, on this node. When {@link
 * #accepted} no longer grows, a bridge can be removed. Thread-safe; each number is exact, but
 * together they are not a snapshot.
 *
 * @since 0.1.0
 */
public final class CredentialCounts {

  private final LongAdder accepted = new LongAdder();
  private final LongAdder spent = new LongAdder();
  private final LongAdder unmatched = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder failed = new LongAdder();

  CredentialCounts() {}

  void count(CredentialOutcome outcome) {
    switch (outcome) {
      case ACCEPTED -> accepted.increment();
      case SPENT -> spent.increment();
      case UNMATCHED -> unmatched.increment();
      case REFUSED -> refused.increment();
      case FAILED -> failed.increment();
    }
  }

  /** Returns how many users were moved to a session, or how many logout tokens ended sessions. */
  public long accepted() {
    return accepted.sum();
  }

  /** Returns how many requests presented a credential that had been used before. */
  public long spent() {
    return spent.sum();
  }

  /**
   * Returns how many logout tokens were valid and ended no session, since there was none, or none
   * was recorded for them.
   */
  public long unmatched() {
    return unmatched.sum();
  }

  /** Returns how many requests presented a credential that was refused. */
  public long refused() {
    return refused.sum();
  }

  /**
   * Returns how many requests could not be decided, because the store, the other system or the code
   * of the application failed.
   */
  public long failed() {
    return failed.sum();
  }
}
