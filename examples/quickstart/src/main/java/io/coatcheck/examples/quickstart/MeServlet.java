package io.coatcheck.examples.quickstart;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Returns the logged-in user. {@code RequireLogin} answers requests without a login. */
final class MeServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    WebSession session = WebSession.of(request);
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("principal", session.principal().orElseThrow());
    members.put("sessionId", session.id().orElseThrow());
    members.put("createdAt", session.createdAt().orElseThrow());
    members.put("authenticatedAt", session.authenticatedAt().orElseThrow());
    members.put("lastSeenAt", session.lastSeenAt().orElseThrow());
    members.put("expiresAt", session.expiresAt().orElseThrow());
    Answers.json(response, members);
  }
}
