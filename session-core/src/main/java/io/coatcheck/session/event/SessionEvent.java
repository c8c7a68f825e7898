package io.coatcheck.session.event;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * Something that happened to a session. No event contains a secret. The result of {@code toString}
 * may be logged: it contains neither the principal nor names or values of attributes.
 *
 * @since 0.1.0
 */
public sealed interface SessionEvent {

  /** Returns when it happened, by the clock of the session manager. */
  Instant at();

  /** Returns the public id of the session; empty if there is none, as for a malformed token. */
  Optional<SessionId> sessionId();

  /**
   * Returns the principal that is, or was, logged in; empty for an anonymous or unknown session.
   */
  Optional<String> principal();

  /** An event with a snapshot of the session, including its attributes. */
  sealed interface WithSession extends SessionEvent {

    /**
     * Returns the session as it was stored, or as it was when it ended; a session that ended may
     * come without its attributes if {@linkplain SessionListener#needsAttributes no listener needs
     * them}.
     */
    StoredSession session();

    @Override
    default Optional<SessionId> sessionId() {
      return Optional.of(session().id());
    }

    @Override
    default Optional<String> principal() {
      return session().principal();
    }
  }

  /** A session was stored for the first time. */
  record Created(Instant at, StoredSession session) implements WithSession {}

  /** A principal logged in, on a new session or an existing one. */
  record Authenticated(Instant at, StoredSession session) implements WithSession {}

  /** A session got a new secret without a login. */
  record Renewed(Instant at, StoredSession session) implements WithSession {}

  /**
   * Changes were saved after other requests had changed the same session first.
   *
   * @param attempts how many times the write was tried, at least 2
   */
  record SavedAfterConflict(Instant at, StoredSession session, int attempts)
      implements WithSession {}

  /**
   * Changes were dropped because the state that they were based on is gone.
   *
   * @param attributes the names of the attributes whose changes are lost
   */
  record WriteDropped(
      Instant at,
      Optional<SessionId> sessionId,
      Optional<String> principal,
      DropReason reason,
      Set<String> attributes)
      implements SessionEvent {

    /** Copies the set. */
    public WriteDropped {
      attributes = Set.copyOf(attributes);
    }

    @Override
    public String toString() {
      return text(this, reason + ", " + attributes.size() + " attributes");
    }
  }

  /** A session ended. Each end is reported once across all nodes that share a store. */
  record Ended(Instant at, StoredSession session, EndReason reason) implements WithSession {}

  /**
   * This node's near cache found that a session has ended: connections that are open for the
   * session here can be closed. This is reported in addition to {@link Ended}, on each node that
   * had a copy and checked it again; rarely also on the node that ended it. A node without a near
   * cache does not report it. A node on which the session is not used finds out when it is used, if
   * ever.
   *
   * @param session the copy, which may be older than the state that ended
   */
  record EndedElsewhere(Instant at, StoredSession session) implements WithSession {}

  /** A client presented a token that was not accepted. */
  record TokenRefused(
      Instant at, Optional<SessionId> sessionId, Optional<String> principal, RefusalReason reason)
      implements SessionEvent {

    @Override
    public String toString() {
      return text(this, reason.toString());
    }
  }

  /**
   * The stored bytes of an attribute could not be decoded. The attribute reads as absent; its bytes
   * stay until something is stored under its name. Without a session, it is of another library's
   * session, which was not imported because of it.
   *
   * @param attribute its name
   * @param problem names the class and the rule, never the value
   */
  record AttributeUndecodable(
      Instant at,
      Optional<SessionId> sessionId,
      Optional<String> principal,
      String attribute,
      String problem)
      implements SessionEvent {

    @Override
    public String toString() {
      return text(this, "one attribute");
    }
  }

  /**
   * A value was rejected as an attribute: it cannot be encoded, or the session would hold more than
   * its limits allow. The application got an exception; nothing was changed.
   *
   * @param attribute its name
   * @param problem names the class and the rule, never the value
   */
  record AttributeRefused(
      Instant at,
      Optional<SessionId> sessionId,
      Optional<String> principal,
      String attribute,
      String problem)
      implements SessionEvent {

    @Override
    public String toString() {
      return text(this, "one attribute");
    }
  }

  /**
   * The value of an attribute was changed after it was set or read, and can no longer be encoded.
   * The earlier bytes stay; the other attributes are saved.
   *
   * @param attribute its name
   * @param problem names the class and the rule, never the value
   */
  record AttributeUnencodable(
      Instant at,
      Optional<SessionId> sessionId,
      Optional<String> principal,
      String attribute,
      String problem)
      implements SessionEvent {

    @Override
    public String toString() {
      return text(this, "one attribute");
    }
  }

  /**
   * The store failed.
   *
   * @param operation the operation that failed, such as {@code find}
   */
  record StoreFailed(
      Instant at, Optional<SessionId> sessionId, String operation, SessionStoreException failure)
      implements SessionEvent {

    @Override
    public Optional<String> principal() {
      return Optional.empty();
    }

    @Override
    public String toString() {
      return text(this, operation);
    }
  }

  /**
   * A credential of another system was presented to a bridge, such as a JSON Web Token or the
   * cookie of an old session. Of one that many requests present at the same time, the use that
   * moved the user is reported once.
   *
   * @param principal the user whom it names; empty if that is not known
   */
  record ForeignCredential(
      Instant at,
      Optional<SessionId> sessionId,
      Optional<String> principal,
      CredentialKind kind,
      CredentialOutcome outcome)
      implements SessionEvent {

    @Override
    public String toString() {
      return text(this, kind + ", " + outcome);
    }
  }

  private static String text(SessionEvent event, String details) {
    return event.getClass().getSimpleName()
        + "["
        + event.at()
        + ", "
        + event.sessionId().map(SessionId::toString).orElse("no session")
        + ", "
        + details
        + "]";
  }
}
