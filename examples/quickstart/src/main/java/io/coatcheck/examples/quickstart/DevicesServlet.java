package io.coatcheck.examples.quickstart;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.servlet.OwnSession;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Lists the sessions of the logged-in user, and ends one: {@code /devices/<id>/revoke}. */
final class DevicesServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;
  private static final Pattern REVOKE = Pattern.compile("/([^/]+)/revoke");

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String path = request.getPathInfo();
    if (path == null) {
      Answers.json(response, WebSession.of(request).sessions().stream().map(Listed::of).toList());
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
      // Only a session of the same user is ended. The answer is the same for ids that do not exist.
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

  /** A session of the user, as JSON. */
  record Listed(
      String sessionId,
      boolean current,
      String device,
      Instant createdAt,
      @Nullable Instant authenticatedAt,
      Instant lastSeenAt,
      Instant expiresAt,
      boolean remembered,
      @Nullable String clientAddress,
      @Nullable String userAgent) {

    static Listed of(OwnSession session) {
      SessionInfo info = session.info();
      return new Listed(
          info.id().toString(),
          session.isCurrent(),
          DeviceNames.of(info.userAgent()),
          info.createdAt(),
          info.authenticatedAt().orElse(null),
          info.lastSeenAt(),
          info.expiresAt(),
          info.remembered(),
          info.clientAddress().orElse(null),
          info.userAgent().orElse(null));
    }
  }
}
