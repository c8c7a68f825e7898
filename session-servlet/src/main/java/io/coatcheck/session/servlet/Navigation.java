package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Detects requests by which a person navigates to a page. */
final class Navigation {

  private Navigation() {}

  /**
   * Returns whether a page is requested: {@code Sec-Fetch-Mode} is {@code navigate}; or, in
   * browsers that do not send it, the request accepts {@code text/html} and is not an {@code
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

  /** Returns whether a page sent the request in the background, in a browser that reports this. */
  static boolean isMadeByPage(HttpServletRequest request) {
    String mode = request.getHeader("Sec-Fetch-Mode");
    return mode == null
        ? "XMLHttpRequest".equalsIgnoreCase(request.getHeader("X-Requested-With"))
        : !mode.equals("navigate");
  }

  /**
   * Returns whether a person navigates to a page from the same site or the address bar, in the tab
   * and not in a frame of it. A browser that begins such a navigation has abandoned the previous
   * one in that tab, with its response.
   */
  static boolean isOwn(HttpServletRequest request) {
    String site = request.getHeader("Sec-Fetch-Site");
    String destination = request.getHeader("Sec-Fetch-Dest");
    return isOf(request)
        && (site == null || site.equals("same-origin") || site.equals("none"))
        && (destination == null || destination.equals("document"))
        && request.getHeader("Sec-Purpose") == null;
  }

  /**
   * Returns the media types that the client accepts, in lower case; empty if it does not state any.
   */
  static String accept(HttpServletRequest request) {
    @Nullable String accept = request.getHeader("Accept");
    return accept == null ? "" : accept.toLowerCase(Locale.ROOT);
  }
}
