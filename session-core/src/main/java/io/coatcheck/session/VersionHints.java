package io.coatcheck.session;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.Optional;

/**
 * Lets clients read their own writes on every node, although nodes keep copies of sessions: the
 * response to a request that changed a session carries a hint, the client presents it with its next
 * requests, and a node whose copy is older reads the store instead. There are hints only where the
 * store keeps copies.
 *
 * <p>A hint names a session, by its public id, and how often it was changed. It gives access to
 * nothing; one that is false, malformed, lost or about another session can at most cost its sender
 * a look-up, or a read of a copy that is within its age limit.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class VersionHints {

  private final Duration lifetime;

  private VersionHints(Duration lifetime) {
    this.lifetime = lifetime;
  }

  /** Returns the hints of an engine; empty if its store keeps no copies. */
  static Optional<VersionHints> of(EngineContext engine) {
    return engine
        .copies()
        .map(NearCopies::longestAge)
        .filter(age -> !age.isZero())
        .map(VersionHints::new);
  }

  /**
   * Returns how long a client should keep a hint: as long as any node may answer from an older
   * copy. Keeping it longer does no harm.
   */
  public Duration lifetime() {
    return lifetime;
  }

  /**
   * Returns the hint to send because this request changed the session, once per change. Call it
   * when the session is saved and the response can still carry the hint: changes that are saved
   * later are seen on other nodes when their copies have become too old.
   *
   * @return empty if the request has stored no change since the last call, or began the session and
   *     changed nothing since, so that no node can have an older copy
   */
  public Optional<String> take(Session session) {
    StoredSession changed = session.takeChanged();
    return changed == null ? Optional.empty() : Optional.of(VersionHint.textOf(changed));
  }
}
