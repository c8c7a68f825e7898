package io.coatcheck.session.store;

import io.coatcheck.session.token.SecretHash;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a session that only a change of its secret sets, kept in a separate object: most
 * sessions need none.
 *
 * @param rotatedAt when the secret was last changed, in milliseconds since the epoch
 */
record Rotations(
    @Nullable SecretHash previousSecretHash,
    long previousReadableUntil,
    long rotatedAt,
    long generation,
    long fence) {

  /** Returns null if the secret is the first one. */
  static @Nullable Rotations of(StoredSessionBuilder session, long createdAt) {
    if (session.previousSecretHash == null
        && session.previousReadableUntil != StoredSession.ABSENT) {
      throw new IllegalArgumentException(
          "previousReadableUntil needs a previousSecretHash: session " + session.id);
    }
    if (session.fence > session.generation) {
      throw new IllegalArgumentException(
          "fence must not be above generation: " + session.fence + " > " + session.generation);
    }
    long rotatedAt = session.rotatedAt == StoredSession.ABSENT ? createdAt : session.rotatedAt;
    boolean hadNone =
        session.previousSecretHash == null
            && rotatedAt == createdAt
            && session.generation == 0
            && session.fence == 0;
    if (hadNone) {
      return null;
    }
    Rotations known = session.known;
    return known != null && known.isOf(session, rotatedAt)
        ? known
        : new Rotations(
            session.previousSecretHash,
            session.previousReadableUntil,
            rotatedAt,
            session.generation,
            session.fence);
  }

  private boolean isOf(StoredSessionBuilder session, long rotated) {
    // The hash last: a new secret is a new generation, and the old hash is rarely in a cache of the
    // processor.
    return generation == session.generation
        && fence == session.fence
        && rotatedAt == rotated
        && previousReadableUntil == session.previousReadableUntil
        && Objects.equals(previousSecretHash, session.previousSecretHash);
  }
}
