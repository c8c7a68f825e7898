package io.coatcheck.session.store;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a session that only a login sets, kept in a separate object: anonymous sessions need
 * none, and the snapshots of one login share it.
 */
record LoginParts(
    @Nullable String principal,
    long authenticatedAt,
    boolean remembered,
    @Nullable String clientAddress,
    @Nullable String userAgent) {

  static final LoginParts NONE = new LoginParts(null, StoredSession.ABSENT, false, null, null);

  LoginParts withPrincipal(@Nullable String name) {
    return Objects.equals(name, principal)
        ? this
        : new LoginParts(name, authenticatedAt, remembered, clientAddress, userAgent);
  }

  LoginParts withAuthenticatedAt(long moment) {
    return new LoginParts(principal, moment, remembered, clientAddress, userAgent);
  }

  LoginParts withRemembered(boolean value) {
    return value == remembered
        ? this
        : new LoginParts(principal, authenticatedAt, value, clientAddress, userAgent);
  }

  LoginParts withClient(@Nullable String address, @Nullable String agent) {
    return Objects.equals(address, clientAddress) && Objects.equals(agent, userAgent)
        ? this
        : new LoginParts(principal, authenticatedAt, remembered, address, agent);
  }
}
