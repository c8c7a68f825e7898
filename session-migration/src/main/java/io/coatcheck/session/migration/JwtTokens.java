package io.coatcheck.session.migration;

import io.coatcheck.session.SessionManager;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Decides on the tokens of a {@link JwtExchange}, and names the records that let each be used once.
 * Thread-safe.
 */
final class JwtTokens {

  private static final String CLAIM = "jwt:";

  private final SessionManager manager;
  private final TokenVerifier verifier;
  private final Predicate<VerifiedToken> condition;
  private final Duration maximumLifetime;
  private final ApplicationCode code = new ApplicationCode();

  JwtTokens(
      SessionManager manager,
      TokenVerifier verifier,
      Predicate<VerifiedToken> condition,
      Duration maximumLifetime) {
    this.manager = manager;
    this.verifier = verifier;
    this.condition = condition;
    this.maximumLifetime = maximumLifetime;
  }

  /**
   * Returns the claims of a token that the application accepts, and whose copies are recognised.
   */
  Optional<VerifiedToken> identified(String token) {
    return verified(token).filter(accepted -> isIdentified(token, accepted));
  }

  /** Returns the claims of a token that the application accepts. */
  Optional<VerifiedToken> verified(String token) {
    return code.call("TokenVerifier", token, () -> verifier.verify(token));
  }

  /** Returns whether a token meets the application's condition. */
  boolean isMet(VerifiedToken accepted) {
    return code.call("validIf of JwtExchange", "", () -> condition.test(accepted));
  }

  boolean isAcceptable(String text, VerifiedToken token) {
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

  /**
   * Returns whether all copies of a token can be recognised. The text is not enough for an
   * encrypted token (five parts, RFC 7516): the tag covers the decoded parts, not their spelling.
   */
  private static boolean isIdentified(String text, VerifiedToken token) {
    return token.uniqueId().isPresent()
        || text.chars().filter(character -> character == '.').count() <= 2;
  }

  /** Returns the text by which a token that came in the header, or with a logout, is used once. */
  static String claimOf(String token, VerifiedToken accepted) {
    return CLAIM + idOf(token, accepted);
  }

  /** Returns what all copies of a token have in common, and no other token. */
  static String idOf(String token, VerifiedToken accepted) {
    return accepted.uniqueId().orElseGet(() -> signedPart(token));
  }

  Instant claimedUntil(VerifiedToken accepted) {
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
}
