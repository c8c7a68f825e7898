package io.coatcheck.session;

/**
 * The outcome of {@link SessionManager#authenticate}: the session that is now logged in, or why
 * there is none.
 *
 * @since 0.1.0
 */
public sealed interface LoginOutcome {

  /** Returns {@link LoginResult#LOGGED_IN}, or why the login was refused. */
  LoginResult result();

  /**
   * The login is stored.
   *
   * @param session the session that is now authenticated, with a token for the client; the one
   *     passed in, or a new one. It has ended if another thread of the request has ended it since
   */
  record Granted(Session session) implements LoginOutcome {

    @Override
    public LoginResult result() {
      return LoginResult.LOGGED_IN;
    }
  }

  /**
   * The login was refused and left no session.
   *
   * @param result why; never {@link LoginResult#LOGGED_IN}
   */
  record Refused(LoginResult result) implements LoginOutcome {

    /**
     * Creates the outcome of a refused login.
     *
     * @throws IllegalArgumentException if the result is {@link LoginResult#LOGGED_IN}
     */
    public Refused {
      if (result == LoginResult.LOGGED_IN) {
        throw new IllegalArgumentException("the result of a refused login must not be LOGGED_IN");
      }
    }
  }
}
