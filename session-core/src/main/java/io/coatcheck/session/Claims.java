package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Claims of texts that may be used once, kept as sessions that no secret opens. Inserting a session
 * never overwrites, so of all nodes exactly one makes the claim.
 *
 * <p>A claim has a principal of its own: a full store in memory evicts anonymous sessions, and an
 * evicted claim could be made again.
 */
final class Claims {

  /**
   * How much longer than asked a claim is kept. A node whose clock is ahead cleans it up while a
   * node whose clock is behind still accepts what was claimed.
   */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

  private static final String PRINCIPAL_PREFIX = "coatcheck-claim:";

  private final EngineContext engine;

  Claims(EngineContext engine) {
    this.engine = engine;
  }

  boolean claim(String text, Instant until) {
    Instant now = engine.now();
    if (!until.isAfter(now)) {
      throw new IllegalArgumentException("until must be after now, " + now + ": " + until);
    }
    byte[] digest = digest(text);
    SessionId id = id(digest);
    StoredSession claim = record(id, principal(digest), now, until);
    return insert(claim);
  }

  /** Inserts a record; returns false if there is another one of its id. */
  boolean insert(StoredSession record) {
    if (engine.store().find(record.id()).isPresent()) {
      return false;
    }
    try {
      engine.store().insert(record);
      return true;
    } catch (SessionStoreException e) {
      // Another node was first, or the answer was lost, or it failed: only the store can tell.
      return engine
          .store()
          .find(record.id())
          .map(found -> isSame(found, record))
          .orElseThrow(() -> e);
    }
  }

  /** Returns a record in the form of a session that no secret opens. */
  StoredSession record(SessionId id, String principal, Instant createdAt, Instant until) {
    return StoredSession.builder(id)
        .secretHash(SessionToken.generate(id, engine.random()).secretHash())
        .principal(principal)
        .createdAt(createdAt)
        .authenticatedAt(createdAt)
        .absoluteDeadline(deadline(until))
        .build();
  }

  /** Returns until when a record is kept that is needed until the given moment. */
  static Instant deadline(Instant until) {
    Instant latest = StoredSession.MAX_MOMENT.minus(CLOCK_SKEW);
    return (until.isAfter(latest) ? latest : until).plus(CLOCK_SKEW);
  }

  /** Returns the principal of the records of a text, which listeners are not notified of. */
  static String principal(byte[] digest) {
    return PRINCIPAL_PREFIX + HexFormat.of().formatHex(digest);
  }

  /** Returns when a text was claimed; empty if it was not, or the claim was withdrawn. */
  Optional<Instant> claimedAt(String text) {
    return engine.store().find(id(digest(text))).map(StoredSession::createdAt);
  }

  boolean release(String text) {
    return engine.store().delete(id(digest(text))).isPresent();
  }

  /** Returns whether a session is a claim. Listeners are not notified of the ends of claims. */
  static boolean isClaim(StoredSession session) {
    return session.principal().filter(Claims::isReserved).isPresent();
  }

  /**
   * Returns whether a principal is that of a claim, which no user may have: with a limit of
   * sessions, or by ending them all, a user of that name would delete the claim.
   */
  static boolean isReserved(String principal) {
    return principal.startsWith(PRINCIPAL_PREFIX);
  }

  /**
   * Refuses the principal of a claim.
   *
   * @throws IllegalArgumentException if it is one
   */
  static void checkNotReserved(String principal) {
    if (isReserved(principal)) {
      throw new IllegalArgumentException(
          "principal must not begin with " + PRINCIPAL_PREFIX + ", which is for records");
    }
  }

  private static boolean isSame(StoredSession found, StoredSession claim) {
    return found.secretHash().equals(claim.secretHash());
  }

  static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** An id of version 8 (RFC 9562, section 5.8), which of all sessions only imported ones have. */
  static SessionId id(byte[] digest) {
    ByteBuffer bytes = ByteBuffer.wrap(digest);
    long most = (bytes.getLong() & ~0xF000L) | 0x8000L;
    long least = (bytes.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return SessionId.of(most, least);
  }
}
