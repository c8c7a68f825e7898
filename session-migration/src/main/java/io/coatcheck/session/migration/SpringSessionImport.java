package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Imports the sessions that an application had in Spring Session, each at the first request that
 * presents its cookie: the user stays logged in, and the attributes that the codec's allow-list
 * admits are kept.
 *
 * <p>A filter, mapped after {@link io.coatcheck.session.servlet.SessionFilter} and before what
 * needs a login. It acts only on a request that presents no token of ours. The old cookie is
 * accepted until the client has presented the new one, and 10 seconds longer; it is deleted a
 * minute after the import, or when it is presented after a logout. From then on it opens nothing,
 * also after a logout, on any node.
 *
 * <p>The import counts as a login at the time when the old session was created, so that an action
 * that needs a fresh login asks for one. The idle and absolute timeouts are those of the manager's
 * policy, beginning with the import. Spring Session's data is only read, so that the old
 * application can go on with it, unless {@link Builder#deleteImported} is set. As long as a client
 * has only the old cookie, a logout in the old application ends the new session too.
 *
 * <p>A database that fails is answered with 503; the cookie can be used later. Thread-safe.
 *
 * @since 0.1.0
 */
public final class SpringSessionImport implements Filter {

  private static final String CREDENTIAL = "spring-session:";
  private static final Duration OLD_COOKIE_STAYS = Duration.ofMinutes(1);

  private final SessionManager manager;
  private final SpringSessions sessions;
  private final OldCookie cookie;
  private final boolean clearsCookie;
  private final boolean deletesImported;
  private final SpringSessionReader reader;
  private final ExchangeCounts counts = new ExchangeCounts();

  private SpringSessionImport(Builder builder) {
    manager = builder.manager;
    sessions = builder.sessions;
    cookie = new OldCookie(builder.cookieName, builder.cookiePath, builder.cookieDomain);
    clearsCookie = builder.clearsCookie;
    deletesImported = builder.deletesImported;
    reader = new SpringSessionReader(builder.codec, builder.maximumAge);
  }

  /**
   * Begins an import.
   *
   * @param manager the manager of the {@code SessionFilter} before it
   * @param codec decodes the attributes. What its allow-list does not admit is left out, with an
   *     event; usually the codec of the manager
   */
  public static Builder builder(
      SessionManager manager, SpringSessions sessions, JavaSerializationCodec codec) {
    return new Builder(manager, sessions, codec);
  }

  /**
   * Returns how many sessions were imported, how often an old cookie was presented that had been
   * used before, and how often one that opens nothing, by this filter since it was made.
   */
  public ExchangeCounts counts() {
    return counts;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse
        && cookie.isIn(httpRequest)) {
      WebSession session = WebSession.of(httpRequest);
      if (!session.isTokenPresented()) {
        importInto(session, httpRequest, httpResponse);
      } else if (clearsCookie && isMoved(session)) {
        cookie.clear(httpRequest, httpResponse);
      }
    }
    chain.doFilter(request, response);
  }

  private void importInto(
      WebSession session, HttpServletRequest request, HttpServletResponse response) {
    for (String id : cookie.idsIn(request)) {
      SpringImportSource source =
          new SpringImportSource(sessions, reader, manager.clock(), id, deletesImported);
      ImportResult result = manager.adapter().importSession(CREDENTIAL + id, source);
      if (result.status() == ImportResult.Status.IMPORTED && deletesImported) {
        sessions.delete(id);
      }
      boolean opens = result.token().map(session::present).orElse(false);
      count(result.status(), opens);
      if (result.token().isPresent()) {
        return;
      }
      if (clearsCookie && result.status() == ImportResult.Status.SPENT) {
        cookie.clear(request, response);
      }
    }
  }

  /** Requests that find what another one has imported a moment ago are not counted. */
  private void count(ImportResult.Status status, boolean opens) {
    switch (status) {
      case IMPORTED -> counts.count(JwtExchange.Outcome.EXCHANGED);
      case FOUND -> {
        if (!opens) {
          counts.count(JwtExchange.Outcome.SPENT);
        }
      }
      case SPENT -> counts.count(JwtExchange.Outcome.SPENT);
      case REFUSED, LIMIT_REACHED -> counts.count(JwtExchange.Outcome.REFUSED);
    }
  }

  private boolean isMoved(WebSession session) {
    Optional<Instant> createdAt = session.createdAt();
    Instant now = manager.clock().instant();
    return createdAt.filter(moment -> !now.isBefore(moment.plus(OLD_COOKIE_STAYS))).isPresent();
  }

  /** Builds a {@link SpringSessionImport}. Not thread-safe. */
  public static final class Builder {

    private static final Duration MAX_AGE = Duration.ofDays(400);

    /** A token of RFC 6265. */
    private static final Pattern COOKIE_NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}");

    private final SessionManager manager;
    private final SpringSessions sessions;
    private final JavaSerializationCodec codec;
    private String cookieName = "SESSION";
    private @Nullable String cookiePath;
    private @Nullable String cookieDomain;
    private boolean clearsCookie = true;
    private boolean deletesImported;
    private Duration maximumAge = Duration.ofDays(30);

    private Builder(SessionManager manager, SpringSessions sessions, JavaSerializationCodec codec) {
      this.manager = Objects.requireNonNull(manager, "manager must not be null");
      this.sessions = Objects.requireNonNull(sessions, "sessions must not be null");
      this.codec = Objects.requireNonNull(codec, "codec must not be null");
    }

    /**
     * Sets the name of the old cookie. Its value is a UUID, or that in base64, with or without a
     * route after a dot. Default: {@code SESSION}.
     *
     * @throws IllegalArgumentException if it is not the name of a cookie
     */
    public Builder cookieName(String name) {
      if (!COOKIE_NAME.matcher(name).matches()) {
        throw new IllegalArgumentException("cookieName must be the name of a cookie: " + name);
      }
      cookieName = name;
      return this;
    }

    /**
     * Sets the path of the old cookie, which is needed to delete it. Default: the context path of
     * the application, with a slash, as Spring Session has it.
     *
     * @throws IllegalArgumentException if it does not begin with a slash
     */
    public Builder cookiePath(String path) {
      if (!path.startsWith("/") || path.indexOf(';') >= 0) {
        throw new IllegalArgumentException(
            "cookiePath must begin with / and contain no semicolon: " + path);
      }
      cookiePath = path;
      return this;
    }

    /**
     * Sets the domain of the old cookie, which is needed to delete it. Default: none.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder cookieDomain(String domain) {
      if (domain.isBlank() || domain.indexOf(';') >= 0) {
        throw new IllegalArgumentException("cookieDomain must be the name of a host: " + domain);
      }
      cookieDomain = domain;
      return this;
    }

    /**
     * Sets whether the old cookie is deleted a minute after the import. Set false while nodes of
     * the old application still serve the same users, who need it there. Default: true.
     */
    public Builder clearCookie(boolean value) {
      clearsCookie = value;
      return this;
    }

    /**
     * Sets whether an imported session is deleted from Spring Session, so that the old id opens
     * nothing in the old application either. That excludes a roll-back without new logins. Default:
     * false.
     */
    public Builder deleteImported(boolean value) {
      deletesImported = value;
      return this;
    }

    /**
     * Sets how long ago a session may have been created. An older one is refused, and its user logs
     * in. For as long a record of each import is kept; if this is raised later, records that are
     * gone by then are missed, and a session that was imported and ended can be imported again.
     * Default: 30 days.
     *
     * @throws IllegalArgumentException if it is not positive, or more than 400 days
     */
    public Builder maximumAge(Duration age) {
      if (age.isNegative() || age.isZero() || age.compareTo(MAX_AGE) > 0) {
        throw new IllegalArgumentException(
            "maximumAge must be positive and at most 400 days: " + age);
      }
      maximumAge = age;
      return this;
    }

    /** Builds the import. */
    public SpringSessionImport build() {
      return new SpringSessionImport(this);
    }
  }
}
