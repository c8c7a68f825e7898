package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.List;

/**
 * The generation and version of a session that a client says it has seen at least. Its text is
 * {@code <id>~<generation>~<version>}, with the two numbers in decimal. A hint may be forged, and
 * gives access to nothing.
 */
record VersionHint(long generation, long version) {

  static final VersionHint NONE = new VersionHint(0, 0);

  private static final char SEPARATOR = '~';

  /** The most digits that always fit into a {@code long}. */
  private static final int MAX_DIGITS = 18;

  private static final long MALFORMED = -1;

  static String textOf(StoredSession session) {
    return session.id().toString()
        + SEPARATOR
        + session.generation()
        + SEPARATOR
        + session.version();
  }

  /**
   * Returns the newest state that the hints claim for a session. Hints that are malformed or about
   * another session are ignored.
   *
   * @param hints untrusted, of any length
   */
  static VersionHint among(List<String> hints, SessionId session) {
    VersionHint most = NONE;
    for (int i = 0; i < hints.size(); i++) {
      VersionHint hint = parse(hints.get(i), session);
      if (hint.version > most.version) {
        most = hint;
      }
    }
    return most;
  }

  private static VersionHint parse(String text, SessionId session) {
    int idEnd = SessionId.TEXT_LENGTH;
    if (!isSeparator(text, idEnd)
        || SessionId.parse(text.substring(0, idEnd)).filter(session::equals).isEmpty()) {
      return NONE;
    }
    int generationEnd = text.indexOf(SEPARATOR, idEnd + 1);
    if (generationEnd < 0) {
      return NONE;
    }
    long generation = number(text, idEnd + 1, generationEnd);
    long version = number(text, generationEnd + 1, text.length());
    return generation == MALFORMED || version == MALFORMED
        ? NONE
        : new VersionHint(generation, version);
  }

  private static boolean isSeparator(String text, int position) {
    return position < text.length() && text.charAt(position) == SEPARATOR;
  }

  private static long number(String text, int start, int end) {
    if (start == end || end - start > MAX_DIGITS) {
      return MALFORMED;
    }
    long number = 0;
    for (int i = start; i < end; i++) {
      char digit = text.charAt(i);
      if (digit < '0' || digit > '9') {
        return MALFORMED;
      }
      number = number * 10 + (digit - '0');
    }
    return number;
  }
}
