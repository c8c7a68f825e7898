package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.text.QuotedText;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs warnings about lost values, even if the application has no listener and swallows the
 * exception. Each class is named once, so that a loss in every request does not fill the log. The
 * memory for this is bounded. Thread-safe.
 */
final class ValueWarnings {

  /** The maximum number of classes, or problems, named of each kind. */
  static final int MAX_KEYS = 100;

  private static final int MAX_MESSAGE = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);

  private final Once refused = new Once("could not be stored, and setting it threw an exception");
  private final Once unencodable =
      new Once("was changed after it was set or read, and its change could not be stored");
  private final Once undecodable = new Once("could not be read, and is absent");

  void refused(String attribute, Object value, IllegalArgumentException problem) {
    refused.warn(classOf(value, problem), attribute, problem);
  }

  void unencodable(String attribute, Object value, AttributeCodecException problem) {
    unencodable.warn(classOf(value, problem), attribute, problem);
  }

  void undecodable(String attribute, Exception problem) {
    undecodable.warn(messageOf(problem), attribute, problem);
  }

  /** Returns the class that caused the problem: one that the value refers to, or its own. */
  private static String classOf(Object value, IllegalArgumentException problem) {
    return problem instanceof AttributeCodecException refusal
        ? refusal.refusedClass().orElse(value.getClass().getName())
        : value.getClass().getName();
  }

  /** Messages contain class names, and stored bytes may contain any. */
  private static String messageOf(Exception problem) {
    return QuotedText.unquoted(String.valueOf(problem.getMessage()), MAX_MESSAGE);
  }

  /** Warns once for each key. */
  private static final class Once {

    private final String what;
    private final Set<String> keys = new HashSet<>();

    Once(String what) {
      this.what = what;
    }

    void warn(String key, String attribute, Exception problem) {
      boolean isLast;
      synchronized (this) {
        if (keys.size() == MAX_KEYS || !keys.add(key)) {
          return;
        }
        isLast = keys.size() == MAX_KEYS;
      }
      LOG.warn(
          "The attribute {} {}: {} ({})",
          QuotedText.of(attribute),
          what,
          messageOf(problem),
          isLast
              ? "this is the last such warning; the listeners are notified of every case"
              : "logged once for each class; the listeners are notified of every case");
    }
  }
}
