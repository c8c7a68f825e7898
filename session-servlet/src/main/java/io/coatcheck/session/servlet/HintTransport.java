package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.VersionHints;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How version hints are sent: beside the token, in a cookie of the same scope, or in a header. A
 * hint is not a credential; tokens and hints are never taken for each other. Immutable and
 * thread-safe.
 */
final class HintTransport {

  private final VersionHints hints;
  private final @Nullable SessionCookie cookie;
  private final @Nullable SessionHeader header;
  private final InstantSource clock;
  private final Duration maxAge;

  private HintTransport(
      VersionHints hints,
      @Nullable SessionCookie cookie,
      @Nullable SessionHeader header,
      InstantSource clock) {
    this.hints = hints;
    this.clock = clock;
    this.cookie = cookie == null ? null : cookie.forHints();
    this.header = header;
    // In whole seconds, plus one for a client whose clock runs fast.
    maxAge = Duration.ofSeconds(hints.lifetime().plusNanos(999_999_999).toSeconds() + 1);
  }

  /** Returns how hints are sent; null if the store keeps no copies, so that there are no hints. */
  static @Nullable HintTransport of(
      SessionManager manager, @Nullable SessionCookie cookie, @Nullable SessionHeader header) {
    Optional<VersionHints> hints = manager.adapter().versionHints();
    return hints.isEmpty() ? null : new HintTransport(hints.get(), cookie, header, manager.clock());
  }

  /** Returns the name of the cookie; null if there is none. */
  @Nullable String cookieName() {
    return cookie == null ? null : cookie.name();
  }

  /** Returns whether a {@code Set-Cookie} header sets the cookie of the hints. */
  boolean isSetBy(String header) {
    return cookie != null && cookie.isSetBy(header);
  }

  /** Returns the hint to send because the request changed the session, once per change. */
  Optional<String> take(Session session) {
    return hints.take(session);
  }

  /** Returns how long a client keeps a hint. */
  Duration maxAge() {
    return maxAge;
  }

  /** Returns the carrier for the hint in a response. */
  ResponseCarrier carrier(SessionTransport by, HttpServletResponse response) {
    return ResponseCarrier.of(
        by, cookie, header == null ? null : header.hintName(), clock, response);
  }
}
