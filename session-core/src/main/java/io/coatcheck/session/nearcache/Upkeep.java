package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.ChangeFeed;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the copies current beyond their age, by the change feed and by comparing copies in use with
 * the store. Closing it ends both.
 */
final class Upkeep implements AutoCloseable {

  private final CopyTable table;
  private final @Nullable Revalidator revalidator;
  private final ChangeFeed.@Nullable Subscription subscription;

  /**
   * Starts the comparison, and subscribes to the feed; if either fails, neither is left. There must
   * be no copies yet: changes from before the subscription are not reported.
   *
   * @param freshness what to use of the store
   */
  Upkeep(Copies copies, Freshness freshness) {
    table = copies.table();
    Optional<BatchLookup> batches = freshness.batches();
    Optional<ChangeFeed> feed = freshness.feed();
    ReportedChanges changes = new ReportedChanges(copies, batches.isPresent());
    revalidator =
        batches.isPresent()
            ? new Revalidator(
                copies, batches.get(), freshness.interval(), feed.isPresent() ? changes : null)
            : null;
    // Before the subscription: if the thread cannot start, there is none to close.
    if (revalidator != null) {
      revalidator.start();
    }
    try {
      subscription = feed.map(reporting -> reporting.subscribe(changes)).orElse(null);
    } catch (Throwable failure) {
      try (revalidator) {
        throw failure;
      }
    }
  }

  /**
   * Returns how long ago the copies were last known to be current: see {@link
   * NearCacheSessionStore#lag}.
   */
  Optional<Duration> lag() {
    if (subscription != null) {
      return Optional.of(Duration.ofNanos(table.now() - table.completeUpTo()));
    }
    return revalidator == null ? Optional.empty() : Optional.of(revalidator.lag());
  }

  @Override
  public void close() {
    try (revalidator;
        subscription) {
      // The subscription is closed first, and each even if the one before fails.
    }
  }
}
