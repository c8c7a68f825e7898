package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The page that was requested before the login page, sent there and back in {@code ?next=}. A third
 * party may change it on the way. So it is used only if no browser could take it for another
 * origin: it must be a path with at most a query, in visible ASCII, that every server and browser
 * reads alike.
 */
final class ReturnPath {

  static final String PARAMETER = "next";

  /** Longer paths are left out: servers would refuse the login page's URI. */
  static final int MAX_LENGTH = 2_000;

  private ReturnPath() {}

  /** Returns the query that leads back to the requested page; empty if nothing can lead back. */
  static String queryFor(HttpServletRequest request) {
    String query = request.getQueryString();
    String target = query == null ? request.getRequestURI() : request.getRequestURI() + "?" + query;
    return isSafe(target)
        ? "?" + PARAMETER + "=" + URLEncoder.encode(target, StandardCharsets.UTF_8)
        : "";
  }

  /** Returns the page to show after the login, if the request names exactly one and it is safe. */
  static Optional<String> from(HttpServletRequest request) {
    String[] values = request.getParameterValues(PARAMETER);
    return values != null && values.length == 1 && isSafe(values[0])
        ? Optional.of(values[0])
        : Optional.empty();
  }

  /**
   * Returns whether a browser that is redirected to this stays on the origin.
   *
   * @param target untrusted
   */
  static boolean isSafe(@Nullable String target) {
    if (target == null || target.length() > MAX_LENGTH || !target.startsWith("/")) {
      return false;
    }
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    return target.chars().allMatch(ReturnPath::isUriCharacter) && !PathPatterns.isAmbiguous(path);
  }

  /** The characters of RFC 3986, and the few more that browsers leave unescaped in a query. */
  private static boolean isUriCharacter(int character) {
    return character > ' ' && character < 0x7F && "\"#<>\\^`".indexOf(character) < 0;
  }
}
