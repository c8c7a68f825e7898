package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one {@code Set-Cookie} header of one name in a response (RFC 6265bis, 4.1.1: no two cookies
 * of one name in a response).
 */
final class CookieSlot extends ResponseCarrier {

  private static final String SET_COOKIE = "Set-Cookie";

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);
  private static final AtomicBoolean IS_REPORTED = new AtomicBoolean();

  private final SessionCookie cookie;

  private final InstantSource clock;

  /** Whether the cookie of this name belongs to an earlier filter, whose cookie alone is sent. */
  private final boolean isTaken;

  CookieSlot(SessionCookie cookie, InstantSource clock, HttpServletResponse response) {
    super(response);
    this.cookie = cookie;
    this.clock = clock;
    isTaken = SessionResponse.isTakenInFront(response, cookie.name());
  }

  @Override
  void put(String value, @Nullable Duration maxAge) {
    fill(cookie.set(value, maxAge, clock.instant()), true);
  }

  @Override
  void putDeletion() {
    fill(cookie.delete(), false);
  }

  @Override
  boolean isIntact(String value) {
    if (isTaken) {
      return true;
    }
    List<String> present =
        response().getHeaders(SET_COOKIE).stream().filter(cookie::isSetBy).toList();
    return present.size() == 1 && present.get(0).equals(value);
  }

  @Override
  void write(String value) {
    if (isTaken) {
      if (IS_REPORTED.compareAndSet(false, true)) {
        LOG.warn(
            "A request passes two session filters whose cookies are both named {}: the cookie of"
                + " the first filter is sent, and the sessions of the second one do not reach the"
                + " client. Give the cookie of each filter a name of its own",
            cookie.name());
      }
      return;
    }
    List<String> headers = new ArrayList<>();
    for (String present : response().getHeaders(SET_COOKIE)) {
      if (!cookie.isSetBy(present)) {
        headers.add(present);
      }
    }
    headers.add(value);
    // A header cannot be removed; but there is always ours to replace the rest with. An earlier
    // filter, whose own cookie is hidden here, restores it.
    for (int i = 0; i < headers.size(); i++) {
      if (i == 0) {
        response().setHeader(SET_COOKIE, headers.get(i));
      } else {
        response().addHeader(SET_COOKIE, headers.get(i));
      }
    }
  }
}
