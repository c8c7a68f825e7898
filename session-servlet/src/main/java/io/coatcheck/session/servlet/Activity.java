package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which requests count as use of their session: all but those on certain paths, and those with a
 * header by which a page says that no person caused them. With that header, a client can only
 * shorten the life of its own session. Immutable and thread-safe.
 */
final class Activity {

  private final PathPatterns passivePaths;
  private final Set<String> passiveHeaders;

  private Activity(List<String> paths, Set<String> headers) {
    passivePaths = PathPatterns.of("withoutActivity", paths);
    passiveHeaders = Set.copyOf(headers);
  }

  /** Returns the rule for requests; null if all count. */
  static @Nullable Activity of(List<String> paths, Set<String> headers) {
    return paths.isEmpty() && headers.isEmpty() ? null : new Activity(paths, headers);
  }

  boolean isCountedFor(HttpServletRequest request) {
    for (String header : passiveHeaders) {
      if (request.getHeader(header) != null) {
        return false;
      }
    }
    return !passivePaths.matches(request);
  }
}
