package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.token.SessionId;
import org.jspecify.annotations.Nullable;

/**
 * The id of a session as the Servlet API shows it. Where the store keeps live sessions, it is
 * attached to the session once the application has read it, so that it is the same object in all
 * requests, as applications that lock on it expect.
 *
 * @param generation of the session's secret
 */
record ShownId(long generation, String text) {

  /** Returns the id: the same object for each generation, for the life of the session. */
  static String of(Session session) {
    long generation = session.generation();
    while (true) {
      @Nullable ShownId known = (ShownId) session.attachment();
      if (known != null && known.generation == generation) {
        return known.text;
      }
      ShownId next = new ShownId(generation, textOf(session.id(), generation));
      // A request that began before the secret was renewed still shows the earlier id.
      boolean isNewer = known == null || known.generation < generation;
      if (!isNewer || session.replaceAttachment(known, next)) {
        return next.text;
      }
    }
  }

  /** Returns the text of the present id, for a message or a comparison. */
  static String textOf(Session session) {
    return textOf(session.id(), session.generation());
  }

  /**
   * Returns the id that a session had before a request gave it a new secret. That may be a later
   * one than the request has seen: another may have renewed the secret meanwhile, and listeners
   * were notified of that.
   *
   * @param generation that of the new secret; each new secret adds 1
   */
  static String before(SessionId id, long generation) {
    return textOf(id, generation - 1);
  }

  static String textOf(SessionId id, long generation) {
    return id + "~" + generation;
  }
}
