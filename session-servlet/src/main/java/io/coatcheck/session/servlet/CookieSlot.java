package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one {@code Set-Cookie} header of ours in a response: what is put here replaces what was put
 * before (RFC 6265bis, 4.1.1: no two cookies of one name in a response). A response that has it is
 * not to be cached.
 *
 * <p>It writes to the response as the container gave it, since a container hands out others that
 * ignore headers while one servlet includes another.
 */
final class CookieSlot {

  private static final String SET_COOKIE = "Set-Cookie";
  private static final String CACHE_CONTROL = "Cache-Control";
  private static final String NO_STORE = "no-store";

  private final SessionCookie cookie;
  private final HttpServletResponse response;

  /** What is to stand in the response; it may contain a secret, and is never shown. */
  private @Nullable String header;

  CookieSlot(SessionCookie cookie, HttpServletResponse response) {
    this.cookie = cookie;
    this.response = response;
  }

  /** Tells whether the response has the cookie, or will. */
  boolean isFilled() {
    return header != null;
  }

  void put(String value) {
    header = value;
    write();
  }

  /** Forgets the cookie, after the headers of the response were dropped. */
  void clear() {
    header = null;
  }

  /** Puts the cookie back where something dropped, changed or doubled it. */
  void restore() {
    String ours = header;
    if (ours == null) {
      return;
    }
    List<String> present =
        response.getHeaders(SET_COOKIE).stream().filter(cookie::isSetBy).toList();
    boolean isIntact = present.size() == 1 && present.get(0).equals(ours);
    if (!isIntact || !List.of(NO_STORE).equals(List.copyOf(response.getHeaders(CACHE_CONTROL)))) {
      write();
    }
  }

  private void write() {
    List<String> headers = new ArrayList<>();
    for (String present : response.getHeaders(SET_COOKIE)) {
      if (!cookie.isSetBy(present)) {
        headers.add(present);
      }
    }
    if (header != null) {
      headers.add(header);
    }
    // There is no way to remove a header; but there is always ours to put in the place of the rest.
    for (int i = 0; i < headers.size(); i++) {
      if (i == 0) {
        response.setHeader(SET_COOKIE, headers.get(i));
      } else {
        response.addHeader(SET_COOKIE, headers.get(i));
      }
    }
    response.setHeader(CACHE_CONTROL, NO_STORE);
  }
}
