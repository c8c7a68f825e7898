package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one {@code Set-Cookie} header of one name in a response (RFC 6265bis, 4.1.1: no two cookies
 * of one name in a response).
 */
final class CookieSlot extends CredentialSlot {

  private static final String SET_COOKIE = "Set-Cookie";

  private final SessionCookie cookie;

  private final InstantSource clock;

  CookieSlot(SessionCookie cookie, InstantSource clock, HttpServletResponse response) {
    super(response);
    this.cookie = cookie;
    this.clock = clock;
  }

  @Override
  void put(String value, @Nullable Duration maxAge) {
    fill(cookie.set(value, maxAge, clock.instant()));
  }

  @Override
  void putDeletion() {
    fill(cookie.delete());
  }

  @Override
  boolean isIntact(String value) {
    List<String> present =
        response().getHeaders(SET_COOKIE).stream().filter(cookie::isSetBy).toList();
    return present.size() == 1 && present.get(0).equals(value);
  }

  @Override
  void write(String value) {
    List<String> headers = new ArrayList<>();
    for (String present : response().getHeaders(SET_COOKIE)) {
      if (!cookie.isSetBy(present)) {
        headers.add(present);
      }
    }
    headers.add(value);
    // There is no way to remove a header; but there is always ours to put in the place of the rest.
    for (int i = 0; i < headers.size(); i++) {
      if (i == 0) {
        response().setHeader(SET_COOKIE, headers.get(i));
      } else {
        response().addHeader(SET_COOKIE, headers.get(i));
      }
    }
  }
}
