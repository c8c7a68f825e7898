package io.coatcheck.session.servlet;

import java.util.Optional;

/**
 * Judges whether a session is used by the client that logged in. Asked for each request that
 * presents the token of a logged-in session, before the application runs, if the login recorded
 * anything of its client ({@link SessionFilterBuilder#recordClient}).
 *
 * <p>Addresses of honest clients change, with the network and the hour, and user agents with each
 * update; both can be forged by whoever stole the token. So this catches the careless thief, at the
 * price of logins that honest users repeat.
 *
 * <p>Implementations are thread-safe, and do not block: a request waits for them. One that throws
 * is logged, and has said {@link Verdict#REAUTHENTICATE}.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface ClientCheck {

  /** What becomes of the session. */
  enum Verdict {
    /** It is used as if nothing had been asked. */
    ACCEPT,
    /**
     * To this request there is no session and no user, until somebody logs in: neither attributes
     * nor the principal are shown, nothing is stored but that the session was used, and the cookie
     * is left alone. A login of the same principal takes the session up again, with its attributes
     * and a new secret, and records the client anew; one of another principal, and a logout, end
     * it.
     */
    REAUTHENTICATE,
    /**
     * It is ended for every node, as by {@link io.coatcheck.session.SessionManager#revoke}. The
     * request goes on without a session.
     */
    END
  }

  /**
   * What is known of a client.
   *
   * @param address its address as the container reports it
   * @param userAgent its user agent, cut off and cleaned as it is when it is recorded
   */
  record Client(Optional<String> address, Optional<String> userAgent) {}

  /**
   * Judges.
   *
   * @param atLogin the client as recorded at the login; at least one of the two is there
   * @param now the client of this request
   */
  Verdict judge(Client atLogin, Client now);
}
