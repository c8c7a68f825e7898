package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The session that a request has at the moment, the object that the application holds of it, and
 * what the application's listeners were told of it.
 *
 * <p>Not thread-safe: guarded by the lock of its {@link SessionExchange}.
 */
final class CurrentSession {

  private final SessionExchange exchange;

  private @Nullable Session session;
  private @Nullable HttpSessionView view;

  /** A session whose beginning was told, and that may never be stored. */
  private @Nullable Session unstored;

  CurrentSession(SessionExchange exchange) {
    this.exchange = exchange;
  }

  private SessionListeners listeners() {
    return exchange.listeners();
  }

  @Nullable Session get() {
    return session;
  }

  void begin(Session begun) {
    session = begun;
  }

  /** Lets go of a session that another request ended. Who still holds it sees that it ended. */
  void drop() {
    session = null;
  }

  /** Lets go of a session that this request ended. */
  void forget() {
    session = null;
    view = null;
  }

  /** Returns what the application sees of a session: the same object each time. */
  HttpSessionView viewOf(Session current) {
    HttpSessionView known = view;
    if (known == null || known.session() != current) {
      known = HttpSessionView.of(exchange, current, exchange.request().getServletContext());
      view = known;
    }
    return known;
  }

  /** Does what may save a session, and lets values hear of it that want to. */
  <T> T whileSaved(@Nullable Session saved, Supplier<T> saving) {
    HttpSessionView known = view;
    return known == null || known.session() != saved ? saving.get() : known.whileSaved(saving);
  }

  /** A session that is never stored is told all the same: the application may rely on it. */
  void tellCreated(Session begun) {
    if (listeners().hearOfSessions()) {
      listeners().created(viewOf(begun));
      unstored = begun;
    }
  }

  /** Tells of another id, if there is another. */
  void tellIdChanged(Session current, String oldId) {
    if (listeners().hearOfIds() && !HttpSessionView.textOf(current).equals(oldId)) {
      listeners().idChanged(viewOf(current), oldId);
    }
  }

  /**
   * Ends a session that was begun and never stored, when the request is over: nobody else will tell
   * its end.
   *
   * @return whether there was one
   */
  boolean endUnstored(SessionManager manager) {
    Session begun = unstored;
    unstored = null;
    if (begun == null || begun != session || begun.isStored() || begun.isEnded()) {
      return false;
    }
    HttpSessionView ending = viewOf(begun);
    listeners()
        .endOwn(new EndedSession(ending, ending.values()), true, () -> manager.invalidate(begun));
    return true;
  }

  /** Tells nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "CurrentSession";
  }
}
