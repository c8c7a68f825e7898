package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Locale;

/**
 * Keeps a response out of every cache by {@code Cache-Control: no-store}. The same goes into each
 * header that some caches read first, if the response has it: those of RFC 9213 and its
 * predecessors, whose names end in {@code -Cache-Control}, and those of older proxies.
 */
final class NoStore {

  static final String CACHE_CONTROL = "Cache-Control";

  static final String VALUE = "no-store";
  private static final String TARGETED = "-cache-control";
  private static final String EXPIRES = "expires";
  private static final String LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT";
  private static final String ACCEL_EXPIRES = "x-accel-expires";

  private static final List<String> OTHERS =
      List.of("surrogate-control", "edge-control", EXPIRES, ACCEL_EXPIRES);

  private NoStore() {}

  /** Returns whether a header controls caching. */
  static boolean isAbout(String name) {
    return name.equalsIgnoreCase(CACHE_CONTROL) || isReadFirst(name);
  }

  /** Returns whether a header is one that some caches read before {@code Cache-Control}. */
  private static boolean isReadFirst(String name) {
    int length = TARGETED.length();
    if (name.regionMatches(true, name.length() - length, TARGETED, 0, length)) {
      return true;
    }
    for (String other : OTHERS) {
      if (name.equalsIgnoreCase(other)) {
        return true;
      }
    }
    return false;
  }

  private static String valueOf(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case EXPIRES -> LONG_AGO;
      case ACCEL_EXPIRES -> "0";
      default -> VALUE;
    };
  }

  /** Returns whether the response has exactly these headers. */
  static boolean isIn(HttpServletResponse response) {
    if (!hasOnly(response, CACHE_CONTROL, VALUE)) {
      return false;
    }
    for (String name : response.getHeaderNames()) {
      if (isReadFirst(name) && !hasOnly(response, name, valueOf(name))) {
        return false;
      }
    }
    return true;
  }

  private static boolean hasOnly(HttpServletResponse response, String name, String value) {
    boolean isPresent = false;
    for (String present : response.getHeaders(name)) {
      if (isPresent || !present.equals(value)) {
        return false;
      }
      isPresent = true;
    }
    return isPresent;
  }

  /** Adds them to the response. A header cannot be removed, so contradicting ones are replaced. */
  static void putInto(HttpServletResponse response) {
    response.setHeader(CACHE_CONTROL, VALUE);
    for (String name : List.copyOf(response.getHeaderNames())) {
      if (isReadFirst(name)) {
        response.setHeader(name, valueOf(name));
      }
    }
  }
}
