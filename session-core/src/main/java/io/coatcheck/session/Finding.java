package io.coatcheck.session;

import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;

/** The outcome for one token. */
sealed interface Finding {

  /**
   * The token opens a session.
   *
   * @param id as presented; the snapshot's equal id is another object, which would have to be
   *     loaded from memory
   * @param presented the secret of the token
   * @param now the time after the store had answered
   */
  record Opened(
      SessionId id,
      StoredSession session,
      SecretHash presented,
      Renewal renewal,
      Source source,
      Instant now)
      implements Finding {}

  /** The token is refused. */
  record Refusal(Resolution resolution, RefusalReason reason, Optional<String> principal)
      implements Finding {}

  /** Where a snapshot was read from. */
  enum Source {
    STORE,
    /** A copy on this node, within its age limit. */
    COPY,
    /** An older copy, because the store fails: writes that can wait are not attempted. */
    STALE_COPY
  }
}
