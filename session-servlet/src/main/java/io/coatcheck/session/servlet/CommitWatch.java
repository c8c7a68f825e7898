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
 */
final class CommitWatch {

  private static final long UNDECLARED = -1;

  private final SessionExchange exchange;

  /** Null when the request is over: then there is nothing to foresee. */
  private final @Nullable HttpServletResponse response;

  private long written;
  private long declared = UNDECLARED;

  CommitWatch(SessionExchange exchange, @Nullable HttpServletResponse response) {
    this.exchange = exchange;
    this.response = response;
  }

  /** Takes note that so many bytes are about to be written, at most. */
  void beforeWrite(long length) {
    written += length;
    if (response == null) {
      return;
    }
    int buffer = response.getBufferSize();
    if (written >= buffer || length > buffer / 4 || isComplete()) {
      exchange.beforeCommit();
    }
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
  }

  /** Takes note that what was written and declared is dropped. */
  void responseWasReset() {
    written = 0;
    declared = UNDECLARED;
  }
}
