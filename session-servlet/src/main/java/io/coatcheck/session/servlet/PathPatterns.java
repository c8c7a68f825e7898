package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A set of paths within the application: one path, such as {@code /health}, or everything under
 * one, such as {@code /assets/*}, which {@code /assets} itself is part of.
 *
 * <p>Patterns are compared with what the container chose the servlet by, {@code servletPath +
 * pathInfo}, which is decoded and normalized. The request URI as it was sent is looked at too: if
 * it is written in a way that servers, proxies and frameworks read differently (see {@link
 * #isAmbiguous}), it gets the strict treatment whatever it may mean. So there are two questions:
 * {@link #matches} for paths that are let off something, {@link #mayMatch} for paths on which
 * something is demanded. There is no pattern for suffixes: {@code *.css} says nothing about which
 * servlet will answer {@code /account/x.css}.
 *
 * <p>Immutable and thread-safe.
 */
final class PathPatterns {

  private static final PathPatterns NONE = new PathPatterns(Set.of(), List.of());

  /** Says that an escape is none. */
  private static final int BROKEN = -1;

  private final Set<String> exact;

  /** Each without the final {@code /*}; empty for {@code /*} itself. */
  private final List<String> prefixes;

  private PathPatterns(Set<String> exact, List<String> prefixes) {
    this.exact = exact;
    this.prefixes = prefixes;
  }

  /** Returns the set that no path is in. */
  static PathPatterns none() {
    return NONE;
  }

  /**
   * Reads patterns.
   *
   * @param setting the name of the option that they come from, for the message
   * @throws IllegalArgumentException if one is neither a plain path nor one that ends in {@code /*}
   */
  static PathPatterns of(String setting, Collection<String> patterns) {
    Set<String> exact = new HashSet<>();
    List<String> prefixes = new ArrayList<>();
    for (String pattern : patterns) {
      boolean isPrefix = pattern.endsWith("/*");
      String path = isPrefix ? pattern.substring(0, pattern.length() - 2) : pattern;
      requirePlainPath(setting, isPrefix ? path + "/x" : path, pattern);
      if (isPrefix) {
        prefixes.add(path);
      } else {
        exact.add(path);
      }
    }
    return patterns.isEmpty() ? NONE : new PathPatterns(Set.copyOf(exact), List.copyOf(prefixes));
  }

  /**
   * Checks that a path can be compared with those of requests: absolute within the application,
   * decoded, normalized, without a query.
   *
   * @param given what the message shows
   * @throws IllegalArgumentException if it cannot
   */
  static void requirePlainPath(String setting, String path, String given) {
    boolean isPlain =
        path.startsWith("/")
            && !isAmbiguous(path)
            && path.chars().noneMatch(c -> "*?#%".indexOf(c) >= 0);
    if (!isPlain) {
      throw new IllegalArgumentException(
          setting
              + " must be a path such as /health, or /assets/* for all below it,"
              + " decoded, without ';', '\\', '//', dot segments or a query: "
              + given);
    }
  }

  /**
   * Tells whether the path of a request is certainly one of these. For paths that are let off
   * something: a URI that is ambiguous is never one of them.
   */
  boolean matches(HttpServletRequest request) {
    if (this == NONE || isAmbiguous(request.getRequestURI())) {
      return false;
    }
    String path = pathOf(request);
    return !isAmbiguousDecoded(path) && contains(path);
  }

  /**
   * Tells whether the path of a request may be one of these. For paths on which something is
   * demanded: a URI that is ambiguous always is, and neither case nor a final slash makes a
   * difference, since there are frameworks that ignore them.
   */
  boolean mayMatch(HttpServletRequest request) {
    if (this == NONE) {
      return false;
    }
    // Asked first: Jetty throws when it is asked for the decoded path of some of these.
    if (isAmbiguous(request.getRequestURI())) {
      return true;
    }
    String path = pathOf(request);
    return isAmbiguousDecoded(path) || containsAlike(comparable(path));
  }

  private boolean contains(String path) {
    return exact.contains(path) || prefixes.stream().anyMatch(prefix -> isBelow(prefix, path));
  }

  private boolean containsAlike(String path) {
    return exact.stream().anyMatch(pattern -> comparable(pattern).equals(path))
        || prefixes.stream().anyMatch(prefix -> isBelow(comparable(prefix), path));
  }

  private static boolean isBelow(String prefix, String path) {
    return path.startsWith(prefix)
        && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/');
  }

  private static String comparable(String path) {
    String lower = path.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    return lower.endsWith("/") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /** Returns the path of a request within the application, decoded; {@code /} for its root. */
  static String pathOf(HttpServletRequest request) {
    String pathInfo = request.getPathInfo();
    String path = pathInfo == null ? request.getServletPath() : request.getServletPath() + pathInfo;
    return path.isEmpty() ? "/" : path;
  }

  /**
   * Tells whether a path could mean something else to whoever reads it next: it has a path
   * parameter ({@code ;}), a question mark or a number sign, at which whoever reads the decoded
   * path as a URL ends it, a backslash, an empty segment ({@code //}), a dot segment, a control
   * character, a broken escape, an escape that stands for one of these or for a slash or a dot, or
   * an escape of whatever that is encoded once more.
   *
   * @param rawPath as sent; anything at all
   */
  static boolean isAmbiguous(String rawPath) {
    return isAmbiguousDecoded(rawPath) || hasAmbiguousEscape(rawPath);
  }

  private static boolean isAmbiguousDecoded(String path) {
    for (int i = 0; i < path.length(); i++) {
      char character = path.charAt(i);
      boolean isAmbiguous =
          switch (character) {
            case ';', '\\', '?', '#' -> true;
            case '/' -> isEmptyOrDotSegment(path, i + 1);
            default -> Character.isISOControl(character);
          };
      if (isAmbiguous) {
        return true;
      }
    }
    return false;
  }

  /** Looks at the segment that begins at {@code start}; the last one may be empty. */
  private static boolean isEmptyOrDotSegment(String path, int start) {
    int end = path.indexOf('/', start);
    boolean isLast = end < 0;
    int length = (isLast ? path.length() : end) - start;
    return switch (length) {
      case 0 -> !isLast;
      case 1, 2 -> path.startsWith(length == 1 ? "." : "..", start);
      default -> false;
    };
  }

  private static boolean hasAmbiguousEscape(String rawPath) {
    int percent = rawPath.indexOf('%');
    while (percent >= 0) {
      boolean isAmbiguous =
          switch (hexadecimal(rawPath, percent + 1)) {
            case BROKEN, '/', '\\', '.', ';', '?', '#' -> true;
            case '%' -> isDecodedDigits(rawPath, percent + 3);
            default -> Character.isISOControl(hexadecimal(rawPath, percent + 1));
          };
      if (isAmbiguous) {
        return true;
      }
      percent = rawPath.indexOf('%', percent + 1);
    }
    return false;
  }

  /**
   * Tells whether two hexadecimal digits stand here once the path is decoded, whether they are
   * encoded themselves or not: behind an encoded percent sign, they are an escape to whoever
   * decodes twice.
   */
  private static boolean isDecodedDigits(String rawPath, int start) {
    int position = start;
    for (int digit = 0; digit < 2; digit++) {
      if (position >= rawPath.length()) {
        return false;
      }
      boolean isEscape = rawPath.charAt(position) == '%';
      int value = isEscape ? hexadecimal(rawPath, position + 1) : rawPath.charAt(position);
      if (Character.digit(value, 16) < 0) {
        return false;
      }
      position += isEscape ? 3 : 1;
    }
    return true;
  }

  private static int hexadecimal(String path, int position) {
    if (position + 2 > path.length()) {
      return BROKEN;
    }
    int high = Character.digit(path.charAt(position), 16);
    int low = Character.digit(path.charAt(position + 1), 16);
    return high < 0 || low < 0 ? BROKEN : high << 4 | low;
  }
}
