package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;

/**
 * What may be shown of a session: to its owner in a list of devices, or to an administrator. It
 * holds nothing that opens the session.
 *
 * @param id the handle by which it can be revoked
 * @param createdAt when it was created
 * @param authenticatedAt when its principal last authenticated
 * @param lastSeenAt when it was last used, up to the touch interval late
 * @param expiresAt when it will expire if it is not used before
 * @param remembered whether its client keeps the cookie over a restart
 * @param clientAddress the address of the client, as recorded at login
 * @param userAgent the user agent of the client, as recorded at login; written by the client, so
 *     escape it
 * @since 0.1.0
 */
public record SessionInfo(
    SessionId id,
    Instant createdAt,
    Optional<Instant> authenticatedAt,
    Instant lastSeenAt,
    Instant expiresAt,
    boolean remembered,
    Optional<String> clientAddress,
    Optional<String> userAgent) {

  static SessionInfo of(StoredSession session) {
    return new SessionInfo(
        session.id(),
        session.createdAt(),
        session.authenticatedAt(),
        session.lastSeenAt(),
        session.expiresAt(),
        session.remembered(),
        session.clientAddress(),
        session.userAgent());
  }
}
