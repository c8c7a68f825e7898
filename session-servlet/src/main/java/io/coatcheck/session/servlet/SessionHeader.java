package io.coatcheck.session.servlet;

import io.coatcheck.session.text.QuotedText;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The header that carries the token to and from programs that keep no cookies: mobile apps,
 * command-line tools, other servers. It is for programs that can keep a secret. In a page, any
 * injected script can read what the page's own scripts can read.
 *
 * <p>A value that has exactly the form of a session token takes precedence over the cookie, which
 * is then neither read nor written. Any other value, such as another service's JWT, is ignored, and
 * the cookie is used. A new token is sent in the response header. An empty value there means that
 * the client must forget its token.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class SessionHeader {

  private static final int MAX_NAME_LENGTH = 128;
  private static final String AUTHORIZATION = "Authorization";
  private static final String BEARER = "Bearer ";

  /** Names, in lower case, that have another meaning in a request or a response. */
  private static final Set<String> TAKEN =
      Set.of(
          "authorization",
          "cache-control",
          "connection",
          "content-length",
          "content-type",
          "cookie",
          "date",
          "host",
          "location",
          "origin",
          "proxy-authorization",
          "set-cookie",
          "transfer-encoding",
          "upgrade",
          "vary",
          "www-authenticate");

  /** Further names, in lower case, that a browser sends with all kinds of requests. */
  private static final Set<String> SENT_BY_CLIENTS =
      Set.of(
          "accept",
          "accept-encoding",
          "accept-language",
          "dnt",
          "forwarded",
          "if-modified-since",
          "if-none-match",
          "pragma",
          "priority",
          "range",
          "referer",
          "te",
          "upgrade-insecure-requests",
          "user-agent",
          "via",
          "x-forwarded-for",
          "x-forwarded-host",
          "x-forwarded-proto");

  private final String requestName;
  private final String responseName;
  private final String hintName;

  private SessionHeader(String requestName, String responseName) {
    this.requestName = requestName;
    this.responseName = responseName;
    hintName = responseName + "-Seen";
  }

  /**
   * Returns the header {@code Authorization: Bearer} (RFC 6750, 2.1) of requests; responses carry a
   * new token in {@code Session-Token}.
   */
  public static SessionHeader bearer() {
    return new SessionHeader(AUTHORIZATION, "Session-Token");
  }

  /**
   * Returns a header of one name in requests and responses, whose whole value is the token.
   *
   * @param name 1 to 128 characters of an HTTP token, in any case, such as {@code X-Session}
   * @throws IllegalArgumentException if it is not that, or names a header with another meaning
   */
  public static SessionHeader named(String name) {
    requireToken("the name of the session header", name);
    if (isTaken(name)) {
      throw new IllegalArgumentException(
          "the session header must not be one that means something else (for Authorization, use"
              + " bearer()): "
              + name);
    }
    return new SessionHeader(name, name);
  }

  private static void requireToken(String what, String name) {
    boolean isToken =
        !name.isEmpty()
            && name.length() <= MAX_NAME_LENGTH
            && name.chars().allMatch(SessionCookie::isTokenCharacter);
    if (!isToken) {
      throw new IllegalArgumentException(
          what + " must have 1 to 128 characters of an HTTP token: " + QuotedText.of(name));
    }
  }

  private static boolean isTaken(String name) {
    return TAKEN.contains(name.toLowerCase(Locale.ROOT));
  }

  /**
   * Checks the name of a header that an application chooses for requests.
   *
   * @throws IllegalArgumentException if it is not a token, or names a header that clients send
   *     automatically
   */
  static void requireOwnName(String setting, String name) {
    requireToken(setting, name);
    String lower = name.toLowerCase(Locale.ROOT);
    if (isTaken(name) || SENT_BY_CLIENTS.contains(lower) || lower.startsWith("sec-")) {
      throw new IllegalArgumentException(
          setting + " must not be a header that means something else: " + name);
    }
  }

  /** Returns the name of the header in requests. */
  public String requestName() {
    return requestName;
  }

  /** Returns the name of the header in responses. */
  public String responseName() {
    return responseName;
  }

  /**
   * Returns the name of the header that carries the version hint, in requests and responses: the
   * name in responses, followed by {@code -Seen}.
   */
  String hintName() {
    return hintName;
  }

  /** Returns whether the request header also has other uses. */
  boolean isShared() {
    return requestName.equals(AUTHORIZATION);
  }

  /** Returns the values that have the form of a session token. */
  List<String> tokensIn(HttpServletRequest request) {
    return tokensIn(request.getHeaders(requestName));
  }

  List<String> tokensIn(@Nullable Enumeration<String> values) {
    List<String> tokens = List.of();
    while (values != null && values.hasMoreElements()) {
      String token = tokenIn(values.nextElement());
      if (token != null) {
        tokens = tokens.isEmpty() ? new ArrayList<>(1) : tokens;
        tokens.add(token);
      }
    }
    return tokens;
  }

  private @Nullable String tokenIn(String value) {
    String text = value;
    if (requestName.equals(AUTHORIZATION)) {
      if (!value.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
        return null;
      }
      int start = BEARER.length();
      while (start < value.length() && value.charAt(start) == ' ') {
        start++;
      }
      text = value.substring(start);
    }
    return SessionToken.parse(text).isPresent() ? text : null;
  }

  /** Returns the names. */
  @Override
  public String toString() {
    return "SessionHeader[" + requestName + ", " + responseName + "]";
  }
}
