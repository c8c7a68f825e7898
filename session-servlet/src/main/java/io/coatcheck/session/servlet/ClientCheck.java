package io.coatcheck.session.servlet;

import java.util.Optional;

/**
 * Decides whether a session is used by the client that logged in. Called for each request that
 * presents the token of a logged-in session, before the application runs, if the login recorded
 * anything about its client ({@link SessionFilterBuilder#recordClient}).
 *
 * <p>The addresses of honest clients change with the network and over time, and user agents change
 * with each update. A thief of the token can forge both. So this catches careless thieves, and
 * makes some honest users log in again.
 *
 * <p>Implementations are thread-safe and do not block, since a request waits for them. An exception
 * is logged and counts as {@link Verdict#REAUTHENTICATE}.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface ClientCheck {

  /** The decision about the session. */
  enum Verdict {
    /** The session is used as usual. */
    ACCEPT,
    /**
     * For this request there is no session and no user until a login. Neither attributes nor the
     * principal are shown, only the use of the session is stored, and the cookie is left alone. A
     * login of the same principal resumes the session, with its attributes and a new secret, and
     * records the client again. A login of another principal and a logout end it.
     */
    REAUTHENTICATE,
    /**
     * The session is ended for every node, as by {@link
     * io.coatcheck.session.SessionAdapter#revoke}. The request continues without a session.
     */
    END
  }

  /**
   * What is known about a client.
   *
   * @param address its address as the container reports it
   * @param userAgent its user agent, truncated and cleaned as it is when recorded
   */
  record Client(Optional<String> address, Optional<String> userAgent) {}

  /**
   * Decides whether the client of this request may use the session.
   *
   * @param atLogin the client as recorded at the login; at least one of address and user agent is
   *     present
   * @param now the client of this request
   */
  Verdict judge(Client atLogin, Client now);
}
