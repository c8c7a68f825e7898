package io.coatcheck.session.spring;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * The actuator endpoint {@code coatcheck}: lists the sessions of a user, and ends one or all of
 * them. It knows sessions by their public ids, and returns nothing that opens one.
 */
@Endpoint(id = "coatcheck")
final class SessionsEndpoint {

  private static final int MAX_USER = 255;

  private final SessionManager manager;

  SessionsEndpoint(SessionManager manager) {
    this.manager = manager;
  }

  /** Lists the live sessions of a user, the most recently used first. */
  @ReadOperation
  WebEndpointResponse<Sessions> sessions(String user) {
    if (!mayBeUser(user)) {
      return new WebEndpointResponse<>(WebEndpointResponse.STATUS_BAD_REQUEST);
    }
    return new WebEndpointResponse<>(
        new Sessions(manager.sessionsOf(user).stream().map(Device::of).toList()));
  }

  /** Ends all sessions of a user, on all nodes, however many there are. */
  @DeleteOperation
  WebEndpointResponse<Ended> endAll(String user) {
    return mayBeUser(user)
        ? new WebEndpointResponse<>(new Ended(manager.revokeAllOf(user)))
        : new WebEndpointResponse<>(WebEndpointResponse.STATUS_BAD_REQUEST);
  }

  private static boolean mayBeUser(String user) {
    return !user.isEmpty()
        && user.codePointCount(0, user.length()) <= MAX_USER
        && user.indexOf('\0') < 0;
  }

  /** Ends a session of any user by its public id. */
  @DeleteOperation
  WebEndpointResponse<Void> end(@Selector String id) {
    boolean ended = SessionId.parse(id).map(manager::revoke).orElse(false);
    return new WebEndpointResponse<>(
        ended ? WebEndpointResponse.STATUS_NO_CONTENT : WebEndpointResponse.STATUS_NOT_FOUND);
  }

  /**
   * The answer to a list.
   *
   * @param sessions at most {@link SessionManager#MAX_LISTED}
   */
  record Sessions(List<Device> sessions) {}

  /**
   * The answer after all sessions of a user were ended.
   *
   * @param ended how many there were
   */
  record Ended(int ended) {}

  /**
   * One session.
   *
   * @param id the public id
   * @param createdAt when it was created
   * @param authenticatedAt when the user proved who they are; 1970 if that is not known
   * @param lastSeenAt when it was last used, up to the touch interval late
   * @param expiresAt when it expires if it is not used before
   * @param remembered whether the client keeps the cookie across a restart
   * @param clientAddress the address of the client at the login
   * @param userAgent the user agent of the client at the login, as the client sent it
   */
  record Device(
      String id,
      Instant createdAt,
      @Nullable Instant authenticatedAt,
      Instant lastSeenAt,
      Instant expiresAt,
      boolean remembered,
      @Nullable String clientAddress,
      @Nullable String userAgent) {

    private static Device of(SessionInfo session) {
      return new Device(
          session.id().toString(),
          session.createdAt(),
          session.authenticatedAt().orElse(null),
          session.lastSeenAt(),
          session.expiresAt(),
          session.remembered(),
          session.clientAddress().orElse(null),
          session.userAgent().orElse(null));
    }
  }
}
