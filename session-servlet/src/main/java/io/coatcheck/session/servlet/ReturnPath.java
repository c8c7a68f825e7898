package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The page that somebody wanted before the login page came in between, as it goes there and comes
 * back in {@code ?next=}. On its way anybody may write anything into it, so what comes back counts
 * only if no browser could take it for another origin: a path with at most a query, in visible
 * ASCII, that every server and browser reads alike.
 */
final class ReturnPath {

  static final String PARAMETER = "next";

  /** Longer ones are left out: login pages would be refused for their URI. */
  static final int MAX_LENGTH = 2_000;

  private ReturnPath() {}

  /** Returns the query that leads back to what is requested; empty if it cannot be led back to. */
  static String queryFor(HttpServletRequest request) {
    String query = request.getQueryString();
    String target = query == null ? request.getRequestURI() : request.getRequestURI() + "?" + query;
    return isSafe(target)
        ? "?" + PARAMETER + "=" + URLEncoder.encode(target, StandardCharsets.UTF_8)
        : "";
  }

  /** Returns where to go after the login, if the request tells it once and it is safe. */
  static Optional<String> from(HttpServletRequest request) {
    String[] values = request.getParameterValues(PARAMETER);
    return values != null && values.length == 1 && isSafe(values[0])
        ? Optional.of(values[0])
        : Optional.empty();
  }

  /**
   * Tells whether a browser that is redirected to this stays on the origin.
   *
   * @param target anything at all
   */
  static boolean isSafe(@Nullable String target) {
    if (target == null || target.length() > MAX_LENGTH || !target.startsWith("/")) {
      return false;
    }
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    return target.chars().allMatch(ReturnPath::isUriCharacter) && !PathPatterns.isAmbiguous(path);
  }

  /** Those of RFC 3986 and the few more that browsers leave unescaped in a query. */
  private static boolean isUriCharacter(int character) {
    return character > ' ' && character < 0x7F && "\"#<>\\^`".indexOf(character) < 0;
  }
}
