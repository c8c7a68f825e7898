package io.coatcheck.session.migration;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The cookie of the sessions that an application had, to be deleted.
 *
 * @param path null for the path of the application, with a slash
 */
record OldCookie(String name, @Nullable String path, @Nullable String domain) {

  /** How long after the import the old cookie is kept, for requests in progress. */
  private static final Duration STAYS = Duration.ofMinutes(1);

  /** A token of RFC 6265. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}");

  /**
   * Returns the value of the option {@code cookieName}.
   *
   * @throws IllegalArgumentException if it is not the name of a cookie
   */
  static String checkedName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("cookieName must be the name of a cookie: " + name);
    }
    return name;
  }

  /**
   * Returns the value of the option {@code cookiePath}.
   *
   * @throws IllegalArgumentException if it is not the path of a cookie
   */
  static String checkedPath(String path) {
    if (!path.startsWith("/") || path.indexOf(';') >= 0) {
      throw new IllegalArgumentException(
          "cookiePath must begin with / and contain no semicolon: " + path);
    }
    return path;
  }

  /**
   * Returns the value of the option {@code cookieDomain}.
   *
   * @throws IllegalArgumentException if it is not the domain of a cookie
   */
  static String checkedDomain(String domain) {
    if (domain.isBlank() || domain.indexOf(';') >= 0) {
      throw new IllegalArgumentException("cookieDomain must be the name of a host: " + domain);
    }
    return domain;
  }

  /**
   * Returns the cookie of tokens, by the options that describe it; null without a name.
   *
   * @throws IllegalArgumentException if they contradict each other
   */
  static @Nullable OldCookie ofTokens(
      @Nullable String name, @Nullable String path, @Nullable String domain) {
    if (name == null) {
      if (path != null || domain != null) {
        throw new IllegalArgumentException(
            "cookiePath and cookieDomain must not be set without cookieName: "
                + (path == null ? domain : path));
      }
      return null;
    }
    String known = path == null ? "/" : path;
    if (name.startsWith("__Host-") && (!known.equals("/") || domain != null)) {
      throw new IllegalArgumentException(
          "cookieName must not begin with __Host- with another cookiePath than /, or a"
              + " cookieDomain: "
              + name);
    }
    return new OldCookie(name, known, domain);
  }

  /** Returns whether a session has replaced the old one for so long that its cookie can go. */
  static boolean isReplaced(WebSession session, Instant now) {
    return session.createdAt().filter(moment -> !now.isBefore(moment.plus(STAYS))).isPresent();
  }

  /** Makes the browser delete it. */
  void clear(HttpServletRequest request, HttpServletResponse response) {
    Cookie cleared = new Cookie(name, "");
    cleared.setMaxAge(0);
    cleared.setPath(path == null ? request.getContextPath() + "/" : path);
    cleared.setHttpOnly(true);
    // A proxy may end TLS, and browsers ignore a cookie of such a name that is not Secure.
    cleared.setSecure(
        request.isSecure() || name.startsWith("__Secure-") || name.startsWith("__Host-"));
    if (domain != null) {
      cleared.setDomain(domain);
    }
    response.addCookie(cleared);
  }
}
