package io.coatcheck.session.servlet;

import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The headers and cookies of a request as the application sees them: without the token of the
 * session and the version hint. An application that copies its request, for example into the
 * session or into an error report, does not copy a credential with it. All other headers are as the
 * client sent them.
 *
 * <p>What to leave out is found on first use, and kept. Thread-safe.
 */
final class VisibleHeaders {

  private static final String COOKIE = "Cookie";

  private final HttpServletRequest request;
  private final @Nullable SessionHeader header;
  private final @Nullable String cookieName;
  private final @Nullable String hintCookieName;
  private final boolean hasHints;

  private volatile @Nullable List<String> cookieLines;
  private volatile @Nullable List<Cookie> cookies;
  private volatile @Nullable List<String> names;

  /**
   * Creates the headers of a request; nothing is computed yet.
   *
   * @param request the request with all that the client sent
   */
  VisibleHeaders(HttpServletRequest request, FilterSettings settings) {
    this.request = request;
    header = settings.header();
    SessionCookie cookie = settings.cookie();
    cookieName = cookie == null ? null : cookie.name();
    HintTransport hints = settings.hints();
    hasHints = hints != null;
    hintCookieName = hints == null ? null : hints.cookieName();
  }

  /** Returns whether these are the headers of this request. */
  boolean areOf(HttpServletRequest other) {
    return request == other;
  }

  /** Returns whether a header may contain something to leave out. */
  boolean mayHide(String name) {
    return isCookie(name) || isToken(name) || isHint(name);
  }

  private boolean isCookie(String name) {
    return cookieName != null && COOKIE.equalsIgnoreCase(name);
  }

  private boolean isToken(String name) {
    return header != null && header.requestName().equalsIgnoreCase(name);
  }

  private boolean isHint(String name) {
    return hasHints && header != null && header.hintName().equalsIgnoreCase(name);
  }

  /**
   * Returns the values of a header for which {@link #mayHide} is true; null if headers are not
   * accessible.
   */
  @Nullable List<String> values(String name) {
    Enumeration<String> all = request.getHeaders(name);
    if (all == null) {
      return null;
    }
    if (isCookie(name)) {
      return cookieLines(all);
    }
    if (isHint(name)) {
      return List.of();
    }
    List<String> visible = new ArrayList<>();
    while (all.hasMoreElements()) {
      String value = all.nextElement();
      if (!isOurs(value)) {
        visible.add(value);
      }
    }
    return visible;
  }

  private List<String> cookieLines(Enumeration<String> all) {
    List<String> known = cookieLines;
    if (known == null) {
      known = new ArrayList<>();
      while (all.hasMoreElements()) {
        String line = withoutOurs(all.nextElement());
        if (line != null) {
          known.add(line);
        }
      }
      cookieLines = known;
    }
    return known;
  }

  private @Nullable String withoutOurs(String line) {
    String visible = cookieName == null ? line : CookieHeader.without(line, cookieName);
    return visible == null || hintCookieName == null
        ? visible
        : CookieHeader.without(visible, hintCookieName);
  }

  /**
   * Returns whether a value is hidden: every value of the header that is named for tokens is, and
   * in other headers those that contain a token.
   */
  private boolean isOurs(String value) {
    return (header != null && !header.isShared()) || hasToken(value);
  }

  /** Returns whether a text contains a cookie name and the text of a token, anywhere. */
  static boolean hasToken(String text, String name) {
    return text.contains(name + "=") && hasToken(text);
  }

  /** Returns whether a text contains the text of a token, anywhere. */
  private static boolean hasToken(String text) {
    for (int dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', dot + 1)) {
      int start = dot - SessionId.TEXT_LENGTH;
      int end = start + SessionToken.TEXT_LENGTH;
      if (start >= 0 && end <= text.length() && SessionToken.parse(text, start, end).isPresent()) {
        return true;
      }
    }
    return false;
  }

  /** Returns the names of all headers with a visible value; null if headers are not accessible. */
  @Nullable List<String> names() {
    List<String> known = names;
    if (known == null) {
      Enumeration<String> all = request.getHeaderNames();
      if (all == null) {
        return null;
      }
      known = new ArrayList<>();
      while (all.hasMoreElements()) {
        String name = all.nextElement();
        if (!mayHide(name) || !List.of().equals(values(name))) {
          known.add(name);
        }
      }
      names = known;
    }
    return known;
  }

  /** Returns the cookies as the container reads them; null if there are none. */
  Cookie @Nullable [] cookies() {
    Cookie[] all = request.getCookies();
    if (all == null || cookieName == null) {
      return all;
    }
    List<Cookie> known = cookies;
    if (known == null) {
      known = Arrays.stream(all).filter(cookie -> !isOurs(cookie)).toList();
      cookies = known;
    }
    return known.isEmpty() ? null : known.toArray(Cookie[]::new);
  }

  /**
   * A parser that accepts a semicolon within quotes may find the session's cookie inside another
   * cookie's value.
   */
  private boolean isOurs(Cookie cookie) {
    String value = cookie.getValue();
    return cookie.getName().equals(cookieName)
        || cookie.getName().equals(hintCookieName)
        || (value != null && cookieName != null && hasToken(value, cookieName));
  }

  /** Returns the trailer fields, without those that would be left out of the headers. */
  Map<String, String> trailers(Map<String, String> all) {
    if (all.keySet().stream().noneMatch(this::mayHide)) {
      return all;
    }
    Map<String, String> visible = new LinkedHashMap<>();
    all.forEach(
        (name, value) -> {
          String left = value;
          if (isCookie(name)) {
            left = withoutOurs(value);
          } else if (isHint(name) || (isToken(name) && isOurs(value))) {
            left = null;
          }
          if (left != null) {
            visible.put(name, left);
          }
        });
    return Collections.unmodifiableMap(visible);
  }

  /** Shows no headers: some are secret. */
  @Override
  public String toString() {
    return "VisibleHeaders";
  }
}
