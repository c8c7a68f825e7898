package io.coatcheck.session.servlet;

import io.coatcheck.session.text.QuotedText;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name and the attributes of the session cookie, which carries the token. Immutable.
 *
 * <p>The defaults are strict: {@code __Host-session=<token>; Path=/; Secure; HttpOnly;
 * SameSite=Lax}. {@code Secure} does not depend on the request, since TLS may end at a proxy, and
 * {@code HttpOnly} cannot be switched off. Browsers accept and return such a cookie on {@code
 * http://localhost} as well.
 *
 * <p>Without a remembered login there is no {@code Max-Age} and no {@code Expires}, and the cookie
 * is deleted when the browser closes. The store decides how long a session lives, never the cookie
 * (RFC 6265bis, OWASP ASVS 5.0 V3.3).
 *
 * @since 0.1.0
 */
public final class SessionCookie {

  private static final Logger LOG = LoggerFactory.getLogger(SessionCookie.class);

  /** Browsers cap the lifetime of cookies at 400 days (RFC 6265bis, 5.5). */
  private static final Duration MAX_MAX_AGE = Duration.ofDays(400);

  /**
   * IMF-fixdate (RFC 9110, 5.6.7). Browsers need only {@code Max-Age}; but without {@code Expires},
   * some clients, such as the JDK's, take the cookie for one of RFC 2965, and return it in
   * quotation marks.
   */
  private static final DateTimeFormatter EXPIRES =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private static final int MAX_NAME_LENGTH = 128;
  private static final int MAX_ATTRIBUTE_LENGTH = 1024;
  private static final String TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

  /** The suffix of the name of the cookie that carries the version hint. */
  private static final String HINT_SUFFIX = "-seen";

  private static final SessionCookie DEFAULTS = builder().build();

  /** The requests from other sites with which browsers send the cookie. */
  public enum SameSite {
    /** Only with navigations by a link, not with requests that could change anything. */
    LAX("Lax"),
    /** With none of them: a user who follows a link from another site arrives logged out. */
    STRICT("Strict"),
    /** With all of them. Then only the cross-origin policy protects against forged requests. */
    NONE("None");

    private final String text;

    SameSite(String text) {
      this.text = text;
    }
  }

  private final String name;

  /** All attributes but those of the age, so that setting and deleting use the same ones. */
  private final String attributes;

  private final String path;
  private final @Nullable String domain;
  private final SameSite sameSite;
  private final boolean secure;
  private final boolean partitioned;

  private SessionCookie(Builder builder, boolean secure) {
    this(builder.name, builder.path, builder.domain, builder.sameSite, secure, builder.partitioned);
  }

  private SessionCookie(
      String name,
      String path,
      @Nullable String domain,
      SameSite sameSite,
      boolean secure,
      boolean partitioned) {
    this.name = name;
    this.path = path;
    this.domain = domain;
    this.sameSite = sameSite;
    this.secure = secure;
    this.partitioned = partitioned;
    attributes =
        "; Path="
            + path
            + (domain == null ? "" : "; Domain=" + domain)
            + (secure ? "; Secure" : "")
            + "; HttpOnly; SameSite="
            + sameSite.text
            + (partitioned ? "; Partitioned" : "");
  }

  /** Returns the cookie that is used unless another one is configured. */
  public static SessionCookie defaults() {
    return DEFAULTS;
  }

  /** Begins a cookie with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Returns a cookie without {@code Secure}, of the name {@code session-insecure}, for development
   * on a host other than {@code localhost} without TLS. Anyone on the network path can take over
   * the sessions; a warning in the log says so.
   */
  public static SessionCookie insecureForLocalDevelopment() {
    LOG.warn(
        "The session cookie is not Secure: anyone who can read the traffic can take over sessions."
            + " Never use this outside of local development.");
    return new SessionCookie(builder().name("session-insecure"), false);
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the path below which browsers send the cookie. */
  public String path() {
    return path;
  }

  /** Returns the domain to which browsers send it; empty if only to the host that set it. */
  public Optional<String> domain() {
    return Optional.ofNullable(domain);
  }

  /** Returns with which requests from other sites browsers send it. */
  public SameSite sameSite() {
    return sameSite;
  }

  /** Returns whether browsers send it over TLS only. */
  public boolean isSecure() {
    return secure;
  }

  /** Returns whether browsers keep one cookie for each site in the address bar. */
  public boolean isPartitioned() {
    return partitioned;
  }

  /** Returns the cookie of the version hints, which differs in its name only. */
  SessionCookie forHints() {
    return new SessionCookie(name + HINT_SUFFIX, path, domain, sameSite, secure, partitioned);
  }

  /**
   * Returns the value of the {@code Set-Cookie} header that gives the client a token.
   *
   * @param maxAge how long the client may keep it, capped at 400 days; null until the browser
   *     closes
   * @param now the current time, for {@code Expires}
   */
  String set(SessionToken token, @Nullable Duration maxAge, Instant now) {
    return set(token.value(), maxAge, now);
  }

  /**
   * Returns the value of the {@code Set-Cookie} header that gives the client a value to keep until
   * the browser closes.
   *
   * @param value a token or a version hint, which need no quoting
   */
  String set(String value) {
    return name + '=' + value + attributes;
  }

  /**
   * Returns the value of the {@code Set-Cookie} header that gives the client a value.
   *
   * @param value a token or a version hint, which need no quoting
   */
  String set(String value, @Nullable Duration maxAge, Instant now) {
    if (maxAge == null) {
      return set(value);
    }
    Duration capped = maxAge.compareTo(MAX_MAX_AGE) > 0 ? MAX_MAX_AGE : maxAge;
    // Rounded up, since the clock has advanced since the deadline was computed.
    long seconds = Math.max(capped.plusNanos(999_999_999).toSeconds(), 0);
    return name
        + '='
        + value
        + "; Max-Age="
        + seconds
        + "; Expires="
        + EXPIRES.format(now.plusSeconds(seconds).plusNanos(999_999_999))
        + attributes;
  }

  /** Returns the value of the {@code Set-Cookie} header that makes the client forget it. */
  String delete() {
    return name + "=; Max-Age=0; Expires=" + EXPIRES.format(Instant.EPOCH) + attributes;
  }

  /** Returns whether a {@code Set-Cookie} header sets the cookie of this name. */
  boolean isSetBy(String header) {
    int end = header.indexOf('=');
    int start = 0;
    while (start < end && Character.isWhitespace(header.charAt(start))) {
      start++;
    }
    while (start < end && Character.isWhitespace(header.charAt(end - 1))) {
      end--;
    }
    return end - start == name.length() && header.startsWith(name, start);
  }

  /** Returns whether a character is allowed in a name (RFC 9110, 5.6.2). */
  static boolean isTokenCharacter(int character) {
    return (character >= 'a' && character <= 'z')
        || (character >= 'A' && character <= 'Z')
        || (character >= '0' && character <= '9')
        || TOKEN_PUNCTUATION.indexOf(character) >= 0;
  }

  /** Returns the name and the attributes. */
  @Override
  public String toString() {
    return "SessionCookie[" + name + attributes + "]";
  }

  /** Builds a cookie; {@link #build()} checks the combination. Not thread-safe. */
  public static final class Builder {

    private String name = "__Host-session";
    private String path = "/";
    private @Nullable String domain;
    private SameSite sameSite = SameSite.LAX;
    private boolean partitioned;

    private Builder() {}

    /**
     * Sets the name: 1 to 128 characters of an HTTP token, not beginning with {@code $}. Default:
     * {@code __Host-session}. The prefix {@code __Host-} prevents other hosts of the same site from
     * planting a cookie; choose a name without it only for a path or a domain. Each application on
     * one host needs its own name, such as {@code __Host-shop}: a login in one would log the user
     * out of another with the same name, whatever their paths and ports.
     *
     * @throws IllegalArgumentException if it is not a token
     */
    public Builder name(String cookieName) {
      boolean isToken =
          !cookieName.isEmpty()
              && cookieName.length() <= MAX_NAME_LENGTH
              && cookieName.charAt(0) != '$'
              && cookieName.chars().allMatch(SessionCookie::isTokenCharacter);
      if (!isToken) {
        throw new IllegalArgumentException(
            "the name of the cookie must have 1 to 128 characters of an HTTP token and not begin"
                + " with '$': "
                + QuotedText.of(cookieName));
      }
      name = cookieName;
      return this;
    }

    /**
     * Sets the path below which browsers send the cookie. Default: {@code /}. A path does not
     * protect the cookie from other applications on the same host.
     *
     * @throws IllegalArgumentException if it does not begin with {@code /} or contains anything but
     *     visible ASCII characters without {@code ;} and {@code ,}
     */
    public Builder path(String cookiePath) {
      boolean isPath =
          cookiePath.startsWith("/")
              && cookiePath.length() <= MAX_ATTRIBUTE_LENGTH
              && cookiePath.chars().allMatch(Builder::isAttributeCharacter);
      if (!isPath) {
        throw new IllegalArgumentException(
            "the path of the cookie must begin with '/' and consist of visible ASCII characters"
                + " without ';' and ',': "
                + QuotedText.of(cookiePath));
      }
      path = cookiePath;
      return this;
    }

    /**
     * Sets the domain whose hosts all get the cookie, which needs a name without {@code __Host-}.
     * Default: none; only the host that set it.
     *
     * @throws IllegalArgumentException if it is not the name of a host, or begins with a dot
     */
    public Builder domain(String cookieDomain) {
      if (!isHostName(cookieDomain)) {
        throw new IllegalArgumentException(
            "the domain of the cookie must be the name of a host, without a leading dot: "
                + QuotedText.of(cookieDomain));
      }
      domain = cookieDomain;
      return this;
    }

    /** Sets with which requests from other sites browsers send it. Default: {@code LAX}. */
    public Builder sameSite(SameSite value) {
      sameSite = value;
      return this;
    }

    /**
     * Sets whether browsers keep one cookie for each site in the address bar ({@code Partitioned},
     * CHIPS). For an application that other sites embed in a frame: browsers that block third-party
     * cookies accept this one. A user who is logged in there is not logged in at the application
     * itself or in a frame of another site, and a logout ends only the session of that frame. It
     * needs {@link SameSite#NONE}, and works with {@code __Host-}. Default: false.
     *
     * <p>Change the cookie's name when you switch this on or off: browsers keep the old cookie
     * beside the new one, and send both.
     */
    public Builder partitioned(boolean value) {
      partitioned = value;
      return this;
    }

    /**
     * Makes the cookie.
     *
     * @throws IllegalArgumentException if the name has the prefix {@code __Host-} or {@code
     *     __Host-Http-} in any case, and there is a domain or a path other than {@code /}: browsers
     *     would drop it; or if it is partitioned and not {@link SameSite#NONE}: frames of other
     *     sites would not get it
     */
    public SessionCookie build() {
      boolean isHostBound = name.toLowerCase(Locale.ROOT).startsWith("__host-");
      if (isHostBound && domain != null) {
        throw new IllegalArgumentException(
            "the domain of a cookie with the prefix __Host- must not be set: " + domain);
      }
      if (isHostBound && !path.equals("/")) {
        throw new IllegalArgumentException(
            "the path of a cookie with the prefix __Host- must be '/': " + path);
      }
      if (partitioned && sameSite != SameSite.NONE) {
        throw new IllegalArgumentException(
            "sameSite of a partitioned cookie must be NONE: " + sameSite);
      }
      return new SessionCookie(this, true);
    }

    private static boolean isAttributeCharacter(int character) {
      return character > ' ' && character < 0x7F && character != ';' && character != ',';
    }

    private static boolean isHostName(String text) {
      return text.length() <= 253
          && text.matches(
              "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
                  + "(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");
    }
  }
}
