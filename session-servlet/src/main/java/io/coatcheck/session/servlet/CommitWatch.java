package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;

/**
 * Foresees when a container commits a response, so that the session is saved before: when the
 * buffer is full, or all of the declared content is written.
 *
 * <p>It may be early, which costs nothing but that later changes are saved by themselves; it must
 * not be late. Jetty writes what is longer than a quarter of its buffer through, so that counts as
 * full.
 *
 * <p>A container may hold more than its buffer before it commits: Tomcat keeps as many characters
 * again. Each write could commit by then, and so would save, and encode what may have changed in
 * place. Where a few saves were not followed by the commit, and the buffer is full for sure, it is
 * flushed: the response is committed, and the next writes save nothing.
 */
final class CommitWatch {

  private static final long UNDECLARED = -1;

  /** How many saves may foresee a commit that does not come. */
  private static final int MOST_EARLY_SAVES = 8;

  private final SessionExchange exchange;

  /** Null when the request is over: then there is nothing to foresee. */
  private final @Nullable HttpServletResponse response;

  private long written;
  private long writtenAtLeast;
  private int earlySaves;
  private long declared = UNDECLARED;

  CommitWatch(SessionExchange exchange, @Nullable HttpServletResponse response) {
    this.exchange = exchange;
    this.response = response;
  }

  /**
   * Saves the session if the next write may commit the response.
   *
   * @param most how many bytes are about to be written, at most
   * @param least how many bytes are about to be written, at least
   * @return whether the caller must flush before the write, which bounds the number of saves
   */
  boolean beforeWrite(long most, long least) {
    long before = writtenAtLeast;
    written += most;
    writtenAtLeast += least;
    if (response == null) {
      return false;
    }
    int buffer = response.getBufferSize();
    if (written < buffer && most <= buffer / 4 && !isComplete()) {
      return false;
    }
    exchange.beforeCommit();
    if (before < buffer || exchange.sessionNow() == null || response.isCommitted()) {
      return false;
    }
    earlySaves++;
    return earlySaves == MOST_EARLY_SAVES;
  }

  /** Takes note of a length that is about to be declared, which may be what was written already. */
  void beforeContentLength(long length) {
    declared = length;
    if (response != null && isComplete()) {
      exchange.beforeCommit();
    }
  }

  private boolean isComplete() {
    return declared != UNDECLARED && written >= declared;
  }

  /** Takes note that what was written is dropped. */
  void bufferWasReset() {
    written = 0;
    writtenAtLeast = 0;
    earlySaves = 0;
  }

  /** Takes note that what was written and declared is dropped. */
  void responseWasReset() {
    bufferWasReset();
    declared = UNDECLARED;
  }
}
