package io.coatcheck.session.store;

/**
 * The result of one call of {@link SessionStore#deleteExpired}.
 *
 * @param deleted how many sessions it deleted
 * @param isComplete whether it found nothing more to delete; if not, another call continues from
 *     here
 * @since 0.1.0
 */
public record CleanUp(int deleted, boolean isComplete) {

  /** Checks that the number is not negative. */
  public CleanUp {
    if (deleted < 0) {
      throw new IllegalArgumentException("deleted must not be negative: " + deleted);
    }
  }
}
