package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves a request's session: before the response can reach the client, and again for changes after
 * that.
 *
 * <p>Saves are made without the lock of the {@link SessionExchange}, since they call the
 * application: values are notified, and write themselves. If two threads of one request commit,
 * each of them saves; the manager makes the second wait for the first.
 */
final class Saving {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private final SessionExchange exchange;
  private final CurrentSession current;
  private final OutgoingToken outgoing;

  // Guarded by the lock of the exchange.
  private boolean asked;

  /** The session that the flood guard has admitted. */
  private @Nullable Session admitted;

  Saving(SessionExchange exchange, CurrentSession current, OutgoingToken outgoing) {
    this.exchange = exchange;
    this.current = current;
    this.outgoing = outgoing;
  }

  private SessionManager manager() {
    return exchange.manager();
  }

  /** Records that the application asked for the session, and so must learn of a failure. */
  void asked() {
    asked = true;
  }

  /**
   * Saves, because the response may be committed now.
   *
   * @return the session whose token is to be {@linkplain #send sent}; null if there is none
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  @Nullable Session beforeCommit() {
    SessionStoreException failure = outgoing.failure();
    if (failure != null) {
      throw exchange.fail(failure);
    }
    return outgoing.isCommitted() ? null : save();
  }

  private @Nullable Session save() {
    Session saved = current.get();
    if (saved == null) {
      return null;
    }
    try {
      admit(saved);
      current.whileSaved(saved, () -> saveOrRenew(saved));
      current.settleUnsaved();
    } catch (SessionStoreException e) {
      if (exchange.locked(() -> asked)) {
        throw exchange.fail(e);
      }
      // The application did not ask for the session: only a touch can be lost.
    }
    return saved;
  }

  /**
   * Admits a new session. A session that awaits its creation is anonymous: a login stores its own.
   *
   * @throws SessionStoreException if its client begins too many
   */
  private void admit(Session begun) {
    FloodGuard guard = exchange.settings().floodGuard();
    if (guard != null && begun.isAwaitingCreation()) {
      exchange.run(
          () -> {
            HttpServletRequest request = exchange.request();
            if (admitted != begun && request != null && !outgoing.isReleased()) {
              guard.admit(request, manager().clock().instant());
              admitted = begun;
            }
          });
    }
    exchange.takeForUser(begun);
  }

  private boolean saveOrRenew(Session saved) {
    SessionListeners listeners = exchange.listeners();
    String oldId = listeners.hearOfIds() ? HttpSessionView.textOf(saved) : "";
    if (manager().adapter().renewIfDue(saved) && listeners.hearOfIds()) {
      listeners.idChanged(exchange.viewOf(saved), oldId);
    }
    // Also saves what listeners have changed.
    return manager().save(saved);
  }

  /**
   * Adds token and hint to the response, if it is uncommitted; under the lock.
   *
   * @param isAsync whether the response belongs to another thread by now
   */
  void send(@Nullable Session saved, boolean isAsync) {
    // A session that replaced this one meanwhile has sent its own token.
    if (saved != null && saved == current.get()) {
      outgoing.carryTokenOf(saved);
    }
    outgoing.restoreToken();
    if (!isAsync) {
      outgoing.writeSiteData();
    }
  }

  /**
   * Saves when the application has returned.
   *
   * @param isAsync whether the request continues asynchronously. Then the response belongs to
   *     another thread, and is left alone: the thread that commits it sends the cookie or gets the
   *     failure.
   * @return the session whose token is to be {@linkplain #send sent}; null if there is none
   */
  @Nullable Session chainReturned(boolean isAsync) {
    SessionStoreException failure = outgoing.failure();
    if (isAsync) {
      if (failure == null) {
        saveMeanwhile();
      }
    } else if (failure != null) {
      exchange.fail(failure);
    } else if (outgoing.isCommitted()) {
      saveWhatIsLeft();
    } else {
      return save();
    }
    return null;
  }

  private void saveMeanwhile() {
    Session saved = current.get();
    if (saved != null) {
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
    if (outgoing.failure() == null) {
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
      current.settleUnsaved();
    } catch (SessionStoreException e) {
      if (exchange.locked(() -> asked)) {
        throw exchange.locked(() -> outgoing.failLater(e));
      }
    }
  }
}
