package io.coatcheck.session.migration;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The cookie of the sessions that an application had, to be deleted.
 *
 * @param path null for the path of the application, with a slash
 */
record OldCookie(String name, @Nullable String path, @Nullable String domain) {

  /** How long after the import the old cookie is kept, for requests in progress. */
  private static final Duration STAYS = Duration.ofMinutes(1);

  /** Returns whether a session has replaced the old one for so long that its cookie can go. */
  static boolean isReplaced(WebSession session, Instant now) {
    return session.createdAt().filter(moment -> !now.isBefore(moment.plus(STAYS))).isPresent();
  }

  /** Makes the browser delete it. */
  void clear(HttpServletRequest request, HttpServletResponse response) {
    Cookie cleared = new Cookie(name, "");
    cleared.setMaxAge(0);
    cleared.setPath(path == null ? request.getContextPath() + "/" : path);
    cleared.setHttpOnly(true);
    cleared.setSecure(request.isSecure());
    if (domain != null) {
      cleared.setDomain(domain);
    }
    response.addCookie(cleared);
  }
}
