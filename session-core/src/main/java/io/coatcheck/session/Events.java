package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies the listeners of events. If a listener throws, that is logged and the others are still
 * notified.
 *
 * <p>A thread that must not be delayed, such as one that holds a save queue, {@linkplain #hold
 * holds} its events until it has finished.
 */
final class Events {

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);

  private final InstantSource clock;
  private final List<SessionListener> listeners;
  private final LimitedLog failures = new LimitedLog(LOG, Duration.ofMinutes(1));
  private final ValueWarnings warnings = new ValueWarnings();

  /**
   * The events that a thread holds for this manager. Not static: a thread may use several managers.
   */
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable List<SessionEvent>> held = new ThreadLocal<>();

  Events(InstantSource clock, List<SessionListener> listeners) {
    this.clock = clock;
    this.listeners = new CopyOnWriteArrayList<>(listeners);
  }

  void add(SessionListener listener) {
    listeners.add(listener);
  }

  void remove(SessionListener listener) {
    listeners.remove(listener);
  }

  boolean hasListener(Class<? extends SessionListener> type) {
    return listeners.stream().anyMatch(type::isInstance);
  }

  /** Returns a consumer that notifies the listeners of each session that a store deletes. */
  DeletedSessions endings(EndReason reason) {
    return DeletedSessions.of(needAttributes(), session -> ended(session, reason));
  }

  /** Returns whether any listener reads the attributes of sessions that end. */
  private boolean needAttributes() {
    for (SessionListener listener : listeners) {
      try {
        if (listener.needsAttributes()) {
          return true;
        }
      } catch (Throwable failure) {
        failed(listener, "needsAttributes", failure);
        return true;
      }
    }
    return false;
  }

  void created(StoredSession session) {
    notifyListeners(new SessionEvent.Created(clock.instant(), session));
  }

  void authenticated(StoredSession session) {
    notifyListeners(new SessionEvent.Authenticated(clock.instant(), session));
  }

  void renewed(StoredSession session) {
    notifyListeners(new SessionEvent.Renewed(clock.instant(), session));
  }

  void savedAfterConflict(StoredSession session, int attempts) {
    notifyListeners(new SessionEvent.SavedAfterConflict(clock.instant(), session, attempts));
  }

  void dropped(StoredSession session, DropReason reason, Set<String> attributes) {
    notifyListeners(
        new SessionEvent.WriteDropped(
            clock.instant(), Optional.of(session.id()), session.principal(), reason, attributes));
  }

  void ended(StoredSession session, EndReason reason) {
    if (Claims.isClaim(session)) {
      return;
    }
    notifyListeners(new SessionEvent.Ended(clock.instant(), session, reason));
  }

  void endedElsewhere(StoredSession session) {
    if (Claims.isClaim(session)) {
      return;
    }
    notifyListeners(new SessionEvent.EndedElsewhere(clock.instant(), session));
  }

  /** Notifies the listeners that a session expired, and of which of its two limits ended it. */
  void expired(StoredSession session) {
    boolean absolute = session.expiresAt().equals(session.absoluteDeadline());
    ended(session, absolute ? EndReason.ABSOLUTE : EndReason.IDLE);
  }

  void refused(RefusalReason reason, Optional<SessionId> id, Optional<String> principal) {
    notifyListeners(new SessionEvent.TokenRefused(clock.instant(), id, principal, reason));
  }

  void undecodable(StoredSession session, String attribute, Exception problem) {
    undecodable(Optional.of(session.id()), session.principal(), attribute, problem);
  }

  /**
   * Notifies the listeners of an attribute that could not be decoded, so that its session was not
   * imported.
   */
  void undecodable(String attribute, Exception problem) {
    undecodable(Optional.empty(), Optional.empty(), attribute, problem);
  }

  private void undecodable(
      Optional<SessionId> id, Optional<String> principal, String attribute, Exception problem) {
    warnings.undecodable(attribute, problem);
    notifyListeners(
        new SessionEvent.AttributeUndecodable(
            clock.instant(), id, principal, attribute, String.valueOf(problem.getMessage())));
  }

  /** Notifies the listeners of a value that {@code set} rejected. */
  void refused(
      StoredSession session, String attribute, Object value, IllegalArgumentException problem) {
    warnings.refused(attribute, value, problem);
    notifyListeners(
        new SessionEvent.AttributeRefused(
            clock.instant(),
            Optional.of(session.id()),
            session.principal(),
            attribute,
            String.valueOf(problem.getMessage())));
  }

  void unencodable(
      StoredSession session, String attribute, Object value, AttributeCodecException problem) {
    warnings.unencodable(attribute, value, problem);
    notifyListeners(
        new SessionEvent.AttributeUnencodable(
            clock.instant(),
            Optional.of(session.id()),
            session.principal(),
            attribute,
            String.valueOf(problem.getMessage())));
  }

  void credential(
      CredentialKind kind,
      CredentialOutcome outcome,
      Optional<SessionId> id,
      Optional<String> principal) {
    notifyListeners(
        new SessionEvent.ForeignCredential(clock.instant(), id, principal, kind, outcome));
  }

  void storeFailed(Optional<SessionId> id, String operation, SessionStoreException failure) {
    notifyListeners(new SessionEvent.StoreFailed(clock.instant(), id, operation, failure));
  }

  Instant now() {
    return clock.instant();
  }

  /**
   * Holds the events of this thread until it {@linkplain #release releases} them.
   *
   * @return {@code false} if it already holds them
   */
  boolean hold() {
    if (held.get() != null) {
      return false;
    }
    held.set(List.of());
    return true;
  }

  /** Notifies the listeners of the events that this thread has held, in order. */
  void release() {
    List<SessionEvent> events = held.get();
    // Not removed: the thread would need another entry at its next save.
    held.set(null);
    if (events != null && !events.isEmpty()) {
      events.forEach(this::notifyListeners);
    }
  }

  private void notifyListeners(SessionEvent event) {
    List<SessionEvent> holding = held.get();
    if (holding != null) {
      if (holding.isEmpty()) {
        // Most threads have no event to hold and need no list, or one.
        holding = new ArrayList<>(1);
        held.set(holding);
      }
      holding.add(event);
      return;
    }
    for (SessionListener listener : listeners) {
      try {
        listener.onEvent(event);
      } catch (Throwable failure) {
        // Even an Error in a listener must not undo or hide what has already happened.
        failed(listener, event.getClass().getSimpleName(), failure);
      }
    }
  }

  /** Logs that a listener failed: once a minute, since clients cause events without limit. */
  private void failed(SessionListener listener, String on, Throwable failure) {
    String name = listener.getClass().getName();
    failures.error(on + " " + name, "A session listener failed on " + on + ": " + name, failure);
  }
}
