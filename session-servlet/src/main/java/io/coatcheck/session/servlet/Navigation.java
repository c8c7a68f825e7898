package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Says of requests whether a person goes to a page with them. */
final class Navigation {

  private Navigation() {}

  /**
   * Returns whether a page is asked for: {@code Sec-Fetch-Mode} says {@code navigate}, or, in
   * browsers that do not send it, {@code text/html} is accepted by what is no {@code
   * XMLHttpRequest}.
   */
  static boolean isOf(HttpServletRequest request) {
    String mode = request.getHeader("Sec-Fetch-Mode");
    if (mode != null) {
      return mode.equals("navigate");
    }
    return !"XMLHttpRequest".equalsIgnoreCase(request.getHeader("X-Requested-With"))
        && accept(request).contains("text/html");
  }

  /** Returns whether a page made the request, beside itself, in a browser that says so. */
  static boolean isMadeByPage(HttpServletRequest request) {
    String mode = request.getHeader("Sec-Fetch-Mode");
    return mode == null
        ? "XMLHttpRequest".equalsIgnoreCase(request.getHeader("X-Requested-With"))
        : !mode.equals("navigate");
  }

  /**
   * Returns whether a person goes to a page by the own site or the address bar, in the tab and not
   * in a frame of it. A browser that begins such a navigation has given up the one before in that
   * tab, with its answer.
   */
  static boolean isOwn(HttpServletRequest request) {
    String site = request.getHeader("Sec-Fetch-Site");
    String destination = request.getHeader("Sec-Fetch-Dest");
    return isOf(request)
        && (site == null || site.equals("same-origin") || site.equals("none"))
        && (destination == null || destination.equals("document"))
        && request.getHeader("Sec-Purpose") == null;
  }

  /** Returns what the client accepts, in lower case; empty if it does not say. */
  static String accept(HttpServletRequest request) {
    @Nullable String accept = request.getHeader("Accept");
    return accept == null ? "" : accept.toLowerCase(Locale.ROOT);
  }
}
