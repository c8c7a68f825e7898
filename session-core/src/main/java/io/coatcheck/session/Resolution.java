package io.coatcheck.session;

import io.coatcheck.session.token.SessionId;
import java.util.Optional;

/**
 * The outcome of presenting a token. Only {@link Live} gives a session.
 *
 * @since 0.1.0
 */
public sealed interface Resolution {

  /** Returns the id that the token names, if it has the form of a token. */
  default Optional<SessionId> id() {
    return Optional.empty();
  }

  /**
   * Returns whether a session that is begun in answer to this token must not be stored, because the
   * client may just have been sent a newer cookie that a late response would overwrite. True for
   * five seconds after the rotation, if the token's id exists and its secret is not the current
   * one. A request that arrives later was sent after the secret was replaced: its client never got
   * the response.
   */
  default boolean guardsNewerToken() {
    return false;
  }

  /** The token opens a session that is within its deadlines. */
  record Live(Session session) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(session.id());
    }
  }

  /** No token was presented, more than one live token, or more than four tokens. */
  record Absent() implements Resolution {}

  /** The presented text does not have the form of a token. The store was not read. */
  record Malformed() implements Resolution {}

  /** There is no session with the token's id. */
  record Unknown(SessionId sessionId) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(sessionId);
    }
  }

  /** The secret is right, but the session is past a deadline. */
  record Expired(SessionId sessionId) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(sessionId);
    }
  }

  /** The secret is the one that the last rotation replaced. */
  record Superseded(SessionId sessionId, boolean guardsNewerToken) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(sessionId);
    }
  }

  /** The session exists, and the secret is neither the current nor the previous one. */
  record Mismatched(SessionId sessionId, boolean guardsNewerToken) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(sessionId);
    }
  }
}
