package io.coatcheck.secretwatch;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** What was written, and which of it held a secret. Thread-safe. */
final class Findings {

  private static final int LONGEST = 300;

  private final IssuedSecrets secrets;
  private final ConcurrentLinkedQueue<String> found = new ConcurrentLinkedQueue<>();
  private final AtomicLong texts = new AtomicLong();

  Findings(IssuedSecrets secrets) {
    this.secrets = secrets;
  }

  /**
   * Looks through a text.
   *
   * @param where it was written, for the message
   */
  void look(String where, String text) {
    texts.incrementAndGet();
    if (secrets.isAnyIn(text)) {
      // Here it may be shown: the session is one of a test.
      found.add(where + ": " + text.substring(0, Math.min(LONGEST, text.length())));
    }
  }

  long texts() {
    return texts.get();
  }

  /** Fails with what was found since the last call. */
  void requireNone() {
    List<String> all = List.copyOf(found);
    found.clear();
    if (!all.isEmpty()) {
      throw new AssertionError(
          "rule I1: a secret was written, " + all.size() + " times:\n" + String.join("\n", all));
    }
  }
}
