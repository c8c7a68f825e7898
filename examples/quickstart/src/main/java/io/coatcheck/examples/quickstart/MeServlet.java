package io.coatcheck.examples.quickstart;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;

/** Returns the logged-in user. {@code RequireLogin} answers requests without a login. */
final class MeServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;

  /** The logged-in user and the session, as JSON. */
  record Me(
      String principal,
      String sessionId,
      Instant createdAt,
      Instant authenticatedAt,
      Instant lastSeenAt,
      Instant expiresAt) {}

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    WebSession session = WebSession.of(request);
    Answers.json(
        response,
        new Me(
            session.principal().orElseThrow(),
            session.id().orElseThrow().toString(),
            session.createdAt().orElseThrow(),
            session.authenticatedAt().orElseThrow(),
            session.lastSeenAt().orElseThrow(),
            session.expiresAt().orElseThrow()));
  }
}
