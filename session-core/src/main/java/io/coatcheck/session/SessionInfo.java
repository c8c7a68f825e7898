package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;

/**
 * Information about a session that may be shown: to its user in a list of devices, or to an
 * administrator. It contains nothing that gives access to the session.
 *
 * @param id the public id, by which it can be revoked
 * @param createdAt when it was created
 * @param authenticatedAt when its principal last authenticated
 * @param lastSeenAt when it was last used; may lag by up to the touch interval
 * @param expiresAt when it will expire if it is not used before
 * @param remembered whether its client keeps the cookie across a restart
 * @param clientAddress the address of the client, as recorded at login
 * @param userAgent the user agent of the client, as recorded at login; sent by the client, so
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
