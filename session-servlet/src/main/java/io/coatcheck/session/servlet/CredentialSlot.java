package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * The one place in a response that tells the client what token, or what hint, to present from now
 * on: what is put here replaces what was put before. A response that has it is not to be cached.
 *
 * <p>It writes to the response as the container gave it, since a container hands out others that
 * ignore headers while one servlet includes another.
 */
abstract class CredentialSlot {

  private final HttpServletResponse response;

  /** What is to stand in the response; it may contain a secret, and is never shown. */
  private @Nullable String header;

  private boolean isGiving;

  CredentialSlot(HttpServletResponse response) {
    this.response = response;
  }

  /**
   * Returns the place that a transport uses.
   *
   * @param cookie null if there is none
   * @param headerName null if there is none
   * @param clock what dates in the response go by
   * @throws IllegalArgumentException if there is none for the transport
   */
  static CredentialSlot of(
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
   * Gives the client something to present.
   *
   * @param value what it is to present, which may be secret
   * @param maxAge how long the client may keep it; null until it ends
   */
  abstract void put(String value, @Nullable Duration maxAge);

  /** Makes the client forget what it has. */
  abstract void putDeletion();

  /** Tells whether a header stands in the response, once and as it was written. */
  abstract boolean isIntact(String value);

  /** Writes the header, and drops others that say something about the same. */
  abstract void write(String value);

  final HttpServletResponse response() {
    return response;
  }

  /** Tells whether the response tells the client something, or will. */
  final boolean isFilled() {
    return header != null;
  }

  /** Returns whether the response gives the client something to present. */
  final boolean isGiving() {
    return isGiving;
  }

  final void fill(String value, boolean gives) {
    header = value;
    isGiving = gives;
    writeAll(value);
  }

  /** Puts it back where something dropped, changed or doubled it. */
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
