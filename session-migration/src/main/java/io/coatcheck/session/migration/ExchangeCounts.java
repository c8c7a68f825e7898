package io.coatcheck.session.migration;

import java.util.concurrent.atomic.LongAdder;

/**
 * How often a bridge was used, since it was made, on this node. When the first number no longer
 * grows, the bridge can be removed. Thread-safe; the numbers are each exact, but not of one moment.
 *
 * @since 0.1.0
 */
public final class ExchangeCounts {

  private final LongAdder exchanged = new LongAdder();
  private final LongAdder spent = new LongAdder();
  private final LongAdder refused = new LongAdder();

  ExchangeCounts() {}

  void count(JwtExchange.Outcome outcome) {
    switch (outcome) {
      case EXCHANGED -> exchanged.increment();
      case SPENT -> spent.increment();
      case REFUSED -> refused.increment();
    }
  }

  /** Returns how many users were moved to a session. */
  public long exchanged() {
    return exchanged.sum();
  }

  /** Returns how many requests presented a credential that had been exchanged before. */
  public long spent() {
    return spent.sum();
  }

  /** Returns how many requests presented a credential that was refused. */
  public long refused() {
    return refused.sum();
  }
}
