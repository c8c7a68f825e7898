package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * The one header of a response that gives the client the token, or the hint, to present from now
 * on. A new value replaces the one before. A response with it must not be cached.
 *
 * <p>It writes to the container's original response: while one servlet includes another, containers
 * hand out responses that ignore headers.
 */
abstract class ResponseCarrier {

  private final HttpServletResponse response;

  /** The header's value in the response; it may contain a secret, and is never shown. */
  private @Nullable String header;

  private boolean isGiving;

  ResponseCarrier(HttpServletResponse response) {
    this.response = response;
  }

  /**
   * Returns the slot of a transport.
   *
   * @param cookie null if there is none
   * @param headerName null if there is none
   * @param clock the clock for dates in the response
   * @throws IllegalArgumentException if the transport has none
   */
  static ResponseCarrier of(
      SessionTransport by,
      @Nullable SessionCookie cookie,
      @Nullable String headerName,
      InstantSource clock,
      HttpServletResponse response) {
    if (by == SessionTransport.COOKIE && cookie != null) {
      return new CookieSlot(cookie, clock, response);
    }
    if (by == SessionTransport.HEADER && headerName != null) {
      return new HeaderSlot(headerName, response);
    }
    throw new IllegalArgumentException("the session filter has no such transport: " + by);
  }

  /**
   * Gives the client a value to present.
   *
   * @param value the value to present, which may be secret
   * @param maxAge how long the client may keep it; null until it ends
   */
  abstract void put(String value, @Nullable Duration maxAge);

  /** Makes the client forget what it has. */
  abstract void putDeletion();

  /** Returns whether the response has the header, once and as it was written. */
  abstract boolean isIntact(String value);

  /** Writes the header, and drops others for the same purpose. */
  abstract void write(String value);

  final HttpServletResponse response() {
    return response;
  }

  /** Returns whether the response gives the client a value or deletes one, or will. */
  final boolean isFilled() {
    return header != null;
  }

  /** Returns whether the response gives the client a value to present. */
  final boolean isGiving() {
    return isGiving;
  }

  final void fill(String value, boolean gives) {
    header = value;
    isGiving = gives;
    writeAll(value);
  }

  /** Writes the header again if it was dropped, changed or doubled. */
  final void restore() {
    String ours = header;
    if (ours != null && !(isIntact(ours) && NoStore.isIn(response))) {
      writeAll(ours);
    }
  }

  private void writeAll(String value) {
    write(value);
    NoStore.putInto(response);
  }
}
