package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.servlet.BridgeRequest;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.token.SessionId;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Imports the sessions that an application had in Spring Session, each at the first request that
 * presents its cookie: the user stays logged in, and the attributes that the codec's allow-list
 * admits are kept.
 *
 * <p>A filter, mapped after {@link io.coatcheck.session.servlet.SessionFilter} and before filters
 * that need a login. It acts only on a request that presents no Coatcheck token and has no session,
 * as from another bridge, and not on one that another site made a browser send without it. The old
 * cookie is accepted until the client has presented the new one, and 10 seconds longer; it is
 * deleted a minute after the import, or when it is presented after a logout. From then on it opens
 * nothing, even after a logout, on any node. A cookie that is presented with a logout is used up as
 * well.
 *
 * <p>The import counts as a login at the time when the old session was created, so that an action
 * that needs a fresh login asks for one. The idle and absolute timeouts are those of the manager's
 * policy, beginning with the import. Spring Session's data is only read, so that the old
 * application can continue to use it, unless {@link Builder#deleteImported} is set. While a client
 * has only the old cookie, a logout in the old application ends the new session too.
 *
 * <p>If the store or the old database fails, or a function of the application throws, the response
 * is 503 and the cookie can be used later. What the function throws is logged as {@link
 * TokenVerifier#verify} describes. Thread-safe.
 *
 * @since 0.1.0
 */
public final class SpringSessionImport implements Filter {

  private static final String CREDENTIAL = "spring-session:";

  private final SessionManager manager;
  private final SpringSessions sessions;
  private final SpringSessionCookie cookie;
  private final OldCookie oldCookie;
  private final boolean clearsCookie;
  private final boolean deletesImported;
  private final SpringSessionReader reader;

  private final LoginCondition condition;
  private final CredentialReport report;
  private final ReplacedSessions replaced;
  private final CookieDeletions deletions;

  private SpringSessionImport(Builder builder) {
    manager = builder.manager;
    replaced = new ReplacedSessions(manager.clock());
    sessions = builder.sessions;
    cookie = new SpringSessionCookie(builder.cookieName);
    oldCookie = new OldCookie(builder.cookieName, builder.cookiePath, builder.cookieDomain);
    deletions = new CookieDeletions(builder.cookieName);
    clearsCookie = builder.clearsCookie;
    deletesImported = builder.deletesImported;
    reader =
        new SpringSessionReader(
            builder.codec,
            builder.principal,
            builder.attributes,
            builder.maximumAge,
            (name, problem) -> manager.bridge().reportUndecodable(name, problem));
    condition = builder.condition;
    report = new CredentialReport(manager, CredentialKind.SPRING_SESSION);
  }

  /**
   * Begins an import.
   *
   * @param manager the manager of the {@code SessionFilter} before it
   * @param codec decodes the attributes. Those that its allow-list does not admit are left out,
   *     with an event; usually the codec of the manager
   */
  public static Builder builder(
      SessionManager manager, SpringSessions sessions, JavaSerializationCodec codec) {
    return new Builder(manager, sessions, codec);
  }

  /**
   * Returns how many sessions were imported, how often an old cookie was presented that had been
   * used before, and how often one that opens nothing, by this filter since it was made.
   */
  public CredentialCounts counts() {
    return report.counts();
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse
        && cookie.isIn(httpRequest)) {
      WebSession session = WebSession.of(httpRequest);
      List<String> ids = cookie.idsIn(httpRequest);
      BridgeRequest bridge = session.bridge();
      bridge.beforeLogout(() -> spend(ids, session));
      if (bridge.isTokenPresented()) {
        ids.stream().filter(replaced::isLeft).forEach(this::delete);
        Instant now = manager.clock().instant();
        if (clearsCookie
            && OldCookie.isReplaced(session, now)
            && deletions.isDue(session, String.join(" ", ids), now)) {
          oldCookie.clear(httpRequest, httpResponse);
        }
      } else if (!bridge.isTokenWithheld() && session.id().isEmpty()) {
        try {
          importInto(session, ids, httpRequest, httpResponse);
        } catch (Throwable failure) {
          report.failed();
          throw failure;
        }
      }
    }
    chain.doFilter(request, response);
  }

  /** Uses up old cookies that are presented with a logout, so that they log no user in again. */
  private void spend(List<String> ids, WebSession session) {
    Optional<SessionId> own = session.id();
    for (String id : ids) {
      manager.bridge().spendCredential(CREDENTIAL + id, sourceOf(id, reader::unread), own);
      if (deletesImported) {
        replaced.endNow(id, () -> sessions.delete(id));
      }
    }
  }

  private void delete(String id) {
    replaced.endOnce(id, () -> sessions.delete(id));
  }

  private ImportSource sourceOf(
      String id, BiFunction<SpringSession, Instant, Optional<ImportedSession>> read) {
    return new SpringImportSource(sessions, read, manager.clock(), id, deletesImported);
  }

  private void importInto(
      WebSession session,
      List<String> ids,
      HttpServletRequest request,
      HttpServletResponse response) {
    for (String id : ids) {
      ImportSource source = condition.on(sourceOf(id, reader::read), manager.bridge());
      ImportResult result = manager.bridge().importSession(CREDENTIAL + id, source);
      if (deletesImported && ReplacedSessions.isDueAtOnce(result)) {
        delete(id);
      }
      boolean opens = condition.opens(result, session);
      Instant now = manager.clock().instant();
      if (deletesImported && ReplacedSessions.isDueLater(result, session, now)) {
        delete(id);
      }
      report.imported(result.status(), opens, session);
      if (result.token().isPresent()) {
        return;
      }
      if (clearsCookie
          && result.status() == ImportResult.Status.SPENT
          && deletions.isDue(id, now)) {
        oldCookie.clear(request, response);
      }
    }
  }

  /** Builds a {@link SpringSessionImport}. Not thread-safe. */
  public static final class Builder {

    private final SessionManager manager;
    private final SpringSessions sessions;
    private final JavaSerializationCodec codec;
    private @Nullable Function<Map<String, Object>, Optional<String>> principal;
    private Predicate<String> attributes = name -> true;
    private String cookieName = "SESSION";
    private @Nullable String cookiePath;
    private @Nullable String cookieDomain;
    private boolean clearsCookie = true;
    private boolean deletesImported;
    private Duration maximumAge = Duration.ofDays(30);
    private LoginCondition condition = LoginCondition.NONE;

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
      cookieName = OldCookie.checkedName(name);
      return this;
    }

    /**
     * Sets the path of the old cookie, which is needed to delete it. Default: the context path of
     * the application, with a slash, as Spring Session has it.
     *
     * @throws IllegalArgumentException if it does not begin with a slash
     */
    public Builder cookiePath(String path) {
      cookiePath = OldCookie.checkedPath(path);
      return this;
    }

    /**
     * Sets the domain of the old cookie, which is needed to delete it. Default: none.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder cookieDomain(String domain) {
      cookieDomain = OldCookie.checkedDomain(domain);
      return this;
    }

    /**
     * Sets the function that returns the name of the user whom an old session has logged in, from
     * all of its attributes that the codec admits, by their names. If it throws, nothing is
     * imported.
     *
     * <p>If it returns empty for a session that has a login, which is an indexed name or an
     * attribute {@code SPRING_SECURITY_CONTEXT}, decoded or not, the session is refused: otherwise
     * the next person at that browser would have its attributes. The old cookie stays good, so that
     * it works once the account is enabled or the class is allowed. A session without a login is
     * anonymous if it returns empty, and keeps its attributes. Where the application has another
     * mark of a login, return the name, and refuse the session by {@link #validIf}.
     *
     * <p>Default: the user of {@code SPRING_SECURITY_CONTEXT}, if that user was authenticated;
     * where an administrator acts as another user, the administrator. For a session without that
     * attribute, the name that Spring Session has indexed.
     */
    public Builder principal(Function<Map<String, Object>, Optional<String>> userOf) {
      principal = Objects.requireNonNull(userOf, "principal must not be null");
      return this;
    }

    /**
     * Sets which attributes are kept, by their names. Of these, those that the allow-list of the
     * codec does not admit are left out, with an event. Default: all.
     */
    public Builder attributes(Predicate<String> names) {
      attributes = Objects.requireNonNull(names, "attributes must not be null");
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
     * nothing in the old application either; so is one whose cookie comes with a logout. That
     * excludes a roll-back without new logins. If it cannot be deleted, the request goes on, a
     * warning is logged, and later requests that present the old cookie to the same node retry it,
     * one in ten seconds. Default: false.
     */
    public Builder deleteImported(boolean value) {
      deletesImported = value;
      return this;
    }

    /**
     * Sets how long ago a session may have been created. An older one is refused, and its user logs
     * in. A record of each import is kept for the same time; do not raise it later: a session whose
     * record was deleted by then could be imported again after it has ended. Default: 30 days.
     *
     * @throws IllegalArgumentException if it is not positive, or more than 400 days
     */
    public Builder maximumAge(Duration age) {
      maximumAge = Limits.positive("maximumAge", age, Limits.MAX_DAYS);
      return this;
    }

    /**
     * Sets a condition on the login of an old session: the name of the user, and when the old
     * session was created. A session that does not meet it is refused, and its user logs in. It is
     * tested before the session is imported, again after that is stored, and for each request that
     * opens the imported session with the old cookie.
     *
     * <p>{@code SessionManager.revokeAllOf} ends the sessions that were imported by then, and no
     * old one. Where users can be signed out everywhere, record the moment first, revoke then, and
     * test it here: {@code (user, loginAt) -> loginAt.isAfter(accounts.signedOutAt(user))}.
     * Default: every login.
     */
    public Builder validIf(BiPredicate<String, Instant> login) {
      condition = LoginCondition.validIf(login);
      return this;
    }

    /** Builds the import. */
    public SpringSessionImport build() {
      return new SpringSessionImport(this);
    }
  }
}
