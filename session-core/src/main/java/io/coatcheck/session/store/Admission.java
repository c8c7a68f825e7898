package io.coatcheck.session.store;

import java.util.List;

/**
 * What {@link PrincipalIndex#admit} did.
 *
 * @param outcome whether the session was stored, and if not, why
 * @param evicted the sessions that were deleted to make room, oldest first; empty unless the
 *     outcome is {@link Outcome#STORED}
 * @since 0.1.0
 */
public record Admission(Outcome outcome, List<StoredSession> evicted) {

  /** Whether the session was stored. */
  public enum Outcome {
    /** The session is stored and within the limit. */
    STORED,
    /** Nothing changed: the update lost the compare-and-set, or the session is gone or expired. */
    CONFLICT,
    /** Nothing changed: the principal has as many live sessions as the limit allows. */
    REFUSED
  }

  /** Copies the list. */
  public Admission {
    evicted = List.copyOf(evicted);
    if (outcome != Outcome.STORED && !evicted.isEmpty()) {
      throw new IllegalArgumentException("only a stored session can evict others: " + outcome);
    }
  }
}
