package io.coatcheck.session.spring;

import java.time.Instant;

/**
 * Whether a login from before the move still counts. A bean of this type is used by each bridge
 * that properties turn on: the exchange of JSON Web Tokens, the import from Spring Session, and the
 * adoption of the container's sessions. {@code SessionManager.revokeAllOf} ends what was moved by
 * then, and no old credential; so where users can be signed out everywhere, record the moment
 * first, revoke then, and compare it here:
 *
 * <pre>{@code
 * @Bean
 * FormerLoginCheck formerLogins(Accounts accounts) {
 *   return (user, loginAt) -> loginAt.isAfter(accounts.signedOutAt(user));
 * }
 * }</pre>
 *
 * <p>Without such a bean every login counts, and a line in the log at startup says so. Called by
 * several threads at once, before a user is moved and again after that is stored. If it throws, the
 * request fails and no user is moved.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface FormerLoginCheck {

  /**
   * Returns whether a login still counts.
   *
   * @param principal the name of the user
   * @param loginAt when the old session was created, or the token was issued
   */
  boolean isValid(String principal, Instant loginAt);
}
