package io.coatcheck.session.migration;

import io.coatcheck.session.ClaimAttempt;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.servlet.BridgeRequest;
import io.coatcheck.session.servlet.SessionTransport;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Enumeration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges the JSON Web Tokens that an application issued before it moved to sessions: the first
 * request with such a token, in {@code Authorization: Bearer}, logs its user in. Each token is
 * exchanged once, on one node: a copy of it opens nothing afterwards, not even after a logout.
 *
 * <p>A filter, mapped after {@link io.coatcheck.session.servlet.SessionFilter} and before filters
 * that need a login. Every request is passed on to the application: with a session if the token was
 * exchanged, otherwise as it came. The response says what became of the token in the header {@value
 * #RESULT_HEADER}, so that the script of the page can delete its copy:
 *
 * <ul>
 *   <li>{@code exchanged}: the user is logged in, and the response carries the session's cookie
 *   <li>{@code spent}: the token was exchanged before. Another request of the same page may have
 *       done that a moment ago: delete the token and send the request again without it
 *   <li>{@code refused}: the verifier, the condition or a limit on sessions refused it, no user can
 *       have its name, or a logout has used it up: delete it, and let the user log in. If the
 *       request logs out, the token is used up, as below
 * </ul>
 *
 * <p>These requests are not exchanged, and their response has no such header:
 *
 * <ul>
 *   <li>one that has a live session with a login. If it logs out, on whatever thread, its token is
 *       used up first, even if another request is exchanging it; if that fails, since the store
 *       does or the verifier throws, the logout fails too and has ended nothing
 *   <li>one that has several {@code Authorization} headers, or a Coatcheck token in that header
 *   <li>one that {@linkplain BridgeRequest#isFromAnotherSite another site} made a browser send,
 *       which is reported as refused: its script might present a token of another user
 * </ul>
 *
 * <p>If {@link Builder#cookieName} is set, tokens in that cookie are exchanged too, with the
 * differences described there.
 *
 * <p>The exchange counts as a login at {@link VerifiedToken#issuedAt}, so that an action that needs
 * a fresh login asks for one. The time limits of the session begin with the exchange.
 *
 * <p>If the store fails, or the verifier or the condition throws, the response is 503 and the token
 * can be exchanged later. What they throw is logged as {@link TokenVerifier#verify} describes. The
 * exchange does not decode the token: that is the verifier's task. Thread-safe.
 *
 * @since 0.1.0
 */
public final class JwtExchange implements Filter {

  /** The response header that says what became of the token. */
  public static final String RESULT_HEADER = "Coatcheck-Exchange";

  private static final String SCHEME = "bearer ";

  private final SessionManager manager;
  private final JwtTokens tokens;
  private final @Nullable SessionTransport transport;
  private final CredentialReport report;

  /** Null if only the header is read. */
  private final @Nullable TokenCookie cookie;

  private JwtExchange(Builder builder) {
    manager = builder.manager;
    tokens = new JwtTokens(manager, builder.verifier, builder.condition, builder.maximumLifetime);
    transport = builder.transport;
    report = new CredentialReport(manager, CredentialKind.JWT);
    OldCookie old =
        OldCookie.ofTokens(builder.cookieName, builder.cookiePath, builder.cookieDomain);
    cookie =
        old == null ? null : new TokenCookie(manager, tokens, old, builder.clearsCookie, report);
  }

  /**
   * Begins an exchange.
   *
   * @param manager the manager of the {@code SessionFilter} before it
   */
  public static Builder builder(SessionManager manager, TokenVerifier verifier) {
    return new Builder(manager, verifier);
  }

  /** Returns how many tokens were exchanged and refused by this filter since it was made. */
  public CredentialCounts counts() {
    return report.counts();
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse) {
      String token = presented(httpRequest);
      if (token != null) {
        WebSession session = WebSession.of(httpRequest);
        if (session.isLoggedIn()) {
          session.bridge().beforeLogout(() -> useUp(token, session));
        } else if (session.bridge().isFromAnotherSite()) {
          report.report(CredentialOutcome.REFUSED, Optional.empty(), Optional.empty());
        } else {
          exchange(token, httpRequest, httpResponse);
        }
      }
      if (cookie != null) {
        readCookie(cookie, httpRequest, httpResponse);
      }
    }
    chain.doFilter(request, response);
  }

  private void readCookie(
      TokenCookie known, HttpServletRequest request, HttpServletResponse response) {
    Set<String> found = known.tokensIn(request);
    if (!found.isEmpty()) {
      WebSession session = WebSession.of(request);
      // All of them: a planted cookie must not save the user's own token from the logout.
      session.bridge().beforeLogout(() -> found.forEach(token -> useUp(token, session)));
      if (found.size() == 1 && !hasBearer(request)) {
        known.present(found.iterator().next(), session, request, response);
      }
    }
  }

  /**
   * Uses up a token that is presented with a logout, so that it cannot log the user in again. This
   * includes a token that would be refused now, since it may be accepted later.
   */
  private void useUp(String token, WebSession session) {
    try {
      tokens
          .identified(token)
          .ifPresent(
              accepted -> {
                manager
                    .bridge()
                    .claim(JwtTokens.claimOf(token, accepted), tokens.claimedUntil(accepted));
                if (cookie != null) {
                  cookie.spend(token, accepted, session);
                }
              });
    } catch (Throwable failure) {
      report.failed();
      throw failure;
    }
  }

  private void exchange(String token, HttpServletRequest request, HttpServletResponse response) {
    WebSession session = WebSession.of(request);
    Optional<VerifiedToken> verified;
    CredentialOutcome outcome;
    try {
      verified = tokens.verified(token);
      outcome =
          verified
              .filter(accepted -> tokens.isAcceptable(token, accepted))
              .map(accepted -> exchange(token, accepted, session))
              .orElse(CredentialOutcome.REFUSED);
    } catch (Throwable failure) {
      report.failed();
      throw failure;
    }
    if (outcome == CredentialOutcome.REFUSED
        || (outcome == CredentialOutcome.SPENT && cookie != null)) {
      // A spent token may still open its session in the cookie.
      session.bridge().beforeLogout(() -> useUp(token, session));
    }
    boolean isMoved = outcome == CredentialOutcome.ACCEPTED;
    report.report(
        outcome, isMoved ? session.id() : Optional.empty(), verified.map(VerifiedToken::principal));
    // Otherwise a cache could serve this header to another user, whose script would delete a valid
    // token.
    response.addHeader("Vary", "Authorization");
    response.setHeader(
        RESULT_HEADER, isMoved ? "exchanged" : outcome.name().toLowerCase(Locale.ROOT));
  }

  private CredentialOutcome exchange(String token, VerifiedToken accepted, WebSession session) {
    if (isImported(token, accepted)) {
      return CredentialOutcome.SPENT;
    }
    Optional<ClaimAttempt> claim =
        manager
            .bridge()
            .beginClaim(JwtTokens.claimOf(token, accepted), tokens.claimedUntil(accepted));
    return claim.isPresent()
        ? exchange(claim.get(), token, accepted, session)
        : CredentialOutcome.SPENT;
  }

  /** Returns whether the token was exchanged when it came in the cookie. */
  private boolean isImported(String token, VerifiedToken accepted) {
    return cookie != null && cookie.isImported(token, accepted);
  }

  private CredentialOutcome exchange(
      ClaimAttempt claim, String token, VerifiedToken accepted, WebSession session) {
    try {
      LoginOptions options =
          LoginOptions.builder()
              .authenticatedAt(Limits.loginAt(accepted.issuedAt(), manager.clock().instant()))
              .validIf(
                  () -> tokens.isMet(accepted) && !isImported(token, accepted) && claim.isHeld())
              .build();
      LoginResult result = session.login(accepted.principal(), options, transport);
      if (result == LoginResult.LIMIT_REACHED) {
        claim.withdraw();
      } else if (result != LoginResult.LOGGED_IN && isImported(token, accepted)) {
        // Otherwise the cookie's next request would end the session that it has opened.
        claim.withdraw();
        return CredentialOutcome.SPENT;
      }
      return result == LoginResult.LOGGED_IN
          ? CredentialOutcome.ACCEPTED
          : CredentialOutcome.REFUSED;
    } catch (Throwable failure) {
      withdraw(claim, failure);
      throw failure;
    }
  }

  /**
   * After a failure the token must remain usable for another attempt, unless the store fails again.
   */
  private static void withdraw(ClaimAttempt claim, Throwable failure) {
    try {
      claim.withdraw();
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
    }
  }

  /** Returns the token of the request; null if there is none, or several, or a Coatcheck token. */
  private static @Nullable String presented(HttpServletRequest request) {
    Enumeration<String> headers = request.getHeaders("Authorization");
    if (headers == null || !headers.hasMoreElements()) {
      return null;
    }
    String header = headers.nextElement();
    if (headers.hasMoreElements() || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return null;
    }
    String token = header.substring(SCHEME.length()).trim();
    return token.isEmpty() || SessionToken.parse(token).isPresent() ? null : token;
  }

  /** Returns whether a request has a token in the header, of whatever kind. */
  private static boolean hasBearer(HttpServletRequest request) {
    Enumeration<String> headers = request.getHeaders("Authorization");
    while (headers != null && headers.hasMoreElements()) {
      if (headers.nextElement().regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
        return true;
      }
    }
    return false;
  }

  /** Builds a {@link JwtExchange}. Not thread-safe. */
  public static final class Builder {

    private final SessionManager manager;
    private final TokenVerifier verifier;
    private Predicate<VerifiedToken> condition = token -> true;
    private Duration maximumLifetime = Duration.ofDays(Limits.MAX_DAYS);
    private @Nullable SessionTransport transport;
    private @Nullable String cookieName;
    private @Nullable String cookiePath;
    private @Nullable String cookieDomain;
    private boolean clearsCookie = true;

    private Builder(SessionManager manager, TokenVerifier verifier) {
      this.manager = Objects.requireNonNull(manager, "manager must not be null");
      this.verifier = Objects.requireNonNull(verifier, "verifier must not be null");
    }

    /**
     * Sets a condition that must hold for a token to be exchanged, such as that the user's password
     * has not changed since {@link VerifiedToken#issuedAt}. It is tested before the login and again
     * after the login is stored, so that a login cannot slip past "password changed, sign out
     * everywhere". A token that was issued more than 5 minutes in the future is refused in any
     * case: no such condition could exclude it. Default: every verified token.
     */
    public Builder validIf(Predicate<VerifiedToken> test) {
      condition = Objects.requireNonNull(test, "validIf must not be null");
      return this;
    }

    /**
     * Sets how far in the future the expiry of a token may be. A token that lasts longer is
     * refused, since the record of its exchange is kept until it expires. Default: 400 days.
     *
     * @throws IllegalArgumentException if it is not positive, or more than 400 days
     */
    public Builder maximumLifetime(Duration lifetime) {
      maximumLifetime = Limits.positive("maximumLifetime", lifetime, Limits.MAX_DAYS);
      return this;
    }

    /**
     * Sets the transport of the session's token, for programs that keep it in a header. The filter
     * before this one must have that transport. Default: as the request chose, which is the cookie
     * where the filter has one.
     */
    public Builder transport(SessionTransport sentBy) {
      transport = Objects.requireNonNull(sentBy, "transport must not be null");
      return this;
    }

    /**
     * Sets the name of a cookie that may carry tokens, in addition to the header. If a request has
     * both, the header prevails. Default: none, and only the header is read.
     *
     * <p>A browser sends the cookie with several requests at once, and no script can delete it. So
     * all requests with the token open the same session, until the client has presented the
     * session's own cookie, and 10 seconds longer, but never after the token has expired; from then
     * on the token opens nothing. The cookie is deleted by each answer that opens the session, by
     * one to a later copy of the token, and by one to a client that is logged in. There is no
     * {@value JwtExchange#RESULT_HEADER} header.
     *
     * <p>The cookie is not looked at if the request presents a Coatcheck token or has a session, if
     * it has several different values, or if another site made the browser send it, other than by a
     * link that the user followed. A logout uses up all tokens that come with it.
     *
     * <p>The filter before this one must have a cookie, in which the session's token is sent
     * whatever {@link #transport} says.
     *
     * @param name compared exactly
     * @throws IllegalArgumentException if it is not the name of a cookie
     */
    public Builder cookieName(String name) {
      cookieName = OldCookie.checkedName(name);
      return this;
    }

    /**
     * Sets the path of that cookie, which is needed to delete it. Default: {@code /}.
     *
     * @throws IllegalArgumentException if it does not begin with a slash
     */
    public Builder cookiePath(String path) {
      cookiePath = OldCookie.checkedPath(path);
      return this;
    }

    /**
     * Sets the domain of that cookie, which is needed to delete it. Default: none.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder cookieDomain(String domain) {
      cookieDomain = OldCookie.checkedDomain(domain);
      return this;
    }

    /**
     * Sets whether that cookie is deleted. Set false while other applications of the site need it.
     * Default: true.
     */
    public Builder clearCookie(boolean value) {
      clearsCookie = value;
      return this;
    }

    /**
     * Builds the exchange.
     *
     * @throws IllegalArgumentException if the settings of the cookie contradict each other
     */
    public JwtExchange build() {
      return new JwtExchange(this);
    }
  }
}
