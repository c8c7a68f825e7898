package io.coatcheck.examples.quickstart;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.servlet.OwnSession;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lists the sessions of the logged-in user, and ends one: {@code /devices/<id>/revoke}. */
final class DevicesServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;
  private static final Pattern REVOKE = Pattern.compile("/([^/]+)/revoke");

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String path = request.getPathInfo();
    if (path == null) {
      Answers.json(
          response,
          WebSession.of(request).sessions().stream().map(DevicesServlet::described).toList());
    } else {
      refuse(response, REVOKE.matcher(path).matches());
    }
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String path = request.getPathInfo();
    Matcher revoke = REVOKE.matcher(path == null ? "" : path);
    if (revoke.matches()) {
      // Only a session of the same user is ended. Nobody learns which other ids exist.
      WebSession.of(request).revoke(revoke.group(1));
      Answers.backToPage(response);
    } else {
      refuse(response, path == null);
    }
  }

  private static void refuse(HttpServletResponse response, boolean exists) throws IOException {
    response.sendError(
        exists ? HttpServletResponse.SC_METHOD_NOT_ALLOWED : HttpServletResponse.SC_NOT_FOUND);
  }

  private static Map<String, Object> described(OwnSession device) {
    SessionInfo info = device.info();
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("sessionId", info.id());
    members.put("current", device.isCurrent());
    members.put("createdAt", info.createdAt());
    members.put("authenticatedAt", info.authenticatedAt().orElse(null));
    members.put("lastSeenAt", info.lastSeenAt());
    members.put("expiresAt", info.expiresAt());
    members.put("remembered", info.remembered());
    members.put("clientAddress", info.clientAddress().orElse(null));
    members.put("userAgent", info.userAgent().orElse(null));
    return members;
  }
}
