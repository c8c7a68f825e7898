package io.coatcheck.examples.fromjwt;

import io.coatcheck.examples.quickstart.Answers;
import io.coatcheck.session.SessionManager;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;

/**
 * Lets an operator take away alice's role, and sign her out everywhere. A real site asks the
 * operator to log in.
 */
final class OperatorServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;
  private static final String NAME = "alice";

  private final transient SessionManager sessions;
  private final transient Accounts accounts;

  OperatorServlet(SessionManager sessions, Accounts accounts) {
    this.sessions = sessions;
    this.accounts = accounts;
  }

  /** The account, as JSON. */
  record Account(boolean isAdmin, Instant signedOutAt) {}

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Answers.json(response, new Account(accounts.isAdmin(NAME), accounts.signedOutAt(NAME)));
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    switch (String.valueOf(request.getPathInfo())) {
      case "/take-role" -> accounts.setAdmin(NAME, false);
      case "/give-role" -> accounts.setAdmin(NAME, true);
      case "/sign-out" -> {
        // In this order: a session that is exchanged in between is revoked.
        accounts.signedOut(NAME);
        sessions.revokeAllOf(NAME);
      }
      default -> {
        response.setStatus(HttpServletResponse.SC_NOT_FOUND);
        return;
      }
    }
    doGet(request, response);
  }
}
