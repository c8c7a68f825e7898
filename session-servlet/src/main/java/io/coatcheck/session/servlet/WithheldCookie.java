package io.coatcheck.session.servlet;

import io.coatcheck.session.servlet.SessionCookie.SameSite;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the requests that come without our cookie though the client may have it: another site made
 * the browser send them, and {@code SameSite} kept the cookie back (RFC 6265bis, 5.6.7). Browsers
 * take the cookie of the answer all the same, in place of the one that they have.
 *
 * <p>It goes by {@code Sec-Fetch-Site}, {@code Sec-Fetch-Mode} and {@code Sec-Fetch-Dest}. Browsers
 * that do not send them, which are those from before 2023 and all of them over plain HTTP, do send
 * an {@code Origin} with unsafe methods. A request with neither is treated as that of a program.
 */
final class WithheldCookie {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private static final AtomicBoolean LOGGED = new AtomicBoolean();

  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  private WithheldCookie() {}

  /**
   * Returns whether a request that has no cookie of ours says nothing about whether its client has
   * one.
   */
  static boolean isWithheld(
      HttpServletRequest request, SameSite sameSite, CrossOriginPolicy crossOrigin) {
    if (sameSite == SameSite.NONE) {
      return false;
    }
    String fetchSite = request.getHeader("Sec-Fetch-Site");
    if (fetchSite != null) {
      return fetchSite.equals("cross-site")
          && (sameSite == SameSite.STRICT || !isLinkFollowed(request));
    }
    String origin = request.getHeader("Origin");
    return origin != null && crossOrigin.isOfAnotherSite(origin, request);
  }

  /** Says, once, why a session does not last. */
  static void log() {
    if (LOGGED.compareAndSet(false, true)) {
      LOG.info(
          "A request that another site made a browser send came without the session cookie, so the"
              + " session that began in it, here or elsewhere, lasts for that request alone. If it"
              + " was a login, use WebSession.login, or SessionFilterBuilder.crossSiteLogin");
    }
  }

  /** With {@code Lax}, the cookie is sent where the page in the address bar changes, by a link. */
  private static boolean isLinkFollowed(HttpServletRequest request) {
    String destination = request.getHeader("Sec-Fetch-Dest");
    return SAFE_METHODS.contains(request.getMethod())
        && "navigate".equals(request.getHeader("Sec-Fetch-Mode"))
        && (destination == null || destination.equals("document"));
  }
}
