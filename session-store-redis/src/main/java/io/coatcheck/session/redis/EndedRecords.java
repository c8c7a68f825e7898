package io.coatcheck.session.redis;

import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.StoredSession;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Hands over the records of deleted sessions, each once, even if another one fails. A record that
 * cannot be read is logged and left out. After any other failure to read one, such as a lack of
 * memory, it is handed over without attributes. If that fails too, the failure is kept until {@link
 * #finish}, like what the consumer throws.
 *
 * <p>Used by one thread, within one call.
 */
final class EndedRecords implements Consumer<byte[]> {

  private final Function<byte[], StoredSession> reader;
  private final HandOver handOver;
  private @Nullable Throwable unexpected;

  EndedRecords(Function<byte[], StoredSession> reader, Consumer<StoredSession> deleted) {
    this.reader = reader;
    handOver = new HandOver(deleted);
  }

  @Override
  public void accept(byte[] record) {
    Optional<StoredSession> session;
    try {
      session = Bucket.readDeleted(record, reader);
    } catch (RuntimeException | Error failure) {
      unexpected = Failures.add(unexpected, failure);
      return;
    }
    session.ifPresent(handOver);
  }

  /**
   * Throws the first failure, with the others suppressed in it. Returns if there was none.
   *
   * @param failure that of the store, which comes first; null if it did not fail
   */
  void finish(@Nullable Throwable failure) {
    Throwable first = failure == null ? unexpected : failure;
    if (first == null) {
      handOver.finish();
      return;
    }
    if (unexpected != null && unexpected != first) {
      first.addSuppressed(unexpected);
    }
    handOver.addTo(first);
    Failures.throwIfAny(first);
  }
}
