package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.http.HttpSessionActivationListener;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Saves the session of a request before the response can reach the client, adds the token to the
 * response, and saves again what is changed after that. A failure is answered with 503.
 *
 * <p>Saves are made without the lock of the request, since they call the application: values are
 * notified, and write themselves. If two threads of one request commit, each of them saves; the
 * manager makes the second wait for the first.
 */
final class CommitSave implements CommitWatch.Listener {

  private final DispatchState state;
  private final RequestResolver resolver;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  /** The actions that are due before the commit; null if there are none. Written under the lock. */
  private volatile @Nullable BeforeCommit actions;

  /** Created when something is written. */
  private @Nullable CommitWatch watch;

  CommitSave(
      DispatchState state,
      RequestResolver resolver,
      OutgoingToken outgoing,
      CurrentSession current) {
    this.state = state;
    this.resolver = resolver;
    this.outgoing = outgoing;
    this.current = current;
  }

  private FilterSettings settings() {
    return resolver.presented().settings();
  }

  private SessionManager manager() {
    return settings().manager();
  }

  /** Returns the watch that predicts the commit. Responses are written by one thread at a time. */
  CommitWatch watch() {
    CommitWatch known = watch;
    if (known == null) {
      known = new CommitWatch(this, outgoing.responseIfAny());
      watch = known;
    }
    return known;
  }

  /** Forgets the response, since the request has ended. */
  void forget() {
    watch = null;
  }

  /**
   * Registers an action that runs before the commit, after those that are due; runs it now if the
   * request has ended.
   */
  void register(Runnable action) {
    boolean isOver =
        state.locked(
            () -> {
              if (outgoing.isReleased()) {
                return true;
              }
              actions = new BeforeCommit(actions, action);
              return false;
            });
    if (isOver) {
      action.run();
    }
  }

  /** Returns whether an action is due before the commit. */
  boolean isActionDue() {
    return actions != null;
  }

  /** Runs the actions that are due before the commit, and forgets them; without the lock. */
  void runActions() {
    if (isActionDue()) {
      BeforeCommit taken = state.locked(this::takeActions);
      if (taken != null) {
        taken.run();
      }
    }
  }

  private @Nullable BeforeCommit takeActions() {
    BeforeCommit taken = actions;
    actions = null;
    return taken;
  }

  /**
   * {@inheritDoc} Adds the token to the response, because the response may be committed now.
   *
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  @Override
  public boolean beforeCommit() {
    SessionStoreException failure = outgoing.failure();
    if (failure != null) {
      throw fail(failure);
    }
    runActions();
    if (isNothingDue()) {
      return current.get() != null;
    }
    Session stored = outgoing.isCommitted() ? null : store();
    state.lock();
    try {
      send(stored, false);
    } finally {
      state.unlock();
    }
    return current.get() != null;
  }

  /**
   * Stores the session when the application has returned.
   *
   * @param isAsync whether the request continues asynchronously. Then the response belongs to
   *     another thread, and is left alone: the thread that commits it sends the cookie or gets the
   *     failure.
   * @return the session whose token is to be {@linkplain #send sent}; null if there is none
   */
  @Nullable Session chainReturned(boolean isAsync) {
    if (!isAsync) {
      runActions();
    }
    SessionStoreException failure = outgoing.failure();
    if (failure == null && isNothingDue()) {
      return null;
    }
    if (isAsync) {
      if (failure == null) {
        storeMeanwhile();
      }
    } else if (failure != null) {
      fail(failure);
    } else if (outgoing.isCommitted()) {
      storeWhatIsLeft();
    } else {
      return store();
    }
    return null;
  }

  /**
   * Returns whether nothing is to be stored, and nothing to be added to the response: that is so
   * twice in most requests, before the commit and when the application has returned. Without the
   * lock: a thread that adds something at this moment writes it to the response itself.
   */
  private boolean isNothingDue() {
    Session known = current.get();
    return (known == null || known.isSettled()) && outgoing.isEmpty() && !current.isAnyUnsaved();
  }

  /** Stores what is left when an asynchronous request has been completed. */
  void completed() {
    try {
      runActions();
    } finally {
      if (outgoing.failure() == null) {
        Session known = current.get();
        if (known != null && known.isAwaitingCreation() && !outgoing.isCommitted()) {
          // A listener of the end has begun it, in a container that sends the response later.
          Session stored = store();
          state.run(() -> send(stored, false));
        } else {
          storeWhatIsLeft();
        }
      }
    }
  }

  /**
   * Adds token and hint to the response, if it is uncommitted; under the lock.
   *
   * @param isAsync whether the response belongs to another thread by now
   */
  void send(@Nullable Session stored, boolean isAsync) {
    // A session that replaced this one meanwhile has sent its own token.
    if (stored != null && stored == current.get()) {
      outgoing.carryTokenOf(stored);
    }
    outgoing.restoreToken();
    if (!isAsync) {
      outgoing.writeSiteData();
    }
  }

