package io.coatcheck.session.store;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hands deleted sessions over to a consumer as {@link SessionStore#deleteExpired} and {@link
 * PrincipalIndex} require: each of them once, whatever the consumer throws on others. For the
 * authors of stores; used by one thread, within one call.
 *
 * <pre>{@code
 * HandOver handOver = new HandOver(deleted);
 * while (…) {
 *   List<StoredSession> gone = …; // one step, which holds nothing any more
 *   gone.forEach(handOver);
 * }
 * handOver.finish();
 * }</pre>
 *
 * @since 0.1.0
 */
public final class HandOver implements Consumer<StoredSession> {

  /** How many exceptions are kept beside the first one. */
  public static final int MAX_SUPPRESSED = 100;

  private final Consumer<StoredSession> consumer;
  private @Nullable Throwable first;

  /** Begins to hand over to a consumer. */
  public HandOver(Consumer<StoredSession> consumer) {
    this.consumer = consumer;
  }

  /**
   * Hands one session over. Whatever the consumer throws, an {@code Error} too, is kept for the
   * end.
   */
  @Override
  public void accept(StoredSession session) {
    try {
      consumer.accept(session);
    } catch (Throwable failure) { // Other languages than Java throw checked exceptions too.
      if (first == null) {
        first = failure;
      } else if (first != failure && first.getSuppressed().length < MAX_SUPPRESSED) {
        first.addSuppressed(failure);
      }
    }
  }

  /**
   * Throws what the consumer threw first, with up to {@value #MAX_SUPPRESSED} of the others
   * suppressed in it; returns if it threw nothing.
   */
  public void finish() {
    if (first != null) {
      HandOver.<RuntimeException>throwUnchecked(first);
    }
  }

  /** Throws anything as it is: the compiler infers an unchecked exception. */
  @SuppressWarnings("unchecked") // A cast that is never carried out.
  private static <T extends Throwable> void throwUnchecked(Throwable thrown) throws T {
    throw (T) thrown;
  }

  /**
   * Adds what the consumer threw to a failure of the store, which is then to be thrown: sessions
   * were handed over before it.
   */
  public void addTo(Throwable failure) {
    if (first != null && first != failure) {
      failure.addSuppressed(first);
    }
  }
}
