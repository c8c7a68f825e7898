package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;

/**
 * Predicts when a container commits a response, so that the session is saved before that: when the
 * buffer is full, or all of the declared content is written.
 *
 * <p>It may be early: then later changes only need another save. It must never be late. Jetty
 * writes anything longer than a quarter of its buffer directly, so that counts as full.
 *
 * <p>A container may hold more than its buffer before it commits: Tomcat keeps as many characters
 * again. In that range each write could commit, and so each would save, and encode what may have
 * changed in place. After a few saves without a commit, when the buffer is certainly full, it is
 * flushed: the response is committed, and later writes save nothing.
 */
final class CommitWatch {

  /** Called before a commit. */
  interface Listener {

    /**
     * Saves the session.
     *
     * @return whether there is one
     */
    boolean beforeCommit();
  }

  private static final long UNDECLARED = -1;

  /** How many saves may precede a commit that does not come. */
  private static final int MAX_EARLY_SAVES = 8;

  private final Listener listener;

  /** Null when the request has ended. */
  private final @Nullable HttpServletResponse response;

  private long written;
  private long writtenAtLeast;
  private int earlySaves;
  private long declared = UNDECLARED;

  /**
   * Creates a watch.
   *
   * @param listener called before each write that may commit
   * @param response null when the request has ended
   */
  CommitWatch(Listener listener, @Nullable HttpServletResponse response) {
    this.listener = listener;
    this.response = response;
  }

  /**
   * Saves the session if the next write may commit the response.
   *
   * @param most how many bytes are about to be written, at most
   * @param least how many bytes are about to be written, at least
   * @return whether the caller must flush before the write, to bound the number of saves
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
    boolean hasSession = listener.beforeCommit();
    if (before < buffer || !hasSession || response.isCommitted()) {
      return false;
    }
    earlySaves++;
    return earlySaves == MAX_EARLY_SAVES;
  }

  /**
   * Records a length that is about to be declared; as much may be written already.
   *
   * @param mayBeIgnored whether the container may ignore it, so that the one before still counts
   */
  void beforeContentLength(long length, boolean mayBeIgnored) {
    declared = mayBeIgnored && declared != UNDECLARED ? Math.min(declared, length) : length;
    if (response != null && isComplete()) {
      listener.beforeCommit();
    }
  }

  private boolean isComplete() {
    return declared != UNDECLARED && written >= declared;
  }

  /** Records that the written content is dropped. */
  void bufferWasReset() {
    written = 0;
    writtenAtLeast = 0;
    earlySaves = 0;
  }

  /**
   * Records that the written content and the declared length are dropped.
   *
   * @param mayBeIgnored whether the container may have ignored it, so that they may still count
   */
  void responseWasReset(boolean mayBeIgnored) {
    if (mayBeIgnored) {
      writtenAtLeast = 0;
      earlySaves = 0;
    } else {
      bufferWasReset();
      declared = UNDECLARED;
    }
  }
}
