package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.servlet.SessionCookie.SameSite;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Detects requests without the session cookie whose client may still have it: another site made the
 * browser send them, and {@code SameSite} withheld the cookie (RFC 6265bis, 5.6.7). Browsers still
 * accept a cookie in the response, which replaces theirs.
 *
 * <p>This is decided by {@code Sec-Fetch-Site}, {@code Sec-Fetch-Mode} and {@code Sec-Fetch-Dest}.
 * Browsers that do not send them, which are those from before 2023 and all browsers over plain
 * HTTP, send an {@code Origin} with unsafe methods. A request with neither is treated as that of a
 * program.
 */
final class WithheldCookie {

  private static final AtomicBoolean LOGGED = new AtomicBoolean();

  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  private WithheldCookie() {}

  /** Returns whether a request without the session cookie may come from a client that has one. */
  static boolean isWithheld(HttpServletRequest request, FilterSettings settings) {
    SessionCookie cookie = settings.cookie();
    return cookie != null
        && cookie.sameSite() != SameSite.NONE
        && isCrossSite(request, cookie.sameSite(), settings.crossOrigin())
        && !settings.crossSiteLogins().matches(request);
  }

  private static boolean isCrossSite(
      HttpServletRequest request, SameSite sameSite, CrossOriginPolicy crossOrigin) {
    String fetchSite = request.getHeader("Sec-Fetch-Site");
    if (fetchSite != null) {
      return fetchSite.equals("cross-site")
          && (sameSite == SameSite.STRICT || !isLinkFollowed(request));
    }
    String origin = request.getHeader("Origin");
    return origin != null && crossOrigin.isOfAnotherSite(origin, request);
  }

  /** Logs, once, why a session does not last. */
  static void log() {
    if (LOGGED.compareAndSet(false, true)) {
      LOG.info(
          "A request that another site made a browser send came without the session cookie, so the"
              + " session that began in it, here or elsewhere, lasts for that request alone. If it"
              + " was a login, use WebSession.login, or SessionFilterBuilder.crossSiteLogin");
    }
  }

  /** With {@code Lax}, the cookie is sent when a link changes the page in the address bar. */
  private static boolean isLinkFollowed(HttpServletRequest request) {
    String destination = request.getHeader("Sec-Fetch-Dest");
    return SAFE_METHODS.contains(request.getMethod())
        && "navigate".equals(request.getHeader("Sec-Fetch-Mode"))
        && (destination == null || destination.equals("document"));
  }
}
