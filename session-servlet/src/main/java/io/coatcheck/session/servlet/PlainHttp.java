package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.text.QuotedText;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Detects that a browser reaches the site without TLS, by a name other than {@code localhost}. It
 * then silently drops a {@code Secure} cookie, and each login form comes back without a session.
 *
 * <p>The browser reveals this by the {@code Origin} of a form that the site's own page sends, which
 * a proxy that ends TLS does not change. On trustworthy origins browsers send {@code
 * Sec-Fetch-Site} too. Each filter has one. Thread-safe.
 */
final class PlainHttp {

  private static final Set<String> WITHOUT_ORIGIN = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  private static final String SCHEME = "http://";

  private final AtomicBoolean isReported = new AtomicBoolean();

  /** Logs it once, if a request shows it. */
  void notice(HttpServletRequest request, @Nullable SessionCookie cookie) {
    if (cookie != null
        && cookie.isSecure()
        && !WITHOUT_ORIGIN.contains(request.getMethod())
        && !isReported.get()
        && isUsedBy(request)
        && isReported.compareAndSet(false, true)) {
      LOG.warn(
          "A browser uses this site over plain HTTP, as {}. It drops the session cookie, which is"
              + " Secure, so that no session and no login lasts. Use TLS, or http://localhost; to"
              + " develop under another name, SessionCookie.insecureForLocalDevelopment()",
          QuotedText.of(String.valueOf(request.getHeader("Origin"))));
    }
  }

  /** Returns whether a page of the same site, without TLS, sent the request. */
  static boolean isUsedBy(HttpServletRequest request) {
    String origin = request.getHeader("Origin");
    return origin != null
        && origin.startsWith(SCHEME)
        && origin.substring(SCHEME.length()).equalsIgnoreCase(request.getHeader("Host"))
        && request.getHeader("Sec-Fetch-Site") == null
        && !isLocal(request.getServerName());
  }

  private static boolean isLocal(String host) {
    return host.equalsIgnoreCase("localhost")
        || host.regionMatches(true, host.length() - 10, ".localhost", 0, 10)
        || host.startsWith("127.")
        || host.equals("::1")
        || host.equals("[::1]")
        || host.equals("0:0:0:0:0:0:0:1")
        || host.equals("[0:0:0:0:0:0:0:1]");
  }
}
