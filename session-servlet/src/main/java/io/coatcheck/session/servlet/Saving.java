package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a request's session is saved: before the response can reach the client, and once more for
 * what was changed after that.
 *
 * <p>Not thread-safe: guarded by the lock of its {@link SessionExchange}.
 */
final class Saving {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private final SessionExchange exchange;
  private final CurrentSession current;
  private final OutgoingResponse outgoing;
  private boolean asked;

  Saving(SessionExchange exchange, CurrentSession current, OutgoingResponse outgoing) {
    this.exchange = exchange;
    this.current = current;
    this.outgoing = outgoing;
  }

  private SessionManager manager() {
    return exchange.manager();
  }

  /** Takes note that the application asked for the session, and so must hear of a failure. */
  void asked() {
    asked = true;
  }

  /**
   * Saves, and puts the cookie into the response, because the response may be committed now.
   *
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  void beforeCommit() {
    outgoing.requireNoFailure();
    if (!outgoing.isCommitted()) {
      save();
      outgoing.restoreToken();
    }
  }

  private void save() {
    Session saved = current.get();
    if (saved == null) {
      return;
    }
    try {
      admit(saved);
      current.whileSaved(saved, () -> saveOrRenew(saved));
    } catch (SessionStoreException e) {
      if (asked) {
        throw outgoing.fail(e);
      }
      // The application did not ask for the session: there is nothing to lose but a touch.
    }
    outgoing.carryTokenOf(saved);
  }

  /**
   * Lets a session begin. One that awaits its creation is anonymous: a login stores its own.
   *
   * @throws SessionStoreException if its client begins too many
   */
  private void admit(Session begun) {
    FloodGuard guard = exchange.settings().floodGuard();
    if (guard != null && begun.isAwaitingCreation()) {
      guard.admit(exchange.request(), manager().clock().instant());
    }
  }

  private boolean saveOrRenew(Session saved) {
    String oldId = exchange.listeners().hearOfIds() ? HttpSessionView.textOf(saved) : "";
    if (manager().renewIfDue(saved)) {
      current.tellIdChanged(saved, oldId);
      return true;
    }
    return manager().save(saved);
  }

  /** Saves when the application is done. */
  void chainReturned() {
    if (outgoing.hasFailed()) {
      outgoing.answerFailure();
    } else if (outgoing.isCommitted()) {
      saveWhatIsLeft();
    } else {
      beforeCommit();
    }
  }

  /**
   * Saves while the request goes on asynchronously. The response belongs to another thread now, and
   * is left alone: whoever commits it sends the cookie, or finds out about the failure.
   */
  void wentAsync() {
    Session saved = current.get();
    if (saved != null && !outgoing.hasFailed()) {
      try {
        admit(saved);
        saveLate(saved);
      } catch (SessionStoreException e) {
        LOG.debug("A save failed while the request goes on asynchronously", e);
      }
    }
  }

  /** Saves when an asynchronous request has been completed. */
  void completed() {
    if (!outgoing.hasFailed()) {
      saveWhatIsLeft();
    }
  }

  /** Saves what was changed after the response was committed. */
  private void saveWhatIsLeft() {
    Session saved = current.get();
    if (saved == null) {
      return;
    }
    if (saved.isAwaitingCreation()) {
      LOG.error(
          "The container committed the response before its buffer was full, and the new session {}"
              + " was not stored: its cookie could not be sent",
          saved.id());
      return;
    }
    saveLate(saved);
  }

  private void saveLate(Session saved) {
    try {
      current.whileSaved(saved, () -> manager().save(saved));
    } catch (SessionStoreException e) {
      if (asked) {
        throw outgoing.failLater(e);
      }
    }
  }
}
