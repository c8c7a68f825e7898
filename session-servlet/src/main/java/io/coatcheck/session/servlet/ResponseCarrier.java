package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The one header of a response that gives the client the token, or the hint, to present from now
 * on. A new value replaces the one before. A response with it must not be cached.
 *
 * <p>It writes to the container's original response: while one servlet includes another, containers
 * hand out responses that ignore headers.
 */
abstract sealed class ResponseCarrier {

  private final HttpServletResponse response;

  /** The header's value in the response; it may contain a secret, and is never shown. */
  private @Nullable String header;

  private boolean isGiving;

  ResponseCarrier(HttpServletResponse response) {
    this.response = response;
  }

  /**
   * Returns the carrier of a transport.
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
      return new InCookie(cookie, clock, response);
    }
    if (by == SessionTransport.HEADER && headerName != null) {
      return new InHeader(headerName, response);
    }
    throw new IllegalArgumentException(
        "the session filter was not built with this transport: " + by);
  }

  /**
   * Gives the client a value to present.
   *
   * @param value the value to present, which may be secret
   * @param maxAge how long the client may keep it; null until it ends
   */
  abstract void put(String value, @Nullable Duration maxAge);

  /** Makes the client forget the value that it has. */
  abstract void putDeletion();

  /** Returns whether the response has the header, once and as it was written. */
  abstract boolean isIntact(String value);

  /**
   * Writes the header, and drops others for the same purpose.
   *
   * @param target the response, or one below it
   */
  abstract void write(HttpServletResponse target, String value);

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

  /**
   * Writes the header again if it was dropped, also where Undertow ignores headers: after a flush
   * that it was configured not to make, although the response is uncommitted.
   *
   * @param own Undertow's own response: the filters in front, whose wrappers {@link #response} may
   *     have, have ended, and an earlier session filter no longer restores its cookie
   */
  final void restoreIn(HttpServletResponse own) {
    String ours = header;
    if (ours == null) {
      return;
    }
    if (!isIn(own)) {
      write(own, ours);
    }
    if (!isIn(own)) {
      writeIgnored(own, ours);
    }
    if (!NoStore.isIn(own)) {
      NoStore.putInto(own);
    }
    if (!NoStore.isIn(own)) {
      UndertowResponse.setIgnored(own, NoStore.CACHE_CONTROL, List.of(NoStore.VALUE));
    }
  }

  /** Returns whether a response has the header, with whatever value. */
  abstract boolean isIn(HttpServletResponse target);

  /** Writes the header to Undertow's exchange, with others of that name that stay. */
  abstract void writeIgnored(HttpServletResponse own, String value);

  private void writeAll(String value) {
    IncludedHeaders.write(
        response,
        target -> {
          write(target, value);
          NoStore.putInto(target);
        });
  }

  /**
   * The one {@code Set-Cookie} header of one name in a response (RFC 6265bis, 4.1.1: no two cookies
   * of one name in a response).
   */
  private static final class InCookie extends ResponseCarrier {

    private static final String SET_COOKIE = "Set-Cookie";

    private static final AtomicBoolean IS_REPORTED = new AtomicBoolean();

    private final SessionCookie cookie;

    private final InstantSource clock;

    /** Whether the cookie of this name belongs to an earlier filter, whose cookie alone is sent. */
    private final boolean isTaken;

    InCookie(SessionCookie cookie, InstantSource clock, HttpServletResponse response) {
      super(response);
      this.cookie = cookie;
      this.clock = clock;
      isTaken = SessionResponse.isTakenInFront(response, cookie.name());
    }

    @Override
    void put(String value, @Nullable Duration maxAge) {
      fill(maxAge == null ? cookie.set(value) : cookie.set(value, maxAge, clock.instant()), true);
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
      boolean isPresent = false;
      for (String present : response().getHeaders(SET_COOKIE)) {
        if (cookie.isSetBy(present)) {
          if (isPresent || !present.equals(value)) {
            return false;
          }
          isPresent = true;
        }
      }
      return isPresent;
    }

    @Override
    void write(HttpServletResponse target, String value) {
      if (isTaken) {
        if (IS_REPORTED.compareAndSet(false, true)) {
          LOG.warn(
              "A request passes two session filters whose cookies are both named {}: the cookie of"
                  + " the first filter is sent, and the sessions of the second one do not reach the"
                  + " client. Give the cookie of each filter its own name",
              cookie.name());
        }
        return;
      }
      List<String> others = others(target);
      // A header cannot be removed; but there is always ours to replace the rest with. An earlier
      // filter, whose own cookie is hidden here, restores it.
      if (others.isEmpty()) {
        target.setHeader(SET_COOKIE, value);
        return;
      }
      List<String> all = others;
      all.add(value);
      target.setHeader(SET_COOKIE, all.get(0));
      all.subList(1, all.size()).forEach(one -> target.addHeader(SET_COOKIE, one));
      if (target.getHeaders(SET_COOKIE).size() == 1) {
        UndertowResponse.setIgnored(target, SET_COOKIE, all);
      }
    }

    @Override
    boolean isIn(HttpServletResponse target) {
      return isTaken || target.getHeaders(SET_COOKIE).stream().anyMatch(cookie::isSetBy);
    }

    @Override
    void writeIgnored(HttpServletResponse own, String value) {
      List<String> all = new ArrayList<>(others(own));
      all.add(value);
      UndertowResponse.setIgnored(own, SET_COOKIE, all);
    }

    /** Returns the cookies of other names; a list that can be changed unless it is empty. */
    private List<String> others(HttpServletResponse target) {
      List<String> others = List.of();
      for (String present : target.getHeaders(SET_COOKIE)) {
        if (!cookie.isSetBy(present)) {
          others = others.isEmpty() ? new ArrayList<>() : others;
          others.add(present);
        }
      }
      return others;
    }
  }

  /** The one response header that carries the token or the hint. */
  private static final class InHeader extends ResponseCarrier {

    private final String name;

    InHeader(String name, HttpServletResponse response) {
      super(response);
      this.name = name;
    }

    /** The program decides how long to keep the value: the session ends in the store. */
    @Override
    void put(String value, @Nullable Duration maxAge) {
      fill(value, true);
    }

    @Override
    void putDeletion() {
      fill("", false);
    }

    @Override
    boolean isIntact(String value) {
      return List.of(value).equals(List.copyOf(response().getHeaders(name)));
    }

    @Override
    void write(HttpServletResponse target, String value) {
      target.setHeader(name, value);
    }

    @Override
    boolean isIn(HttpServletResponse target) {
      return target.containsHeader(name);
    }

    @Override
    void writeIgnored(HttpServletResponse own, String value) {
      UndertowResponse.setIgnored(own, name, List.of(value));
    }
  }
}
