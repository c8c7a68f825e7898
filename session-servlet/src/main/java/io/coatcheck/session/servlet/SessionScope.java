package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import jakarta.servlet.ServletContext;
import java.util.function.Supplier;

/** Where an {@code HttpSession} is used: a request, or an access outside of one. */
interface SessionScope {

  SessionManager manager();

  SessionListeners listeners();

  /** Returns the application that the session is used in. */
  ServletContext servletContext();

  /**
   * Checks that a change of the session can still take effect.
   *
   * @throws IllegalStateException if it cannot
   */
  void requireUsable(Session changed);

  /** Returns whether a session that is not stored yet never will be. */
  boolean isTooLateToStore();

  /** Records that the application relies on the session. */
  void onReliedUpon(Session begun);

  /**
   * Stores the session as it is now, if it still can be.
   *
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed
   */
  void storeNow(Session used);

  /**
   * Runs a step that changes the session in the store at once.
   *
   * @throws IllegalStateException if a change can no longer take effect
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed
   */
  <T> T step(Session used, Supplier<T> step);

  /** Returns whether the request or the access has ended. */
  boolean isOver();

  /**
   * Returns whether it has ended, for a thread that has just opened a view: an end at the same time
   * may have missed that view.
   */
  boolean hasEndedMeanwhile();

  /** Returns whether it is under way on a thread. */
  boolean isOn(Thread thread);

  /**
   * Returns whether a request continues asynchronously, and its dispatch has returned. Another
   * thread may see that late.
   */
  boolean isLeft();

  /**
   * Ends the session.
   *
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed
   */
  void invalidate(HttpSessionView ending);
}
