package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionInfo;

/**
 * One of the sessions of the logged-in user.
 *
 * @param info what may be shown of it; its user agent comes from a client, so escape it
 * @param isCurrent whether it is the session of this request
 * @since 0.1.0
 */
public record OwnSession(SessionInfo info, boolean isCurrent) {}
