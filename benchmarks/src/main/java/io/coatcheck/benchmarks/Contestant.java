package io.coatcheck.benchmarks;

import org.jspecify.annotations.Nullable;

/** One way to recognise the user of a request. Used by one thread. */
interface Contestant extends AutoCloseable {

  /** Serves a request that reads, and returns the principal of the session that it came with. */
  @Nullable Object read(int session);

  /**
   * Serves a request of another kind.
   *
   * @return what the {@link Visit} returned
   * @throws UnsupportedOperationException if this contestant only reads
   */
  default @Nullable Object request(Visit.Kind kind, int session) {
    if (kind == Visit.Kind.READ) {
      return read(session);
    }
    throw new UnsupportedOperationException(kind + " is not for " + getClass().getSimpleName());
  }

  /**
   * Returns a contestant over the same sessions for one more thread. It only reads, and is not
   * closed.
   *
   * @throws UnsupportedOperationException if this contestant is for one thread
   */
  default Contestant forAnotherThread() {
    throw new UnsupportedOperationException(getClass().getSimpleName() + " is for one thread");
  }

  @Override
  void close();
}
