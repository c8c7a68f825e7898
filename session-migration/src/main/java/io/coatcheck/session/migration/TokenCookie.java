package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.SessionBridge;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.servlet.BridgeRequest;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The cookie in which an application kept its tokens. A browser sends it with all requests of a
 * page at once, and no script deletes it. So a token in it is imported like an old session: all
 * requests with it open one session, until the client has presented that session's cookie.
 *
 * <p>A token that came in the header and in the cookie is used once too. Each way first leaves a
 * record of its own, and then looks for that of the other, so at most one of them succeeds.
 */
final class TokenCookie {

  private static final String CREDENTIAL = "jwt-cookie:";
  private static final String IMPORTED = "jwt-imported:";
  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD");

  private final SessionManager manager;
  private final JwtTokens tokens;
  private final OldCookie cookie;
  private final boolean clears;
  private final CredentialReport report;
  private final CookieDeletions deletions;

  TokenCookie(
      SessionManager manager,
      JwtTokens tokens,
      OldCookie cookie,
      boolean clears,
      CredentialReport report) {
    this.manager = manager;
    this.tokens = tokens;
    this.cookie = cookie;
    this.clears = clears;
    this.report = report;
    deletions = new CookieDeletions(cookie.name());
  }

  /**
   * Returns the different tokens of a request, untrusted, without Coatcheck tokens. If there are
   * several, one may be planted, and none may be exchanged.
   */
  Set<String> tokensIn(HttpServletRequest request) {
    Cookie[] cookies = request.getCookies();
    if (cookies == null) {
      return Set.of();
    }
    Set<String> found = new LinkedHashSet<>();
    for (Cookie each : cookies) {
      String value = each.getName().equals(cookie.name()) ? each.getValue() : null;
      if (value != null && !value.isEmpty() && SessionToken.parse(value).isEmpty()) {
        found.add(value);
      }
    }
    return found;
  }

  /** Handles a request that presents a token in this cookie alone. */
  void present(
      String token, WebSession session, HttpServletRequest request, HttpServletResponse response) {
    BridgeRequest bridge = session.bridge();
    if (bridge.isTokenPresented()) {
      if (clears
          && session.isLoggedIn()
          && deletions.isDue(session, token, manager.clock().instant())) {
        cookie.clear(request, response);
      }
    } else if (!isFromElsewhere(bridge, request) && session.id().isEmpty()) {
      try {
        if (exchange(token, session) && clears) {
          cookie.clear(request, response);
        }
      } catch (Throwable failure) {
        report.failed();
        throw failure;
      }
    }
  }

  /**
   * Returns whether another site made the browser send the cookie, other than by a link that the
   * user followed.
   */
  private static boolean isFromElsewhere(BridgeRequest bridge, HttpServletRequest request) {
    return bridge.isTokenWithheld()
        || (bridge.isFromAnotherSite()
            && !(SAFE_METHODS.contains(request.getMethod())
                && "navigate".equals(request.getHeader("Sec-Fetch-Mode"))));
  }

  /** Returns whether the answer deletes the token, which is of no use to the client any more. */
  private boolean exchange(String token, WebSession session) {
    VerifiedToken accepted =
        tokens.verified(token).filter(known -> tokens.isAcceptable(token, known)).orElse(null);
    if (accepted == null) {
      report.report(CredentialOutcome.REFUSED, Optional.empty(), Optional.empty());
      return false;
    }
    Source source = new Source(token, accepted);
    ImportResult result = manager.bridge().importSession(credentialOf(token, accepted), source);
    boolean opens = result.token().map(session.bridge()::present).orElse(false);
    if (opens && result.status() == ImportResult.Status.FOUND && !tokens.isMet(accepted)) {
      // It was stored before the request that imports it tests the condition again.
      session.logout();
      opens = false;
    }
    report.imported(result.status(), opens, session);
    return switch (result.status()) {
      case IMPORTED, FOUND -> true;
      case SPENT -> deletions.isDue(JwtTokens.idOf(token, accepted), manager.clock().instant());
      case REFUSED, LIMIT_REACHED -> false;
    };
  }

  /** Returns whether the token, or a copy of it, was exchanged when it came in this cookie. */
  boolean isImported(String token, VerifiedToken accepted) {
    return manager.bridge().isClaimed(IMPORTED + JwtTokens.idOf(token, accepted));
  }

  /** Uses up a token that comes with a logout, wherever it comes, and ends what it still opens. */
  void spend(String token, VerifiedToken accepted, WebSession session) {
    manager
        .bridge()
        .spendCredential(
            credentialOf(token, accepted), new Unread(tokens.claimedUntil(accepted)), session.id());
  }

  private static String credentialOf(String token, VerifiedToken accepted) {
    return CREDENTIAL + JwtTokens.idOf(token, accepted);
  }

  private static ImportedSession sessionOf(
      Optional<String> principal, Instant loginAt, Instant usableUntil) {
    return new ImportedSession(principal, loginAt, usableUntil, Map.of(), Map.of());
  }

  /** A token, as if it were a session of another library. For one request. */
  private final class Source implements ImportSource {

    private final String token;
    private final VerifiedToken accepted;

    Source(String token, VerifiedToken accepted) {
      this.token = token;
      this.accepted = accepted;
    }

    @Override
    public Optional<ImportedSession> load() {
      return isClaimed()
          ? Optional.empty()
          : Optional.of(
              sessionOf(
                  Optional.of(accepted.principal()),
                  Limits.loginAt(accepted.issuedAt(), manager.clock().instant()),
                  tokens.claimedUntil(accepted)));
    }

    @Override
    public boolean isStillLive() {
      SessionBridge bridge = manager.bridge();
      if (!isImported(token, accepted)) {
        bridge.claim(IMPORTED + JwtTokens.idOf(token, accepted), tokens.claimedUntil(accepted));
      }
      return !isClaimed() && tokens.isAcceptable(token, accepted);
    }

    /** Returns whether the token was used in the header, or by a logout. */
    private boolean isClaimed() {
      return manager.bridge().isClaimed(JwtTokens.claimOf(token, accepted));
    }

    /** Shows nothing: the token can be presented. */
    @Override
    public String toString() {
      return "Source";
    }
  }

  /** A token that is only used up. */
  private record Unread(Instant usableUntil) implements ImportSource {

    @Override
    public Optional<ImportedSession> load() {
      return Optional.of(sessionOf(Optional.empty(), Instant.EPOCH, usableUntil));
    }

    @Override
    public boolean isStillLive() {
      return true;
    }
  }
}
