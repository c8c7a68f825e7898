package io.coatcheck.session.migration;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionBridge;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * Ends the sessions of a user who logs out at the identity provider, on every node: the endpoint of
 * OpenID Connect Back-Channel Logout 1.0, to which the provider posts logout tokens.
 *
 * <p>A filter, mapped to the path that the provider posts to, and to no other: it passes no request
 * on. It needs no cookie and no session. It may be mapped before or after {@link
 * io.coatcheck.session.servlet.SessionFilter}, but before any filter that reads request parameters.
 *
 * <p>A token with a {@code sid} ends the sessions of that session of the provider, which {@link
 * #login} has begun. If there are none, it ends those sessions of its {@code sub} that belong to no
 * session of the provider. A token without a {@code sid} ends all sessions of its {@code sub}. A
 * login in progress at that time is refused.
 *
 * <p>The answers: 200 if the sessions have ended, or there were none, since a user who has logged
 * out already counts as logged out (section 2.7). A token that ended none is reported as {@link
 * CredentialOutcome#UNMATCHED}: that is usual after a logout in the application, but also the sign
 * of a wrong mapping of {@code sub}, or of a login without {@link #login}. 400 if the request or
 * the token is invalid, or the token was accepted before. 405 if the method is not POST. 503 if the
 * store failed, or the verifier threw an exception: then some sessions may have ended, and the
 * provider can post the token again. No answer may be cached. Thread-safe.
 *
 * @since 0.1.0
 */
public final class BackChannelLogout implements Filter {

  private static final String INVALID = "{\"error\":\"invalid_request\"}";

  private final SessionManager manager;
  private final LogoutTokenVerifier verifier;
  private final Duration maximumLifetime;
  private final Duration maximumIdTokenAge;
  private final CredentialReport report;
  private final ApplicationCode code = new ApplicationCode();

  private BackChannelLogout(Builder builder) {
    manager = builder.manager;
    verifier = builder.verifier;
    maximumLifetime = builder.maximumLifetime;
    maximumIdTokenAge = builder.maximumIdTokenAge;
    report = new CredentialReport(manager, CredentialKind.LOGOUT_TOKEN);
  }

  /** Begins an endpoint that ends sessions of a manager. */
  public static Builder builder(SessionManager manager, LogoutTokenVerifier verifier) {
    return new Builder(manager, verifier);
  }

  /**
   * Returns how many logout tokens ended sessions, were valid and ended none, were accepted before,
   * and were refused, by this endpoint since it was made.
   */
  public CredentialCounts counts() {
    return report.counts();
  }

  /**
   * Logs a user in whom the identity provider has authenticated, so that a logout there ends the
   * session: {@link WebSession#login(String, LoginOptions)}, and a record of the provider's session
   * in the store.
   *
   * @param login from the ID token, which the application has verified
   * @return as a login does, or {@link LoginResult#NO_LONGER_VALID} if the user has logged out at
   *     the provider since the ID token was issued, or the token is older than {@link
   *     Builder#maximumIdTokenAge}
   * @throws SessionStoreException if the store failed: the user is not logged in
   */
  public LoginResult login(
      WebSession session, String principal, ProviderLogin login, LoginOptions options) {
    if (!isRecent(login) || hasEnded(principal, login)) {
      return LoginResult.NO_LONGER_VALID;
    }
    LoginResult result = session.login(principal, options);
    if (result != LoginResult.LOGGED_IN) {
      return result;
    }
    try {
      if (join(session, login) && !hasEnded(principal, login)) {
        return result;
      }
    } catch (Throwable failure) {
      undo(session, failure);
      throw failure;
    }
    session.logout();
    return LoginResult.NO_LONGER_VALID;
  }

  /** Ends a session that a logout at the provider might not find. */
  private static void undo(WebSession session, Throwable failure) {
    try {
      session.logout();
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
    }
  }

  private boolean isRecent(ProviderLogin login) {
    Instant now = manager.clock().instant();
    return login.issuedAt().isAfter(now.minus(maximumIdTokenAge))
        && !login.issuedAt().isAfter(now.plus(Limits.CLOCK_SKEW));
  }

  /** Returns false if the session has ended already. */
  private boolean join(WebSession session, ProviderLogin login) {
    return login.sid().isEmpty()
        || session
            .id()
            .filter(id -> bridge().joinGroup(id, group(login.issuer(), login.sid().get())))
            .isPresent();
  }

  /** Returns whether the user has logged out at the provider since an ID token was issued. */
  private boolean hasEnded(String principal, ProviderLogin login) {
    String own =
        login.sid().map(sid -> group(login.issuer(), sid)).orElseGet(() -> withoutSid(principal));
    return isOvertaken(login, own) || isOvertaken(login, group(principal));
  }

  private boolean isOvertaken(ProviderLogin login, String group) {
    // Both moments are the provider's, often in whole seconds: if they are equal, the logout wins.
    return bridge()
        .groupEndedAt(group)
        .filter(endedAt -> !login.issuedAt().isAfter(endedAt))
        .isPresent();
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse) {
      answer(httpRequest, httpResponse);
    } else {
      chain.doFilter(request, response);
    }
  }

  private void answer(HttpServletRequest request, HttpServletResponse response) throws IOException {
    response.setHeader("Cache-Control", "no-store");
    if (!request.getMethod().equals("POST")) {
      response.setHeader("Allow", "POST");
      response.setStatus(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
      return;
    }
    try {
      CredentialOutcome outcome = end(request);
      if (outcome == CredentialOutcome.ACCEPTED || outcome == CredentialOutcome.UNMATCHED) {
        response.setStatus(HttpServletResponse.SC_OK);
      } else {
        response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
        response.setContentType("application/json");
        response.getOutputStream().write(INVALID.getBytes(StandardCharsets.US_ASCII));
      }
    } catch (SessionStoreException e) {
      // The failure was reported, and logged if it is the verifier's. The provider may post the
      // token again.
      response.setHeader("Retry-After", "5");
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    }
  }

  /** Ends the sessions of a request's token, and reports what became of the token. */
  private CredentialOutcome end(HttpServletRequest request) throws IOException {
    try {
      Optional<VerifiedLogout> logout =
          LogoutForm.tokenIn(request).flatMap(this::verified).filter(this::isAcceptable);
      CredentialOutcome outcome = logout.map(this::end).orElse(CredentialOutcome.REFUSED);
      report.report(outcome, Optional.empty(), logout.flatMap(VerifiedLogout::principal));
      return outcome;
    } catch (Throwable failure) {
      report.failed();
      throw failure;
    }
  }

  private Optional<VerifiedLogout> verified(String token) {
    return code.call("LogoutTokenVerifier", token, () -> verifier.verify(token));
  }

  private boolean isAcceptable(VerifiedLogout logout) {
    Instant now = manager.clock().instant();
    // If a blank id were accepted, one token would use up every other token with a blank id.
    return !logout.id().isBlank()
        && logout.expiresAt().isAfter(now.minus(Limits.CLOCK_SKEW))
        && !logout.issuedAt().isAfter(now.plus(Limits.CLOCK_SKEW))
        && !logout.expiresAt().isAfter(logout.issuedAt().plus(maximumLifetime));
  }

  /**
   * Ends the sessions. The token is claimed last: if the store or this node fails before, the
   * provider can post it again.
   */
  private CredentialOutcome end(VerifiedLogout logout) {
    String claim = "logout:" + joined(logout.issuer(), logout.id());
    if (bridge().isClaimed(claim)) {
      return CredentialOutcome.SPENT;
    }
    Instant until = manager.clock().instant().plus(maximumIdTokenAge);
    int ended =
        logout
            .sid()
            .map(sid -> endSessionsOf(group(logout.issuer(), sid), logout, until))
            .orElseGet(() -> endAll(logout, until));
    Instant now = manager.clock().instant();
    Instant expiresAt = logout.expiresAt();
    if (!bridge()
        .claim(claim, (expiresAt.isAfter(now) ? expiresAt : now).plus(Limits.CLOCK_SKEW))) {
      return CredentialOutcome.SPENT;
    }
    return ended == 0 ? CredentialOutcome.UNMATCHED : CredentialOutcome.ACCEPTED;
  }

  /**
   * Ends the sessions of a session of the provider. Other provider sessions stay. If no login was
   * recorded for this one, the user's sessions without a record end, since any of them may belong
   * to it.
   */
  private int endSessionsOf(String group, VerifiedLogout logout, Instant until) {
    int ended = bridge().endGroup(group, logout.issuedAt(), until);
    Optional<String> principal = logout.principal();
    if (ended > 0 || principal.isEmpty()) {
      return ended;
    }
    bridge().endGroup(withoutSid(principal.get()), logout.issuedAt(), until);
    return bridge().revokeUngrouped(principal.get());
  }

  /** Ends all sessions of the user whom a token without a {@code sid} names. */
  private int endAll(VerifiedLogout logout, Instant until) {
    String principal = logout.principal().orElseThrow();
    bridge().endGroup(group(principal), logout.issuedAt(), until);
    return manager.revokeAllOf(principal);
  }

  private SessionBridge bridge() {
    return manager.bridge();
  }

  private static String group(String issuer, String sid) {
    return "oidc-sid:" + joined(issuer, sid);
  }

  private static String group(String principal) {
    return "oidc-user:" + principal;
  }

  /** Returns the group of a user's logins whose ID tokens have no {@code sid}. */
  private static String withoutSid(String principal) {
    return "oidc-user-without-sid:" + principal;
  }

  /** Joins two texts so that different pairs give different results. */
  private static String joined(String first, String second) {
    return first.length() + ":" + first + second;
  }

  /** Builds a {@link BackChannelLogout}. Not thread-safe. */
  public static final class Builder {

    private static final int MAX_LIFETIME_DAYS = 30;
    private static final Duration MIN_ID_TOKEN_AGE = Duration.ofMinutes(1);
    private static final Duration MAX_ID_TOKEN_AGE = Duration.ofDays(1);

    private final SessionManager manager;
    private final LogoutTokenVerifier verifier;
    private Duration maximumLifetime = Duration.ofDays(1);
    private Duration maximumIdTokenAge = Duration.ofHours(1);

    private Builder(SessionManager manager, LogoutTokenVerifier verifier) {
      this.manager = Objects.requireNonNull(manager, "manager must not be null");
      this.verifier = Objects.requireNonNull(verifier, "verifier must not be null");
    }

    /**
     * Sets how long a logout token may be valid, from {@code iat} to {@code exp}. One that lasts
     * longer is refused, since the record of it is kept until it expires. Default: 1 day.
     *
     * @throws IllegalArgumentException if it is not positive, or more than 30 days
     */
    public Builder maximumLifetime(Duration lifetime) {
      maximumLifetime = Limits.positive("maximumLifetime", lifetime, MAX_LIFETIME_DAYS);
      return this;
    }

    /**
     * Sets how old an ID token may be when {@link BackChannelLogout#login} begins a session with
     * it. A logout is recorded for the same time, so that a login in progress at that time is
     * refused. Default: 1 hour.
     *
     * @throws IllegalArgumentException if it is not between 1 minute and 1 day
     */
    public Builder maximumIdTokenAge(Duration age) {
      if (age.compareTo(MIN_ID_TOKEN_AGE) < 0 || age.compareTo(MAX_ID_TOKEN_AGE) > 0) {
        throw new IllegalArgumentException(
            "maximumIdTokenAge must be between 1 minute and 1 day: " + age);
      }
      maximumIdTokenAge = age;
      return this;
    }

    /**
     * Builds the endpoint.
     *
     * @throws IllegalArgumentException if the store of the manager has no index by principal
     */
    public BackChannelLogout build() {
      if (!manager.bridge().useGroups()) {
        throw new IllegalArgumentException(
            "manager must have a store with a PrincipalIndex, to end the sessions of a user");
      }
      return new BackChannelLogout(this);
    }
  }
}
