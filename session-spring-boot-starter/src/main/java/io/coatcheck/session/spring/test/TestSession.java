package io.coatcheck.session.spring.test;

import io.coatcheck.session.Session;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.SessionHeader;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.Cookie;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.test.web.servlet.request.RequestPostProcessor;

/**
 * The session of a {@link TestLogin}, for any number of requests. A client of a running server
 * sends the header {@link #headerName} with the value {@link #headerValue}; requests of {@code
 * MockMvc} are processed {@code with} it.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class TestSession implements RequestPostProcessor {

  private final SessionId id;
  private final @Nullable String cookie;
  private final String headerName;
  private final String token;

  private TestSession(SessionId id, @Nullable String cookie, String headerName, String token) {
    this.id = id;
    this.cookie = cookie;
    this.headerName = headerName;
    this.token = token;
  }

  static TestSession of(Session session, SessionFilter filter) {
    String token = session.unsentToken().orElseThrow().value();
    session.markTokenSent();
    Optional<SessionCookie> cookie = filter.cookie();
    if (cookie.isPresent()) {
      return new TestSession(session.id(), cookie.get().name(), "Cookie", token);
    }
    SessionHeader header = filter.header().orElseThrow();
    boolean isBearer = header.requestName().equals(SessionHeader.bearer().requestName());
    return new TestSession(
        session.id(), null, header.requestName(), isBearer ? "Bearer " + token : token);
  }

  /** Returns the public id of the session. */
  public SessionId id() {
    return id;
  }

  /** Returns {@code Cookie}, or the name of the header if the application uses no cookie. */
  public String headerName() {
    return headerName;
  }

  /** Returns the value of the header, which opens the session. */
  public String headerValue() {
    return cookie == null ? token : cookie + "=" + token;
  }

  /** Adds the cookie, or the header, to a request of {@code MockMvc}. */
  @Override
  public MockHttpServletRequest postProcessRequest(MockHttpServletRequest request) {
    if (cookie == null) {
      request.addHeader(headerName, token);
    } else {
      Cookie[] others = request.getCookies();
      request.setCookies(
          Stream.concat(
                  others == null ? Stream.empty() : Arrays.stream(others),
                  Stream.of(new Cookie(cookie, token)))
              .toArray(Cookie[]::new));
    }
    return request;
  }

  /** Returns the public id, and not what opens the session. */
  @Override
  public String toString() {
    return "TestSession[" + id + "]";
  }
}
