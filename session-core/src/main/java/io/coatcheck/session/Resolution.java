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
   * client may just have been sent a newer cookie that a late answer would overwrite. So it is for
   * five seconds after the rotation, if the token's id exists and its secret is not the current
   * one: a request that arrives later was not under way when the secret was replaced, and its
   * client never got the answer.
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

  /** No token was presented, or more than one that is live, or more than four. */
  record Absent() implements Resolution {}

  /** What was presented does not have the form of a token. The store was not asked. */
  record Malformed() implements Resolution {}

  /** There is no session with the token's id. */
  record Unknown(SessionId sessionId) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(sessionId);
    }
  }

  /** The secret is right and the session is past a deadline. */
  record Expired(SessionId sessionId) implements Resolution {
    @Override
    public Optional<SessionId> id() {
      return Optional.of(sessionId);
    }
  }

  /** The secret is the one before the last rotation. */
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
