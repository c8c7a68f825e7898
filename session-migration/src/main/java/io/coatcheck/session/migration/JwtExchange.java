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
import java.time.Instant;
import java.util.Enumeration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
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
  private static final String CLAIM = "jwt:";

  private final SessionManager manager;
  private final TokenVerifier verifier;
  private final Predicate<VerifiedToken> condition;
  private final Duration maximumLifetime;
  private final @Nullable SessionTransport transport;
  private final CredentialReport report;
  private final ApplicationCode code = new ApplicationCode();

  private JwtExchange(Builder builder) {
    manager = builder.manager;
    verifier = builder.verifier;
    condition = builder.condition;
    maximumLifetime = builder.maximumLifetime;
    transport = builder.transport;
    report = new CredentialReport(manager, CredentialKind.JWT);
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
          session.bridge().beforeLogout(() -> useUp(token));
        } else if (session.bridge().isFromAnotherSite()) {
          report.report(CredentialOutcome.REFUSED, Optional.empty(), Optional.empty());
        } else {
          exchange(token, httpRequest, httpResponse);
        }
      }
    }
    chain.doFilter(request, response);
  }

  /**
   * Uses up a token that is presented with a logout, so that it cannot log the user in again. This
   * includes a token that would be refused now, since it may be accepted later.
   */
  private void useUp(String token) {
    try {
      verified(token)
          .filter(accepted -> isIdentified(token, accepted))
          .ifPresent(
              accepted -> manager.bridge().claim(claimOf(token, accepted), claimedUntil(accepted)));
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
      verified = verified(token);
      outcome =
          verified
              .filter(accepted -> isAcceptable(token, accepted))
              .map(accepted -> exchange(token, accepted, session))
              .orElse(CredentialOutcome.REFUSED);
    } catch (Throwable failure) {
      report.failed();
      throw failure;
    }
    if (outcome == CredentialOutcome.REFUSED) {
      session.bridge().beforeLogout(() -> useUp(token));
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
    Optional<ClaimAttempt> claim =
        manager.bridge().beginClaim(claimOf(token, accepted), claimedUntil(accepted));
    return claim.isPresent() ? exchange(claim.get(), accepted, session) : CredentialOutcome.SPENT;
  }

  private CredentialOutcome exchange(
      ClaimAttempt claim, VerifiedToken accepted, WebSession session) {
    try {
      LoginOptions options =
          LoginOptions.builder()
              .authenticatedAt(Limits.loginAt(accepted.issuedAt(), manager.clock().instant()))
              .validIf(() -> isMet(accepted) && claim.isHeld())
              .build();
      LoginResult result = session.login(accepted.principal(), options, transport);
      if (result == LoginResult.LIMIT_REACHED) {
        claim.withdraw();
      }
      return result == LoginResult.LOGGED_IN
          ? CredentialOutcome.ACCEPTED
          : CredentialOutcome.REFUSED;
    } catch (Throwable failure) {
      withdraw(claim, failure);
      throw failure;
    }
  }

  private boolean isAcceptable(String text, VerifiedToken token) {
    if (!isIdentified(text, token) || !manager.bridge().acceptsPrincipal(token.principal())) {
      return false;
    }
    // Before the clock is read: it may take its time, and the token may expire by then.
    if (!isMet(token)) {
      return false;
    }
    Instant now = manager.clock().instant();
    return token.expiresAt().isAfter(now)
        && !token.issuedAt().isAfter(now.plus(Limits.CLOCK_SKEW))
        && !token.expiresAt().isAfter(now.plus(maximumLifetime));
  }

  private Optional<VerifiedToken> verified(String token) {
    return code.call("TokenVerifier", token, () -> verifier.verify(token));
  }

  private boolean isMet(VerifiedToken accepted) {
    return code.call("validIf of JwtExchange", "", () -> condition.test(accepted));
  }

  /**
   * Returns whether all copies of a token can be recognized. The text is not enough for an
   * encrypted token (five parts, RFC 7516): the tag covers the decoded parts, not their spelling.
   */
  private static boolean isIdentified(String text, VerifiedToken token) {
    return token.uniqueId().isPresent()
        || text.chars().filter(character -> character == '.').count() <= 2;
  }

  private static String claimOf(String token, VerifiedToken accepted) {
    return CLAIM + accepted.uniqueId().orElseGet(() -> signedPart(token));
  }

  private Instant claimedUntil(VerifiedToken accepted) {
    // The token was valid a moment ago; a claim must not be refused because it no longer is.
    Instant soon = manager.clock().instant().plus(Limits.CLOCK_SKEW);
    return accepted.expiresAt().isAfter(soon) ? accepted.expiresAt() : soon;
  }

  /**
   * Returns the part of a token that its signature covers. The signature itself can be written in
   * several ways: some bits of its last character mean nothing, and ECDSA has two for each.
   */
  private static String signedPart(String token) {
    int dot = token.lastIndexOf('.');
    return dot < 0 ? token : token.substring(0, dot);
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

  /** Builds a {@link JwtExchange}. Not thread-safe. */
  public static final class Builder {

    private final SessionManager manager;
    private final TokenVerifier verifier;
    private Predicate<VerifiedToken> condition = token -> true;
    private Duration maximumLifetime = Duration.ofDays(Limits.MAX_DAYS);
    private @Nullable SessionTransport transport;

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

    /** Builds the exchange. */
    public JwtExchange build() {
      return new JwtExchange(this);
    }
  }
}
