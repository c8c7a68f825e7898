package io.coatcheck.session.migration;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.SessionManager;
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
 * <p>A filter, mapped after {@link io.coatcheck.session.servlet.SessionFilter} and before what
 * needs a login. A request goes on to the application in every case: with a session if the token
 * was exchanged, otherwise as it came. The response says what became of the token in the header
 * {@value #RESULT_HEADER}, so that the script of the page can delete its copy:
 *
 * <ul>
 *   <li>{@code exchanged}: the user is logged in, and the response carries the session's cookie
 *   <li>{@code spent}: the token was exchanged before. Another request of the same page may have
 *       done that a moment ago: delete the token and send the request again without it
 *   <li>{@code refused}: the verifier, the condition or a limit on sessions refused it: delete it,
 *       and let the user log in
 * </ul>
 *
 * <p>A request that has a live session with a login is not exchanged, nor is one whose token has
 * the form of ours, nor one that another site made a browser send. A store that fails is answered
 * with 503, and the token can be exchanged later. The exchange does not decode the token: that is
 * the verifier's part. Thread-safe.
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
  private final ExchangeCounts counts = new ExchangeCounts();

  private JwtExchange(Builder builder) {
    manager = builder.manager;
    verifier = builder.verifier;
    condition = builder.condition;
    maximumLifetime = builder.maximumLifetime;
    transport = builder.transport;
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
  public ExchangeCounts counts() {
    return counts;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse) {
      String token = presented(httpRequest);
      if (token != null) {
        exchange(token, httpRequest, httpResponse);
      }
    }
    chain.doFilter(request, response);
  }

  private void exchange(String token, HttpServletRequest request, HttpServletResponse response) {
    WebSession session = WebSession.of(request);
    if (session.isLoggedIn() || isFromAnotherSite(request)) {
      return;
    }
    Outcome outcome = exchange(token, session);
    counts.count(outcome);
    response.setHeader(RESULT_HEADER, outcome.name().toLowerCase(Locale.ROOT));
  }

  private Outcome exchange(String token, WebSession session) {
    Optional<VerifiedToken> verified = verifier.verify(token);
    Instant now = manager.clock().instant();
    if (verified.isEmpty() || !isAcceptable(verified.get(), now)) {
      return Outcome.REFUSED;
    }
    VerifiedToken accepted = verified.get();
    String claim = CLAIM + accepted.uniqueId().orElseGet(() -> signedPart(token));
    if (!manager.adapter().claim(claim, accepted.expiresAt())) {
      return Outcome.SPENT;
    }
    try {
      LoginOptions options = LoginOptions.builder().validIf(() -> condition.test(accepted)).build();
      LoginResult result = session.login(accepted.principal(), options, transport);
      if (result == LoginResult.LIMIT_REACHED) {
        manager.adapter().withdrawClaim(claim);
      }
      return result == LoginResult.LOGGED_IN ? Outcome.EXCHANGED : Outcome.REFUSED;
    } catch (RuntimeException | Error failure) {
      withdraw(claim, failure);
      throw failure;
    }
  }

  private boolean isAcceptable(VerifiedToken token, Instant now) {
    return token.expiresAt().isAfter(now)
        && !token.expiresAt().isAfter(now.plus(maximumLifetime))
        && condition.test(token);
  }

  /**
   * Returns what the signature of a token covers. The signature itself can be written in several
   * ways: some bits of its last character mean nothing, and ECDSA has two for each.
   */
  private static String signedPart(String token) {
    int dot = token.lastIndexOf('.');
    return dot < 0 ? token : token.substring(0, dot);
  }

  /** After a failure the token must be good for another attempt, unless the store fails again. */
  private void withdraw(String claim, Throwable failure) {
    try {
      manager.adapter().withdrawClaim(claim);
    } catch (SessionStoreException e) {
      failure.addSuppressed(e);
    }
  }

  /** Returns the token of the request; null if there is none, or several, or it is one of ours. */
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

  /**
   * Returns whether a page of another site sent the request. Its script may have a token of its own
   * user, and would log the browser in as that user.
   */
  private static boolean isFromAnotherSite(HttpServletRequest request) {
    String site = request.getHeader("Sec-Fetch-Site");
    return site != null && !site.equals("same-origin") && !site.equals("none");
  }

  /** What became of a token. */
  enum Outcome {
    EXCHANGED,
    SPENT,
    REFUSED
  }

  /** Builds a {@link JwtExchange}. Not thread-safe. */
  public static final class Builder {

    private static final Duration MAX_LIFETIME = Duration.ofDays(400);

    private final SessionManager manager;
    private final TokenVerifier verifier;
    private Predicate<VerifiedToken> condition = token -> true;
    private Duration maximumLifetime = MAX_LIFETIME;
    private @Nullable SessionTransport transport;

    private Builder(SessionManager manager, TokenVerifier verifier) {
      this.manager = Objects.requireNonNull(manager, "manager must not be null");
      this.verifier = Objects.requireNonNull(verifier, "verifier must not be null");
    }

    /**
     * Sets a condition that must hold for a token to be exchanged, such as that the user's password
     * has not changed since {@link VerifiedToken#issuedAt}. It is tested before the login and again
     * after the login is stored, so that a login cannot slip past "password changed, sign out
     * everywhere". Default: every verified token.
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
      if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(MAX_LIFETIME) > 0) {
        throw new IllegalArgumentException(
            "maximumLifetime must be positive and at most 400 days: " + lifetime);
      }
      maximumLifetime = lifetime;
      return this;
    }

    /**
     * Sets how the session's token is sent, for programs that keep it in a header. The filter
     * before this one must have that transport. Default: as the request chose, which is the cookie
     * where the filter has one.
     */
    public Builder answerBy(SessionTransport by) {
      transport = Objects.requireNonNull(by, "answerBy must not be null");
      return this;
    }

    /** Builds the exchange. */
    public JwtExchange build() {
      return new JwtExchange(this);
    }
  }
}