  private @Nullable Session store() {
    Session stored = current.get();
    if (stored == null) {
      return null;
    }
    try {
      admit(stored);
      write(stored, true);
    } catch (SessionStoreException e) {
      if (resolver.isAskedFor()) {
        throw fail(e);
      }
      // The application did not ask for the session, so its page is right without it.
      settings()
          .problems()
          .warn(
              "unasked",
              "The store failed, and the use of a session was not stored, nor its new secret if one"
                  + " was due; the request did not ask for it: "
                  + e.getMessage());
    }
    return stored;
  }

  /**
   * Admits a new session. A session that awaits its creation is anonymous, since a login stores its
   * own, unless the container has authenticated a user.
   *
   * @throws SessionStoreException if its client begins too many
   */
  private void admit(Session begun) {
    FloodGuard guard = settings().floodGuard();
    if (guard != null && begun.isAwaitingCreation() && resolver.containerUser() == null) {
      FloodGuard.Client client = state.read(guard::clientOf);
      state.run(
          () -> {
            if (client != null && !current.isAdmitted(begun) && !outgoing.isReleased()) {
              guard.admit(client, manager().clock().instant());
              current.markAdmitted(begun);
            }
          });
    }
    resolver.takeForUser(begun);
  }

  private void renewIfDue(Session stored) {
    SessionListeners listeners = current.listeners();
    String oldId = listeners.hasIdListeners() ? ShownId.textOf(stored) : "";
    if (manager().adapter().renewIfDue(stored) && listeners.hasIdListeners()) {
      listeners.idChanged(state.locked(() -> current.viewOf(stored)), oldId);
    }
  }

  private void storeMeanwhile() {
    Session stored = current.get();
    if (stored != null) {
      try {
        admit(stored);
        storeLate(stored);
      } catch (SessionStoreException e) {
        LOG.debug("A save failed while the request continues asynchronously", e);
      }
    }
  }

  /** Stores what was changed after the response was committed. */
  private void storeWhatIsLeft() {
    Session stored = current.get();
    if (stored == null) {
      return;
    }
    if (stored.isAwaitingCreation()) {
      settings()
          .problems()
          .error(
              "early commit",
              "The container committed the response before its buffer was full, and the new session "
                  + stored.id()
                  + " was not stored: its cookie could not be sent",
              null);
      return;
    }
    storeLate(stored);
  }

  private void storeLate(Session stored) {
    try {
      storeChangesOf(stored);
    } catch (SessionStoreException e) {
      if (resolver.isAskedFor()) {
        throw state.locked(() -> outgoing.failLater(e));
      }
    }
  }

  /**
   * Stores the changes of a session as they are now.
   *
   * @throws SessionStoreException if the store failed
   */
  void storeChangesOf(Session changed) {
    write(changed, false);
  }

  /** Stores a session. Its values are notified before they are encoded, and after. */
  private void write(Session written, boolean renews) {
    HttpSessionView view = current.viewIfAny(written);
    List<HttpSessionActivationListener> notified =
        view == null ? List.of() : view.activations().passivate(view);
    try {
      if (renews) {
        renewIfDue(written);
      }
      // Also saves what listeners have changed.
      manager().save(written);
    } finally {
      if (view != null && !notified.isEmpty()) {
        view.activations().activate(view, notified);
      }
    }
    current.settleUnsaved();
  }

  // The response.

  /** Restores the token after the application changed headers, unless they have been sent. */
  void restoreToken() {
    state.run(outgoing::restoreToken);
  }

  /**
   * Keeps the response out of caches, even after a reset, unless the application sets a caching
   * header.
   */
  void keepOutOfCaches() {
    state.run(outgoing::keepOutOfCaches);
  }

  /**
   * Checks that a token can still be sent. Without the lock: another thread can commit the response
   * right after this in any case, and is taken into account where the token is sent.
   *
   * @param what is to be done, for the message
   * @throws IllegalStateException if it cannot
   */
  void requireUncommitted(String what) {
    outgoing.requireUncommitted(what);
  }

  // Failure.

  /** Runs work that must not be reported as done if the store fails. */
  <T extends @Nullable Object> T orFail(Supplier<T> work) {
    try {
      return work.get();
    } catch (SessionStoreException e) {
      throw fail(e);
    }
  }

  /**
   * Answers 503 for a failure that the application did not handle, unless it is too late for that.
   */
  boolean answersUnavailable(SessionStoreException e) {
    return state.locked(
        () -> {
          outgoing.fail(e);
          return outgoing.isAnswered();
        });
  }

  /** Answers 500 for a failure of the application that no caller can answer, if still possible. */
  void answerError() {
    state.run(outgoing::answerError);
  }

  /** Remembers a failure and answers 503, if that is still possible. */
  private SessionStoreException fail(SessionStoreException e) {
    return state.locked(() -> outgoing.fail(e));
  }

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "CommitSave";
  }
}
