package io.coatcheck.session.migration;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The cookie of Spring Session: a UUID, usually in base64, with or without the route of a node. */
record SpringSessionCookie(String name) {

  /** How many values are looked up: a browser sends several for paths and hosts that overlap. */
  private static final int MAX_VALUES = 4;

  private static final int MAX_LENGTH = 512;

  /** In lower case only: a database that ignores case must not give one session two names. */
  private static final Pattern UUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  /** Returns the ids that a request presents, untrusted. */
  List<String> idsIn(HttpServletRequest request) {
    Cookie[] cookies = request.getCookies();
    List<String> ids = new ArrayList<>();
    if (cookies != null) {
      for (Cookie cookie : cookies) {
        if (cookie.getName().equals(name) && ids.size() < MAX_VALUES) {
          idIn(cookie.getValue()).filter(id -> !ids.contains(id)).ifPresent(ids::add);
        }
      }
    }
    return ids;
  }

  /** Returns whether a request has the cookie, with whatever value. */
  boolean isIn(HttpServletRequest request) {
    Cookie[] cookies = request.getCookies();
    if (cookies != null) {
      for (Cookie cookie : cookies) {
        if (cookie.getName().equals(name)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Returns the id within a value: as it is, or in base64; a route follows after a dot. */
  static Optional<String> idIn(@Nullable String value) {
    if (value == null || value.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    String before = beforeDot(value);
    if (UUID.matcher(before).matches()) {
      return Optional.of(before);
    }
    try {
      byte[] bytes = Base64.getDecoder().decode(before);
      String decoded = beforeDot(new String(bytes, StandardCharsets.ISO_8859_1));
      return UUID.matcher(decoded).matches() ? Optional.of(decoded) : Optional.empty();
    } catch (IllegalArgumentException e) {
      // It is not base64, so it is not of Spring Session.
      return Optional.empty();
    }
  }

  private static String beforeDot(String text) {
    int dot = text.indexOf('.');
    return dot < 0 ? text : text.substring(0, dot);
  }
}
