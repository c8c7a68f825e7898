package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A set of paths within the application: one path, such as {@code /health}, or everything under
 * one, such as {@code /assets/*}, which {@code /assets} itself is part of.
 *
 * <p>Patterns are compared with the path by which the container chose the servlet, {@code
 * servletPath + pathInfo}, which is decoded and normalized. The request URI as sent is checked too:
 * if servers, proxies and frameworks read it differently (see {@link #isAmbiguous}), it is treated
 * strictly. So there are two methods: {@link #matches} for paths that are exempt from something,
 * {@link #mayMatch} for paths that require something. There are no suffix patterns: {@code *.css}
 * does not determine which servlet answers {@code /account/x.css}.
 *
 * <p>Immutable and thread-safe.
 */
final class PathPatterns {

  private static final PathPatterns NONE = new PathPatterns(Set.of(), List.of());

  /** Stands for a malformed escape. */
  private static final int BROKEN = -1;

  private static final char REPLACEMENT = '\uFFFD';

  private final Set<String> exact;

  /** Each without the final {@code /*}; empty for {@code /*} itself. */
  private final List<String> prefixes;

  /** The same, folded by {@link PathCase}, for {@link #mayMatch}. */
  private final Set<String> foldedExact;

  private final List<String> foldedPrefixes;

  private PathPatterns(Set<String> exact, List<String> prefixes) {
    this.exact = exact;
    this.prefixes = prefixes;
    foldedExact = exact.stream().map(PathCase::fold).collect(Collectors.toUnmodifiableSet());
    foldedPrefixes = prefixes.stream().map(PathCase::fold).toList();
  }

  /** Returns the empty set. */
  static PathPatterns none() {
    return NONE;
  }

  /**
   * Parses patterns.
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
   * @param given the text that the message shows
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
   * Returns whether the path of a request is certainly one of these. For paths that are exempt from
   * something: an ambiguous URI never matches.
   */
  boolean matches(HttpServletRequest request) {
    if (this == NONE || isAmbiguous(request.getRequestURI())) {
      return false;
    }
    String path = pathOf(request);
    return !isAmbiguousDecoded(path) && contains(path);
  }

  /**
   * Returns whether the path of a request may be one of these. For paths that require something: an
   * ambiguous URI always matches, and differences that a framework or a file system ignores do not
   * matter, such as case and a final slash (see {@link PathCase}).
   */
  boolean mayMatch(HttpServletRequest request) {
    if (this == NONE) {
      return false;
    }
    // Checked first: Jetty throws when the decoded path of some of these is read.
    if (isAmbiguous(request.getRequestURI())) {
      return true;
    }
    String path = pathOf(request);
    return isAmbiguousDecoded(path) || mayContain(path);
  }

  private boolean contains(String path) {
    return exact.contains(path) || prefixes.stream().anyMatch(prefix -> isBelow(prefix, path));
  }

  private boolean mayContain(String path) {
    String folded = PathCase.fold(path);
    return foldedExact.contains(folded)
        || foldedPrefixes.stream().anyMatch(prefix -> isBelow(prefix, folded));
  }

  private static boolean isBelow(String prefix, String path) {
    return path.startsWith(prefix)
        && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/');
  }

  /** Returns the path of a request within the application, decoded; {@code /} for its root. */
  static String pathOf(HttpServletRequest request) {
    String pathInfo = request.getPathInfo();
    String path = pathInfo == null ? request.getServletPath() : request.getServletPath() + pathInfo;
    return path.isEmpty() ? "/" : path;
  }

  /**
   * Returns whether another program could read the path differently: it has a path parameter
   * ({@code ;}), a question mark or a number sign, at which a URL parser ends the decoded path, a
   * backslash, an empty segment ({@code //}), a dot segment, a control character, a broken escape,
   * an escape that stands for one of these or for a slash or a dot, an escape of an escape, or
   * bytes that are not UTF-8. Characters of any script are not ambiguous.
   *
   * @param rawPath as sent; anything at all
   */
  static boolean isAmbiguous(String rawPath) {
    return isAmbiguousDecoded(rawPath)
        // The replacement that a decoder inserts for bytes that it cannot read.
        || rawPath.indexOf(REPLACEMENT) >= 0
        || (rawPath.indexOf('%') >= 0 && hasAmbiguousEscape(rawPath));
  }

  private static boolean isAmbiguousDecoded(String path) {
    for (int i = 0; i < path.length(); i++) {
      char character = path.charAt(i);
      boolean isAmbiguous =
          switch (character) {
            case ';', '\\', '?', '#' -> true;
            case '/' -> isEmptyOrDotSegment(path, i + 1);
            default -> isControlOrHalf(path, i);
          };
      if (isAmbiguous) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a control character stands here, or half of a surrogate pair. */
  private static boolean isControlOrHalf(String path, int position) {
    char character = path.charAt(position);
    if (Character.isHighSurrogate(character)) {
      return position + 1 == path.length() || !Character.isLowSurrogate(path.charAt(position + 1));
    }
    if (Character.isLowSurrogate(character)) {
      return position == 0 || !Character.isHighSurrogate(path.charAt(position - 1));
    }
    return Character.isISOControl(character);
  }

  /** Checks the segment that begins at {@code start}; the last one may be empty. */
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
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(rawPath.length());
    int position = 0;
    while (position < rawPath.length()) {
      int percent = rawPath.indexOf('%', position);
      int end = percent < 0 ? rawPath.length() : percent;
      bytes.writeBytes(rawPath.substring(position, end).getBytes(StandardCharsets.UTF_8));
      position = end;
      if (percent >= 0) {
        int octet = octet(rawPath, percent + 1);
        switch (octet) {
          case BROKEN, '/', '\\', '.', ';', '?', '#' -> {
            return true;
          }
          default -> bytes.write(octet);
        }
        position += 3;
      }
    }
    try {
      // A new decoder refuses malformed bytes: only the shortest form is valid, and no surrogates.
      String decoded =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes.toByteArray()))
              .toString();
      return decoded.chars().anyMatch(Character::isISOControl) || hasEscape(decoded);
    } catch (CharacterCodingException e) {
      return true;
    }
  }

  /**
   * Returns whether a decoded path still has an escape, for a program that decodes twice. Some of
   * those accept the digits of every script.
   */
  private static boolean hasEscape(String decoded) {
    for (int percent = decoded.indexOf('%');
        percent >= 0 && percent + 2 < decoded.length();
        percent = decoded.indexOf('%', percent + 1)) {
      if (Character.digit(decoded.charAt(percent + 1), 16) >= 0
          && Character.digit(decoded.charAt(percent + 2), 16) >= 0) {
        return true;
      }
    }
    return false;
  }

  private static int octet(String path, int position) {
    return position + 2 <= path.length()
            && HexFormat.isHexDigit(path.charAt(position))
            && HexFormat.isHexDigit(path.charAt(position + 1))
        ? HexFormat.fromHexDigits(path, position, position + 2)
        : BROKEN;
  }
}
