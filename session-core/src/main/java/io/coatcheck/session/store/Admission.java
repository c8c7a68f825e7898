package io.coatcheck.session.store;

import java.util.List;

/**
 * The result of {@link LoginLimit#admit}.
 *
 * @param outcome whether the session was stored, and if not, why
 * @param evicted the sessions that were deleted to make room, oldest first, each with all its parts
 *     as it was when it was deleted; empty unless the outcome is {@link Outcome#STORED}
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
    REFUSED,
    /**
     * Nothing changed: more than {@link LoginLimit#MAX_EVICTED} sessions would have to go. The
     * caller ends the surplus by {@link PrincipalIndex#deleteOldest} and tries again.
     */
    CROWDED
  }

  /** Copies the list, which has at most {@link LoginLimit#MAX_EVICTED} sessions. */
  public Admission {
    evicted = List.copyOf(evicted);
    if (evicted.size() > LoginLimit.MAX_EVICTED) {
      throw new IllegalArgumentException(
          "at most " + LoginLimit.MAX_EVICTED + " can be evicted: " + evicted.size());
    }
    if (outcome != Outcome.STORED && !evicted.isEmpty()) {
      throw new IllegalArgumentException("only a stored session can evict others: " + outcome);
    }
  }
}
