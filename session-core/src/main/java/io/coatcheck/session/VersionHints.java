package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.Optional;

/**
 * Read your own writes on every node, although nodes keep copies of sessions: the answer to a
 * request that changed a session carries a hint, the client presents it with its next requests, and
 * a node whose copy is older asks the store instead. There are hints only where the store keeps
 * copies.
 *
 * <p>A hint names a session, by its public id, and how often it was changed. It opens nothing; one
 * that is false, malformed, lost or about another session can at most cost its sender a look-up, or
 * the reading of a copy that is within the bound.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class VersionHints {

  private final Duration lifetime;

  VersionHints(Duration lifetime) {
    this.lifetime = lifetime;
  }

  /**
   * Returns for how long a client is to keep a hint: as long as some node may answer from a copy
   * that is older. Keeping it for longer does no harm.
   */
  public Duration lifetime() {
    return lifetime;
  }

  /**
   * Returns the hint that the client is to be given because this request changed the session, and
   * forgets that it is to be given. To be called when the session is saved and the response can
   * still carry it: what is saved later is seen on other nodes when their copies have become too
   * old.
   *
   * @return empty if the request has stored no change since the last call, or began the session and
   *     changed nothing since, so that no node can have an older copy
   */
  public Optional<String> take(Session session) {
    StoredSession changed = session.takeChanged();
    return changed == null ? Optional.empty() : Optional.of(VersionHint.textOf(changed));
  }
}
