package io.coatcheck.session;

import io.coatcheck.session.token.SessionToken;
import java.util.Optional;

/**
 * The result of {@link SessionBridge#importSession}.
 *
 * @param token to be resolved in this request as if the client had presented it; the response then
 *     carries another one. Present if the status is {@link Status#IMPORTED} or {@link Status#FOUND}
 * @since 0.1.0
 */
public record ImportResult(Status status, Optional<SessionToken> token) {

  /** The outcome for the credential. */
  public enum Status {
    /** The session was imported by this call. */
    IMPORTED,
    /** The session had been imported before and has not ended; the token may or may not open it. */
    FOUND,
    /**
     * The session had been imported before and has ended, or a logout has used the credential up.
     */
    SPENT,
    /**
     * There is nothing to import, the other library has ended the session, or its user has a name
     * that no principal can have.
     */
    REFUSED,
    /** The principal has as many sessions as allowed; the credential may be used later. */
    LIMIT_REACHED
  }

  static ImportResult of(Status status) {
    return new ImportResult(status, Optional.empty());
  }
}
